import { expect, test, vi } from "vitest";
import { asListener } from "../../src/transports/listener";

function madeWith(dispatchEvent: (this: EventTarget, event: Event) => boolean) {
  const spy = vi.spyOn(EventTarget.prototype, "dispatchEvent").mockImplementation(dispatchEvent);
  const seen: [string, number][] = [];
  const receive = asListener((text, count) => seen.push([text, count]));
  return { receive, seen, spy };
}

const real = EventTarget.prototype.dispatchEvent;

test.each([
  ["is sent", (target: EventTarget, event: Event) => real.call(target, event)],
  ["is sent twice", (target: EventTarget, event: Event) => real.call(target, event) && real.call(target, event)],
  ["is not sent", () => true],
  [
    "cannot be sent",
    () => {
      throw new Error("it is being sent");
    },
  ],
])("where the event %s the frame is taken once", (_what, send) => {
  const { receive, seen, spy } = madeWith(function (this: EventTarget, event) {
    return send(this, event);
  });
  receive("a", 1);
  receive("b", 0);
  spy.mockRestore();
  expect(seen).toEqual([
    ["a", 1],
    ["b", 0],
  ]);
});
