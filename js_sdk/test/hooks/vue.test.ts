// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/vue";
import { afterEach, expect, expectTypeOf, test } from "vitest";
import { defineComponent, effectScope, h, nextTick } from "vue";
import { type UseCall, useAuroraView, useCall, useEvent } from "../../src/vue";
import { turns } from "../program";
import { type Api, callsOf, welcomedProgram } from "./program";

afterEach(cleanup);

const Panel = defineComponent({
  setup() {
    const { client, isReady, connection } = useAuroraView<Api>();
    const { call, data, error, pending, reset } = useCall(client.api.rename);
    expectTypeOf(call).toEqualTypeOf<UseCall<[old: string, to: string], { name: string }>["call"]>();
    const progress = useEvent<number>("progress");
    return () =>
      h("main", [
        h("output", `${isReady.value} ${connection.value.state} ${progress.value ?? "-"}`),
        h(
          "button",
          { disabled: pending.value, onClick: () => call("a", "b") },
          error.value?.message ?? data.value?.name ?? "rename",
        ),
        h("button", { onClick: reset }, "reset"),
      ]);
  },
});

async function shown(): Promise<void> {
  await turns();
  await nextTick();
}

test("a component shows a call that runs, its result, and its failure", async () => {
  const program = await welcomedProgram();
  render(Panel);
  const button = screen.getByText<HTMLButtonElement>("rename");
  await fireEvent.click(button);
  expect(button.disabled).toBe(true);
  expect(await callsOf(program)).toEqual([[1, "api.rename", ["a", "b"]]]);
  program.respond(1, { name: "cube" });
  await shown();
  expect([button.disabled, button.textContent]).toEqual([false, "cube"]);

  await fireEvent.click(button);
  await callsOf(program);
  program.fail(2, { name: "KeyError", message: "no a", code: "handler_error" });
  await shown();
  expect(button.textContent).toBe("no a");
  await fireEvent.click(screen.getByText("reset"));
  expect(button.textContent).toBe("rename");
});

test("events and the connection are shown, a retained value at once", async () => {
  const program = await welcomedProgram();
  program.emit("progress", 3, true);
  render(Panel);
  await shown();
  expect(screen.getByText("true open 3")).toBeTruthy();
  program.emit("progress", 4);
  await shown();
  expect(screen.getByText("true open 4")).toBeTruthy();
  program.end("closed by the program");
  await shown();
  expect(screen.getByText("false closed 4")).toBeTruthy();
});

test("a handler hears events until the component is gone", async () => {
  const program = await welcomedProgram();
  const heard: number[] = [];
  const Listener = defineComponent({
    setup() {
      useEvent<number>("e", (detail) => heard.push(detail));
      return () => null;
    },
  });
  const { unmount } = render(Listener);
  program.emit("e", 1);
  unmount();
  program.emit("e", 2);
  expect(heard).toEqual([1]);
});

test("a scope of one's own ends them, too", async () => {
  const program = await welcomedProgram();
  const scope = effectScope();
  const { last, scale } = scope.run(() => ({ last: useEvent<number>("e"), scale: useCall<number>("scale") })) as {
    last: { value: number | undefined };
    scale: UseCall<[params?: unknown], number>;
  };
  const answer = scale.call({ by: 2 });
  program.emit("e", 1);
  expect(await callsOf(program)).toEqual([[1, "scale", { by: 2 }]]);
  scope.stop();
  program.emit("e", 2);
  program.respond(1, 4);
  expect(await answer).toBe(4);
  expect([last.value, scale.data.value]).toEqual([1, undefined]);
});
