/** `@auroraview/sdk/svelte`: calls, events and the connection as stores of Svelte. */
import { onDestroy } from "svelte";
import { type Readable, readable, writable } from "svelte/store";
import type { AnyMethods, AuroraView } from "./client";
import type { Handler } from "./events";
import { type ByName, type Caller, type CallState, IDLE, makeCaller, type Target } from "./hooks/caller";
import { clientOfPage } from "./hooks/client";
import { type ConnectionView, viewOf } from "./hooks/connected";
import type { Json } from "./protocol";

export type { CallState, ConnectionView };

/** A method of the program in a component: a store of its state, and what calls it. */
export interface UseCall<Args extends unknown[], Result> extends Caller<Args, Result>, Readable<CallState<Result>> {}

/** The client of the page (`getAuroraView`), and stores that follow its connection. */
export function useAuroraView<Api = AnyMethods, Namespaces = unknown>(): {
  client: AuroraView<Api, Namespaces>;
  isReady: Readable<boolean>;
  connection: Readable<ConnectionView>;
} {
  const client = clientOfPage<Api, Namespaces>();
  const any = client as AuroraView;
  const following = <T>(read: () => T): Readable<T> =>
    readable(read(), (set) => {
      set(read());
      return any.connection.onChange(() => set(read()));
    });
  return { client, isReady: following(() => any.isReady), connection: following(() => viewOf(any)) };
}

/**
 * A method and a store of the state of its calls. A call goes on when the component is gone; `call(params, { signal })`
 * can give it up.
 *
 * @param target the name of a method, or a function such as `client.api.rename`, which types arguments and result.
 */
export function useCall<Result = unknown>(target: string): UseCall<ByName, Result>;
export function useCall<Args extends unknown[], Result>(
  target: (...args: Args) => Promise<Result>,
): UseCall<Args, Result>;
export function useCall<Args extends unknown[], Result>(target: Target<Args, Result>): UseCall<Args, Result> {
  const { subscribe, set } = writable<CallState<Result>>(IDLE);
  const { call, reset } = makeCaller(target, set);
  return { subscribe, call, reset };
}

/**
 * A store of the last detail of an event; undefined before the first. It listens while somebody is subscribed; the last
 * value of a retained event is there at once. With a handler, in a component's script, there is no store: it is called for each
 * event while the component is there.
 */
export function useEvent<Detail = Json>(event: string): Readable<Detail | undefined>;
export function useEvent<Detail = Json>(event: string, handler: Handler<Detail>): void;
export function useEvent<Detail>(event: string, handler?: Handler<Detail>): Readable<Detail | undefined> | undefined {
  const client = clientOfPage();
  if (handler === undefined) {
    return readable<Detail | undefined>(undefined, (set) => client.on<Detail>(event, set));
  }
  onDestroy(client.on<Detail>(event, handler));
  return undefined;
}
