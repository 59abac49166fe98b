/**
 * `auroraview.connection`: whether the program can be reached just now.
 *
 * Calls and events need not ask: they wait while there is no connection. It is for showing people what is going on.
 */
import { checkHandler, type Events, type Handler } from "./events";
import { freeze } from "./primitives";

/**
 * `connecting` until the program has welcomed the document, `open`, `reconnecting` while a lost connection is being
 * replaced, `closed` for good.
 */
export type ConnectionState = "connecting" | "open" | "reconnecting" | "closed";

/** What pages see of the connection. */
export interface Connection {
  readonly state: ConnectionState;
  /** Why it is not open, where that is known. */
  readonly reason: string | undefined;
  /** Adds a handler for changes, called with the connection; returns its removal. */
  onChange(handler: Handler<Connection>): () => void;
}

/** The name is one that no event of the program has. */
const CHANGE = "";

/** What pages see, and its owner's way to change it. Handlers are kept among those of events. */
export function makeConnection(events: Events) {
  let state: ConnectionState = "connecting";
  let reason: string | undefined;
  const shown: Connection = freeze({
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    onChange: freeze((handler: Handler<Connection>) => {
      checkHandler(handler);
      return events.on(CHANGE, handler as Handler<never>, false);
    }),
  });

  /** Tells handlers where the state is another one, or the reason. */
  function set(next: ConnectionState, why?: string): void {
    const changed = next !== state || why !== reason;
    state = next;
    reason = why;
    if (changed) {
      events.dispatch(CHANGE, shown, false);
    }
  }

  return { shown, set };
}
