/**
 * The page's event handlers, and the last value of each retained event.
 *
 * Dispatch works on a snapshot, as EventTarget does: a handler added meanwhile waits for the next event, one removed
 * meanwhile is not called. A handler that throws, or returns a promise that rejects, is reported and stops nobody.
 */
import { appended, PromiseCtor, queueMicrotask, reportError, SafeMap, TypeErrorCtor, whenSettled } from "./primitives";
import type { Json } from "./protocol";

/** Called with the event's detail (`null` where there is none). May be an async function. */
export type Handler<T = Json> = (detail: T) => unknown;

interface Registration {
  readonly handler: Handler<never>;
  readonly once: boolean;
  ended: boolean;
  /** The retained value is still to be delivered, in a microtask. */
  owed: boolean;
}

export type Events = ReturnType<typeof makeEvents>;

export function makeEvents() {
  const handlers = new SafeMap<string, readonly Registration[]>();
  const retained = new SafeMap<string, unknown>();

  /** Adds a handler; each registration of the same function counts. Returns the function that ends this one. */
  function on(event: string, handler: Handler<never>, once: boolean): () => void {
    const registration: Registration = { handler, once, ended: false, owed: retained.has(event) };
    handlers.set(event, appended(handlers.get(event) ?? [], registration));
    if (registration.owed) {
      queueMicrotask(() => settle(event, registration));
    }
    return () => remove(event, (other) => other === registration);
  }

  /** Ends all registrations of a handler, or of all handlers of the event. */
  function off(event: string, handler: Handler<never> | undefined): void {
    remove(event, (registration) => handler === undefined || registration.handler === handler);
  }

  /** Delivers a value, and keeps it for handlers to come where it is retained. */
  function dispatch(event: string, detail: unknown, retain: boolean): void {
    const list = handlers.get(event) ?? [];
    for (let i = 0; i < list.length; i++) {
      const registration = list[i] as Registration;
      // What a late subscriber is still owed is older than this event, so it comes first.
      settle(event, registration);
      run(event, registration, detail);
    }
    if (retain) {
      retained.set(event, detail);
    }
  }

  /** Forgets the retained values: another document gets its own. */
  function forget(): void {
    retained.clear();
  }

  function settle(event: string, registration: Registration): void {
    if (registration.owed) {
      registration.owed = false;
      if (retained.has(event)) {
        run(event, registration, retained.get(event));
      }
    }
  }

  function run(event: string, registration: Registration, detail: unknown): void {
    if (registration.ended) {
      return;
    }
    if (registration.once) {
      remove(event, (other) => other === registration);
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

  function remove(event: string, matches: (registration: Registration) => boolean): void {
    const list = handlers.get(event) ?? [];
    const kept: Registration[] = [];
    for (let i = 0; i < list.length; i++) {
      const registration = list[i] as Registration;
      if (matches(registration)) {
        registration.ended = true;
      } else {
        kept[kept.length] = registration;
      }
    }
    if (kept.length === 0) {
      handlers.delete(event);
    } else {
      handlers.set(event, kept);
    }
  }

  return { on, off, dispatch, forget };
}

/** @throws TypeError for what is no handler. */
export function checkHandler(handler: unknown): void {
  if (typeof handler !== "function") {
    throw new TypeErrorCtor("handler must be a function");
  }
}

function ignore(): void {}
