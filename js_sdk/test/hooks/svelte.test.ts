// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { get } from "svelte/store";
import { afterEach, expect, expectTypeOf, test } from "vitest";
import { type UseCall, useAuroraView, useCall, useEvent } from "../../src/svelte";
import { turns } from "../program";
import Panel from "./Panel.svelte";
import { type Api, callsOf, welcomedProgram } from "./program";

afterEach(cleanup);

async function shown(): Promise<void> {
  await turns();
  await tick();
}

test("a component shows a call that runs, its result, and its failure", async () => {
  const program = await welcomedProgram();
  render(Panel, { heard: [] });
  const button = screen.getByText<HTMLButtonElement>("rename");
  await fireEvent.click(button);
  expect(button.disabled).toBe(true);
  expect(await callsOf(program)).toEqual([[1, "api.rename", ["a", "b"]]]);
  program.respond(1, { name: "cube" });
  await shown();
  expect([button.disabled, button.textContent?.trim()]).toEqual([false, "cube"]);

  await fireEvent.click(button);
  await callsOf(program);
  program.fail(2, { name: "KeyError", message: "no a", code: "handler_error" });
  await shown();
  expect(button.textContent?.trim()).toBe("no a");
  await fireEvent.click(screen.getByText("reset"));
  expect(button.textContent?.trim()).toBe("rename");
});

test("events and the connection are shown, and handlers hear until the component is gone", async () => {
  const program = await welcomedProgram();
  program.emit("progress", 3, true);
  const heard: number[] = [];
  const { unmount } = render(Panel, { heard });
  await shown();
  expect(screen.getByText("true open 3")).toBeTruthy();
  program.emit("progress", 4);
  program.emit("e", 1);
  await shown();
  expect(screen.getByText("true open 4")).toBeTruthy();
  program.end("closed by the program");
  await shown();
  expect(screen.getByText("false closed 4")).toBeTruthy();
  unmount();
  program.emit("e", 2);
  expect(heard).toEqual([1]);
});

test("stores work without a component", async () => {
  const program = await welcomedProgram();
  const scale = useCall<number>("scale");
  const rename = useCall(useAuroraView<Api>().client.api.rename);
  expectTypeOf(rename).toEqualTypeOf<UseCall<[old: string, to: string], { name: string }>>();
  const answer = scale.call({ by: 2 });
  expect(get(scale).pending).toBe(true);
  await callsOf(program);
  program.respond(1, 4);
  expect(await answer).toBe(4);
  expect(get(scale)).toEqual({ data: 4, error: undefined, pending: false });
  const seen: unknown[] = [];
  const stop = useEvent<number>("e").subscribe((value) => seen.push(value));
  program.emit("e", 1);
  stop();
  program.emit("e", 2);
  expect(seen).toEqual([undefined, 1]);
});
