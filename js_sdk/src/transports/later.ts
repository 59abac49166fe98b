/**
 * A transport that is still on its way: frames wait until its code is there, which takes a moment or fails. So there is
 * no bound to them.
 */
import type { Receiver, Transport } from "../transport";

export function laterTransport(coming: Promise<Transport>): Transport {
  let there: Transport | undefined;
  let receiver: Receiver | undefined;
  let waiting: ((transport: Transport) => void)[] = [];
  const pass = (use: (transport: Transport) => void): void => {
    if (there === undefined) {
      waiting.push(use);
    } else {
      use(there);
    }
  };
  coming.then(
    (transport) => {
      there = transport;
      for (const use of waiting) {
        use(transport);
      }
    },
    (error) => receiver?.closed(`no connection: ${error.message}`),
  );
  return {
    open(...given) {
      receiver = given[2];
      if (there === undefined) {
        receiver.paused("");
      }
      waiting = [];
      pass((transport) => transport.open(...given));
    },
    send: (...frame) => pass((transport) => transport.send(...frame)),
    full: () => there?.full?.(),
    leave() {
      waiting = [];
      there?.leave?.();
    },
    close() {
      waiting = [];
      there?.close();
    },
  };
}
