/**
 * The page's event handlers, and the last value of each retained event.
 *
 * Dispatch works on a snapshot, as EventTarget does: a handler added meanwhile waits for the next event, one removed
 * meanwhile is not called. A handler that throws, or returns a promise that rejects, is reported and stops nobody.
 */
import { PromiseCtor, queueMicrotask, reportError, SafeMap, whenSettled } from "./primitives";
import type { Json } from "./protocol";

/** Called with the event's detail (`null` where there is none). May be an async function. */
export type Handler<T = Json> = (detail: T) => unknown;

interface Registration {
  readonly handler: Handler<never>;
  readonly once: boolean;
  removed: boolean;
  /** The retained value is still to be delivered, in a microtask. */
  owed: boolean;
}

export class Events {
  readonly #handlers = new SafeMap<string, readonly Registration[]>();
  readonly #retained = new SafeMap<string, unknown>();

  /** Adds a handler; each registration of the same function counts. Returns the function that ends this one. */
  on(event: string, handler: Handler<never>, once: boolean): () => void {
    const registration: Registration = { handler, once, removed: false, owed: this.#retained.has(event) };
    const list = this.#handlers.get(event);
    this.#handlers.set(event, list === undefined ? [registration] : appended(list, registration));
    if (registration.owed) {
      queueMicrotask(() => this.#settle(event, registration));
    }
    return () => this.#remove(event, (other) => other === registration);
  }

  /** Ends all registrations of a handler, or of all handlers of the event. */
  off(event: string, handler: Handler<never> | undefined): void {
    this.#remove(event, (registration) => handler === undefined || registration.handler === handler);
  }

  /** Delivers a value, and keeps it for handlers to come where it is retained. */
  dispatch(event: string, detail: unknown, retain: boolean): void {
    const list = this.#handlers.get(event);
    if (list !== undefined) {
      for (let i = 0; i < list.length; i++) {
        const registration = list[i] as Registration;
        // What a late subscriber is still owed is older than this event, so it comes first.
        this.#settle(event, registration);
      }
    }
    if (retain) {
      this.#retained.set(event, detail);
    }
    if (list !== undefined) {
      for (let i = 0; i < list.length; i++) {
        this.#run(event, list[i] as Registration, detail);
      }
    }
  }

  /** Forgets the retained values: another document gets its own. */
  forget(): void {
    this.#retained.clear();
  }

  #settle(event: string, registration: Registration): void {
    if (registration.owed) {
      registration.owed = false;
      if (this.#retained.has(event)) {
        this.#run(event, registration, this.#retained.get(event));
      }
    }
  }

  #run(event: string, registration: Registration, detail: unknown): void {
    if (registration.removed) {
      return;
    }
    if (registration.once) {
      this.#remove(event, (other) => other === registration);
    }
    const { handler } = registration;
    try {
      const outcome = handler(detail as never);
      if (outcome instanceof PromiseCtor) {
        whenSettled(outcome, ignore, reportError);
      }
    } catch (error) {
      reportError(error);
    }
  }

  #remove(event: string, matches: (registration: Registration) => boolean): void {
    const list = this.#handlers.get(event);
    if (list === undefined) {
      return;
    }
    const kept: Registration[] = [];
    for (let i = 0; i < list.length; i++) {
      const registration = list[i] as Registration;
      if (matches(registration)) {
        registration.removed = true;
      } else {
        kept[kept.length] = registration;
      }
    }
    if (kept.length === 0) {
      this.#handlers.delete(event);
    } else {
      this.#handlers.set(event, kept);
    }
  }
}

function ignore(): void {}

function appended(list: readonly Registration[], registration: Registration): Registration[] {
  const longer: Registration[] = [];
  for (let i = 0; i < list.length; i++) {
    longer[i] = list[i] as Registration;
  }
  longer[list.length] = registration;
  return longer;
}
