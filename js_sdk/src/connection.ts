/**
 * `auroraview.connection`: whether the program can be reached just now.
 *
 * Calls and events need not ask: they wait while there is no connection. It is for showing people what is going on.
 */
import { Events, type Handler } from "./events";
import { defineProperty, freeze, TypeErrorCtor } from "./primitives";

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

const CHANGE = "change";

/** The owner's side. */
export class ConnectionStatus {
  readonly shown: Connection;
  readonly #events = new Events();
  #state: ConnectionState = "connecting";
  #reason: string | undefined;

  constructor() {
    const onChange = (handler: Handler<Connection>): (() => void) => {
      if (typeof handler !== "function") {
        throw new TypeErrorCtor("handler must be a function");
      }
      return this.#events.on(CHANGE, handler as Handler<never>, false);
    };
    const shown = {};
    defineProperty(shown, "state", { get: () => this.#state, enumerable: true });
    defineProperty(shown, "reason", { get: () => this.#reason, enumerable: true });
    defineProperty(shown, "onChange", { value: freeze(onChange), enumerable: true });
    this.shown = freeze(shown) as Connection;
  }

  /** Tells handlers where the state is another one. */
  set(state: ConnectionState, reason?: string): void {
    const changed = state !== this.#state;
    this.#state = state;
    this.#reason = reason;
    if (changed) {
      this.#events.dispatch(CHANGE, this.shown, false);
    }
  }

  get state(): ConnectionState {
    return this.#state;
  }
}
