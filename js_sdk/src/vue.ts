/** `@auroraview/sdk/vue`: calls, events and the connection as composables of Vue. */
import { getCurrentScope, onScopeDispose, type ShallowRef, shallowReadonly, shallowRef } from "vue";
import type { AnyMethods, AuroraView } from "./client";
import type { Handler } from "./events";
import { type ByName, type Caller, type CallState, IDLE, makeCaller, type Target } from "./hooks/caller";
import { clientOfPage } from "./hooks/client";
import { type ConnectionView, viewOf } from "./hooks/connected";
import type { Json } from "./protocol";

export type { CallState, ConnectionView };

/** A method of the program in a component; what changes is in refs. */
export interface UseCall<Args extends unknown[], Result> extends Caller<Args, Result> {
  readonly data: Readonly<ShallowRef<CallState<Result>["data"]>>;
  readonly error: Readonly<ShallowRef<CallState<Result>["error"]>>;
  readonly pending: Readonly<ShallowRef<boolean>>;
}

/** The client of the page (`getAuroraView`), and refs that follow its connection. */
export function useAuroraView<Api = AnyMethods, Namespaces = unknown>(): {
  client: AuroraView<Api, Namespaces>;
  isReady: Readonly<ShallowRef<boolean>>;
  connection: Readonly<ShallowRef<ConnectionView>>;
} {
  const client = clientOfPage<Api, Namespaces>();
  const any = client as AuroraView;
  const isReady = shallowRef(any.isReady);
  const connection = shallowRef(viewOf(any));
  onEnd(
    any.connection.onChange(() => {
      isReady.value = any.isReady;
      connection.value = viewOf(any);
    }),
  );
  return { client, isReady: shallowReadonly(isReady), connection: shallowReadonly(connection) };
}

/**
 * A method and the state of its calls. A call goes on when the component is gone; `call(params, { signal })` can give
 * it up.
 *
 * @param target the name of a method, or a function such as `client.api.rename`, which types arguments and result.
 */
export function useCall<Result = unknown>(target: string): UseCall<ByName, Result>;
export function useCall<Args extends unknown[], Result>(
  target: (...args: Args) => Promise<Result>,
): UseCall<Args, Result>;
export function useCall<Args extends unknown[], Result>(target: Target<Args, Result>): UseCall<Args, Result> {
  const data = shallowRef<CallState<Result>["data"]>();
  const error = shallowRef<CallState<Result>["error"]>();
  const pending = shallowRef(false);
  const { call, reset, end } = makeCaller(target, (state: CallState<Result> = IDLE) => {
    data.value = state.data;
    error.value = state.error;
    pending.value = state.pending;
  });
  onEnd(end);
  return {
    call,
    reset,
    data: shallowReadonly(data),
    error: shallowReadonly(error),
    pending: shallowReadonly(pending),
  };
}

/**
 * A ref with the last detail of an event; undefined before the first. The last value of a retained event is there at
 * once. With a handler there is no ref: it is called for each event while the component is there.
 */
export function useEvent<Detail = Json>(event: string): Readonly<ShallowRef<Detail | undefined>>;
export function useEvent<Detail = Json>(event: string, handler: Handler<Detail>): void;
export function useEvent<Detail>(
  event: string,
  handler?: Handler<Detail>,
): Readonly<ShallowRef<Detail | undefined>> | undefined {
  const last = shallowRef<Detail>();
  const keep = (detail: Detail): void => {
    last.value = detail;
  };
  onEnd(clientOfPage().on<Detail>(event, handler ?? keep));
  return handler === undefined ? shallowReadonly(last) : undefined;
}

/** Outside of components and scopes it lasts as long as the page. */
function onEnd(end: () => void): void {
  if (getCurrentScope() !== undefined) {
    onScopeDispose(end);
  }
}
