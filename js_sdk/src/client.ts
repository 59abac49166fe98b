/**
 * The object pages hold: `window.auroraview`, and what `createAuroraView` returns.
 *
 * It is frozen, and so are its methods. Namespaces still appear on it when they are bound: they are put on its
 * prototype, so a namespace can never replace a member.
 */

import { showNamespace } from "./api_proxy";
import { type Bridge, type BridgeOptions, type CallOptions, makeBridge } from "./bridge";
import type { ArrayTypes, LiveBuffer } from "./buffers";
import type { Connection } from "./connection";
import { noLane } from "./errors";
import type { Handler } from "./events";
import { create, freeze, keys } from "./primitives";
import type { Dtype, Json, Reason } from "./protocol";
import type { CallSync, SyncOptions } from "./sync";

/** A namespace nobody has described: any path is a method. */
export interface AnyMethods {
  // biome-ignore lint/suspicious/noExplicitAny: results of undescribed methods are for their caller to know
  (...args: unknown[]): Promise<any>;
  readonly [name: string]: AnyMethods;
}

/** The remote form of an interface: every method returns a promise of its result. */
export type Remote<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : Api[Name] extends object
      ? Remote<Api[Name]>
      : never;
};

export interface AuroraViewMembers<Api> {
  /** `auroraview.api.method(...)`: one plain object names the parameters, anything else is positional. */
  readonly api: Api;
  /** The program has welcomed this document: what is bound is known. */
  readonly isReady: boolean;
  /** Whether the program can be reached just now; calls and events wait while it cannot. */
  readonly connection: Connection;
  /**
   * Calls a method of the program. Without `params` it gets no arguments, an object gives named ones, an array
   * positional ones, any other value is the one argument. Rejects with an `AuroraViewError`.
   */
  call<Result = unknown>(method: string, params?: unknown, options?: CallOptions): Promise<Result>;
  /**
   * As `call`, and keeps the page waiting for the result, for at most `timeout` (default 1 000 ms); the handler is bound
   * with `sync=True`. Only where a window has its fast lane; elsewhere it throws an error with the code `forbidden`.
   */
  callSync<Result = unknown>(method: string, params?: unknown, options?: SyncOptions): Result;
  /**
   * What the program publishes under a name: a typed array that the page keeps and each version is copied into. With a
   * shape it is there at once, and what is published in another one is refused.
   */
  buffer(name: string): LiveBuffer;
  buffer<Kind extends Dtype = "uint8">(
    name: string,
    shape: readonly number[],
    dtype?: Kind,
  ): LiveBuffer<ArrayTypes[Kind]>;
  /** Sends an event to the program. Throws where the detail cannot be sent. */
  send_event(event: string, detail?: unknown): void;
  /**
   * Adds a handler for events of the program; returns the function that removes it. The last value of a retained event
   * is delivered to it in a microtask.
   */
  on<Detail = Json>(event: string, handler: Handler<Detail>): () => void;
  /** As `on`, for one event. */
  once<Detail = Json>(event: string, handler: Handler<Detail>): () => void;
  /** Removes a handler, or all handlers of the event. */
  off<Detail = Json>(event: string, handler?: Handler<Detail>): void;
  /** Delivers an event to the page's own handlers; it never reaches the program. */
  trigger(event: string, detail?: unknown): void;
  /** Resolves when the program has welcomed this document. */
  whenReady(): Promise<void>;
  /**
   * Adds a handler for lost events: the page did not keep up, or the program forgot it while it was not connected.
   * Retained values follow. Returns its removal.
   */
  onReset(handler: Handler<Reason>): () => void;
}

/** `Api` describes the methods of `api`, `Namespaces` further namespaces by name. */
export type AuroraView<Api = AnyMethods, Namespaces = unknown> = AuroraViewMembers<
  unknown extends Api ? AnyMethods : Api extends AnyMethods ? Api : Remote<Api>
> &
  (unknown extends Namespaces ? unknown : Remote<Namespaces>);

export interface ClientOptions extends Omit<BridgeOptions, "onNamespaces"> {
  /** Where synchronous calls are possible. */
  sync?: ((bridge: Bridge) => CallSync) | undefined;
}

/** A client and the bridge behind it, which only its owner may steer. */
export function createClient(options: ClientOptions): { client: AuroraView; bridge: Bridge } {
  const namespaces = create(Object.prototype) as object;
  const bridge: Bridge = makeBridge({
    ...options,
    onNamespaces: (names) => {
      for (let i = 0; i < names.length; i++) {
        showNamespace(namespaces, names[i] as string, bridge.methods.node(names[i] as string));
      }
    },
  });
  const methods = {
    call: bridge.call,
    callSync: options.sync?.(bridge) ?? noLane,
    buffer: bridge.buffer,
    send_event: bridge.sendEvent,
    on: (event: string, handler: Handler<never>) => bridge.on(event, handler, false),
    once: (event: string, handler: Handler<never>) => bridge.on(event, handler, true),
    off: bridge.off,
    trigger: bridge.trigger,
    whenReady: bridge.whenReady,
    onReset: bridge.onReset,
  };
  for (const name of keys(methods)) {
    freeze(methods[name as keyof typeof methods]);
  }
  const client = {
    __proto__: namespaces,
    ...methods,
    api: bridge.methods.node("api"),
    connection: bridge.connection,
    get isReady() {
      return bridge.isReady;
    },
  };
  return { client: freeze(client) as unknown as AuroraView, bridge };
}
