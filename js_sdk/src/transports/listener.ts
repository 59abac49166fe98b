/**
 * Runs what comes from outside of the page as an event listener.
 *
 * After a listener the engine does at once what is due of promises. After a function that native code has called by
 * itself it takes another turn of its event loop first, which costs about a quarter of a call over the fast lane.
 */
import { apply } from "../primitives";
import type { Take } from "./native_lane";

/** Takes what it needs of the page now, before a script can touch it. `take` must not throw. */
export function asListener(take: Take): Take {
  const target = new EventTarget();
  const event = new Event("frame");
  const { dispatchEvent } = target;
  let frame = "";
  let count = 0;
  let running = false;
  let due = false;
  // Handlers of the page see the event in `window.event` and may send it again, or spoil it.
  const run = (): void => {
    if (due) {
      due = false;
      take(frame, count);
    }
  };
  target.addEventListener("frame", run);
  return (text, attachments) => {
    if (running) {
      take(text, attachments);
      return;
    }
    running = true;
    due = true;
    frame = text;
    count = attachments;
    try {
      apply(dispatchEvent, target, [event]);
    } catch {
      // It is being sent by the page just now.
    }
    run();
    running = false;
    frame = "";
  };
}
