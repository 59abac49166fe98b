/** `@auroraview/sdk/react`: calls, events and the connection as hooks of React. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { AnyMethods, AuroraView } from "./client";
import type { Handler } from "./events";
import { type ByName, type Caller, type CallState, callTarget, IDLE, makeCaller, type Target } from "./hooks/caller";
import { type ConnectionView, viewOf } from "./hooks/connected";
import { getAuroraView } from "./index";
import type { Json } from "./protocol";

export type { CallState, ConnectionView };

/** A method of the program in a component. */
export interface UseCall<Args extends unknown[], Result> extends Caller<Args, Result>, CallState<Result> {}

/** The client of the page (`getAuroraView`). The component renders anew when the connection changes. */
export function useAuroraView<Api = AnyMethods, Namespaces = unknown>(): {
  client: AuroraView<Api, Namespaces>;
  isReady: boolean;
  connection: ConnectionView;
} {
  const client = getAuroraView<Api, Namespaces>();
  const { connection } = client as AuroraView;
  useSyncExternalStore(
    (changed) => connection.onChange(changed),
    () => connection.state,
  );
  return { client, isReady: (client as AuroraView).isReady, connection: viewOf({ connection }) };
}

/**
 * A method and the state of its calls. `call` and `reset` stay the same from one rendering to the next. A call goes on
 * when the component is gone; `call(params, { signal })` can give it up.
 *
 * @param target the name of a method, or a function such as `client.api.rename`, which types arguments and result.
 */
export function useCall<Result = unknown>(target: string): UseCall<ByName, Result>;
export function useCall<Args extends unknown[], Result>(
  target: (...args: Args) => Promise<Result>,
): UseCall<Args, Result>;
export function useCall<Args extends unknown[], Result>(target: Target<Args, Result>): UseCall<Args, Result> {
  const [state, show] = useState<CallState<Result>>(IDLE);
  const latest = useRef(target);
  const mounted = useRef(true);
  useLayoutEffect(() => {
    latest.current = target;
  });
  const { call, reset } = useMemo(() => {
    const current = (...args: Args): Promise<Result> => callTarget(latest.current, args);
    return makeCaller(current, (next) => mounted.current && show(next));
  }, []);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  return { ...state, call, reset };
}

/**
 * The last detail of an event; undefined before the first. The last value of a retained event is there at once.
 * With a handler nothing is rendered anew: it is called for each event while the component is there, the newest one.
 */
export function useEvent<Detail = Json>(event: string): Detail | undefined;
export function useEvent<Detail = Json>(event: string, handler: Handler<Detail>): void;
export function useEvent<Detail>(event: string, handler?: Handler<Detail>): Detail | undefined {
  const [last, setLast] = useState<{ event: string; detail: Detail }>();
  const latest = useRef(handler);
  useLayoutEffect(() => {
    latest.current = handler;
  });
  useEffect(
    () =>
      getAuroraView().on<Detail>(event, (detail) => {
        const { current } = latest;
        return current === undefined ? setLast({ event, detail }) : current(detail);
      }),
    [event],
  );
  return last?.event === event ? last.detail : undefined;
}
