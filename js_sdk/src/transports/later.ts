/**
 * A transport that is still on its way: frames wait until its code is there, which takes a moment or fails. So there is
 * no bound to them.
 */
import type { Transport } from "../transport";

export function laterTransport(coming: Promise<Transport>): Transport {
  let there: Transport | undefined;
  let opened: Parameters<Transport["open"]> | undefined;
  let frames: Parameters<Transport["send"]>[] = [];
  const forget = (): void => {
    opened = undefined;
    frames = [];
  };
  coming.then(
    (transport) => {
      there = transport;
      if (opened !== undefined) {
        transport.open(...opened);
        for (const frame of frames) {
          transport.send(...frame);
        }
      }
      forget();
    },
    (error) => opened?.[2].closed(`no connection: ${error.message}`),
  );
  return {
    open(...given) {
      forget();
      if (there === undefined) {
        opened = given;
        given[2].paused("");
      } else {
        there.open(...given);
      }
    },
    send(...frame) {
      if (there === undefined) {
        frames[frames.length] = frame;
      } else {
        there.send(...frame);
      }
    },
    full: () => there?.full?.(),
    leave() {
      forget();
      there?.leave?.();
    },
    close() {
      forget();
      there?.close();
    },
  };
}
