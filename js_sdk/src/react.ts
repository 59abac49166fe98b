/** `@auroraview/sdk/react`: calls, events and the connection as hooks of React. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { AnyMethods, AuroraView } from "./client";
import type { Handler } from "./events";
import { type ByName, type Caller, type CallState, callTarget, IDLE, makeCaller, type Target } from "./hooks/caller";
import { clientOfPage } from "./hooks/client";
import { type ConnectionView, viewOf } from "./hooks/connected";
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
  const client = clientOfPage<Api, Namespaces>();
  const { connection, isReady } = client as AuroraView;
  const subscribe = useCallback((changed: () => void) => connection.onChange(changed), [connection]);
  const seen = useSyncExternalStore(
    subscribe,
    () => `${connection.state} ${connection.reason}`,
    () => "",
  );
  // A page that takes over what a server rendered begins with what that has seen.
  const isTakenOver = seen === "";
  return {
    client,
    isReady: isReady && !isTakenOver,
    connection: isTakenOver ? { state: "connecting", reason: undefined } : viewOf({ connection }),
  };
}

/**
 * A method and the state of its calls. `call` and `reset` stay the same from one rendering to the next; another name
 * begins anew, with others. Of functions the newest is called. A call goes on when the component is gone;
 * `call(params, { signal })` can give it up.
 *
 * @param target the name of a method, or a function such as `client.api.rename`, which types arguments and result.
 */
export function useCall<Result = unknown>(target: string): UseCall<ByName, Result>;
export function useCall<Args extends unknown[], Result>(
  target: (...args: Args) => Promise<Result>,
): UseCall<Args, Result>;
export function useCall<Args extends unknown[], Result>(target: Target<Args, Result>): UseCall<Args, Result> {
  const name = nameOf(target);
  const [shown, show] = useState<{ name?: string | undefined; state: CallState<Result> }>({ state: IDLE });
  const latest = useRef(target);
  const mounted = useRef(true);
  useLayoutEffect(() => {
    latest.current = target;
  });
  const { call, reset } = useMemo(() => {
    const current = (...args: Args): Promise<Result> => callTarget(name ?? latest.current, args);
    return makeCaller(current, (state: CallState<Result>) => {
      // What comes for the name before is nothing to show.
      if (mounted.current && nameOf(latest.current) === name) {
        show({ name, state });
      }
    });
  }, [name]);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  return { ...(shown.name === name ? shown.state : IDLE), call, reset };
}

function nameOf(target: unknown): string | undefined {
  return typeof target === "string" ? target : undefined;
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
      clientOfPage().on<Detail>(event, (detail) => {
        const { current } = latest;
        return current === undefined ? setLast({ event, detail }) : current(detail);
      }),
    [event],
  );
  return last?.event === event ? last.detail : undefined;
}
