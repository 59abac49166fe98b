// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { StrictMode, useState } from "react";
import { hydrateRoot } from "react-dom/client";
import { afterEach, expect, expectTypeOf, test } from "vitest";
import { type UseCall, useAuroraView, useCall, useEvent } from "../../src/react";
import { type Api, callsOf, welcomedProgram } from "./program";

afterEach(cleanup);

function Panel() {
  const { client, isReady, connection } = useAuroraView<Api>();
  const rename = useCall(client.api.rename);
  expectTypeOf(rename).toEqualTypeOf<UseCall<[old: string, to: string], { name: string }>>();
  const progress = useEvent<number>("progress");
  return (
    <main>
      <output>{`${isReady} ${connection.state} ${progress ?? "-"}`}</output>
      <button type="button" disabled={rename.pending} onClick={() => rename.call("a", "b")}>
        {rename.error?.message ?? rename.data?.name ?? "rename"}
      </button>
      <button type="button" onClick={rename.reset}>
        reset
      </button>
    </main>
  );
}

test("a component shows a call that runs, its result, and its failure", async () => {
  const program = await welcomedProgram();
  render(<Panel />, { wrapper: StrictMode });
  const button = screen.getByText<HTMLButtonElement>("rename");
  fireEvent.click(button);
  expect(button.disabled).toBe(true);
  expect(await callsOf(program)).toEqual([[1, "api.rename", ["a", "b"]]]);
  await act(async () => program.respond(1, { name: "cube" }));
  expect([button.disabled, button.textContent]).toEqual([false, "cube"]);

  fireEvent.click(button);
  await callsOf(program);
  await act(async () => program.fail(2, { name: "KeyError", message: "no a", code: "handler_error" }));
  expect(button.textContent).toBe("no a");
  fireEvent.click(screen.getByText("reset"));
  expect(button.textContent).toBe("rename");
});

test("of two calls at once the later one is shown, and both are answered", async () => {
  const program = await welcomedProgram();
  const answers: unknown[] = [];
  function Scale() {
    const { call, data } = useCall<number>("scale");
    return (
      <button type="button" onClick={() => call({ by: 1 }).then((answer) => answers.push(answer))}>
        {data ?? "none"}
      </button>
    );
  }
  render(<Scale />);
  const button = screen.getByText("none");
  fireEvent.click(button);
  fireEvent.click(button);
  expect(await callsOf(program)).toEqual([
    [1, "scale", { by: 1 }],
    [2, "scale", { by: 1 }],
  ]);
  await act(async () => program.respond(2, 22));
  await act(async () => program.respond(1, 11));
  expect(button.textContent).toBe("22");
  expect(answers).toEqual([22, 11]);
});

test("another name begins anew, and what comes for the name before is not shown", async () => {
  const program = await welcomedProgram();
  const callers = new Set<unknown>();
  function Value({ name }: { name: string }) {
    const { call, data, pending } = useCall<number>(name);
    callers.add(call);
    return (
      <button type="button" onClick={() => call()}>
        {`${name} ${data ?? "-"} ${pending}`}
      </button>
    );
  }
  const { rerender } = render(<Value name="scale" />, { wrapper: StrictMode });
  const button = screen.getByText("scale - false");
  fireEvent.click(button);
  await callsOf(program);
  await act(async () => program.respond(1, 11));
  expect(button.textContent).toBe("scale 11 false");
  fireEvent.click(button);
  expect((await callsOf(program)).at(-1)).toEqual([2, "scale", undefined]);
  const ofScale = callers.size;

  rerender(<Value name="turn" />);
  expect(button.textContent).toBe("turn - false");
  fireEvent.click(button);
  expect((await callsOf(program)).at(-1)).toEqual([3, "turn", undefined]);
  await act(async () => program.respond(2, 22));
  expect(button.textContent).toBe("turn - true");
  await act(async () => program.respond(3, 33));
  expect(button.textContent).toBe("turn 33 false");
  expect(callers.size).toBe(2 * ofScale);
});

test("of functions the newest is called, by a call that stays the same", async () => {
  const program = await welcomedProgram();
  const callers = new Set<unknown>();
  function Scale({ by }: { by: number }) {
    const { client } = useAuroraView();
    const { call, data } = useCall(() => client.call<number>("scale", { by }));
    callers.add(call);
    return (
      <button type="button" onClick={() => call()}>
        {data ?? "none"}
      </button>
    );
  }
  const { rerender } = render(<Scale by={1} />);
  rerender(<Scale by={2} />);
  const button = screen.getByText("none");
  fireEvent.click(button);
  expect(await callsOf(program)).toEqual([[1, "scale", { by: 2 }]]);
  await act(async () => program.respond(1, 4));
  expect([button.textContent, callers.size]).toEqual(["4", 1]);
});

test("the last value of an event is shown, a retained one at once", async () => {
  const program = await welcomedProgram();
  program.emit("progress", 3, true);
  render(<Panel />, { wrapper: StrictMode });
  await act(async () => {});
  expect(screen.getByText("true open 3")).toBeTruthy();
  await act(async () => program.emit("progress", 4));
  expect(screen.getByText("true open 4")).toBeTruthy();
});

test("the newest handler hears an event, and none when the component is gone", async () => {
  const program = await welcomedProgram();
  const heard: string[] = [];
  function Listener({ name }: { name: string }) {
    useEvent<number>("e", (detail) => heard.push(`${name}${detail}`));
    return null;
  }
  const { rerender, unmount } = render(<Listener name="a" />, { wrapper: StrictMode });
  program.emit("e", 1);
  rerender(<Listener name="b" />);
  program.emit("e", 2);
  unmount();
  program.emit("e", 3);
  expect(heard).toEqual(["a1", "b2"]);
});

test("another event begins without a value", async () => {
  const program = await welcomedProgram();
  function Shown() {
    const [event, choose] = useState("one");
    return (
      <button type="button" onClick={() => choose("two")}>
        {`${event} ${useEvent<number>(event) ?? "-"}`}
      </button>
    );
  }
  render(<Shown />);
  await act(async () => program.emit("one", 1));
  fireEvent.click(screen.getByText("one 1"));
  expect(screen.getByText("two -")).toBeTruthy();
});

test("why there is no connection is shown, also when it is another reason", async () => {
  const program = await welcomedProgram();
  function Why() {
    const { state, reason } = useAuroraView().connection;
    return <output>{`${state} ${reason}`}</output>;
  }
  render(<Why />);
  await act(async () => program.receiver.paused("lost"));
  expect(screen.getByText("reconnecting lost")).toBeTruthy();
  await act(async () => program.receiver.paused("nobody answers"));
  expect(screen.getByText("reconnecting nobody answers")).toBeTruthy();
});

test("the end of the connection is shown", async () => {
  const program = await welcomedProgram();
  render(<Panel />);
  await act(async () => program.end("closed by the program"));
  expect(screen.getByText("false closed -")).toBeTruthy();
});

test("a page takes over what a server rendered, without a word, and then shows what is", async () => {
  const program = await welcomedProgram();
  program.emit("progress", 3, true);
  const wrong: unknown[] = [];
  const place = document.createElement("div");
  // As test/hooks/react_server.test.tsx has it from a server.
  place.innerHTML =
    '<main><output>false connecting -</output><button type="button">rename</button><button type="button">reset</button></main>';
  const root = await act(async () =>
    hydrateRoot(place, <Panel />, { onRecoverableError: (error) => wrong.push(error) }),
  );
  expect([wrong, place.querySelector("output")?.textContent]).toEqual([[], "true open 3"]);
  await act(async () => root.unmount());
});
