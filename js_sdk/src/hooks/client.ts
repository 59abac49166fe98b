/** The client that components use: that of the page, and a stand-in where a server renders them without one. */
import type { AnyMethods, AuroraView } from "../client";
import { getAuroraView } from "../index";
import { isPage } from "../page";

/** The client made last. On a server, where nobody made one, calls wait for ever and handlers hear nothing. */
export function clientOfPage<Api = AnyMethods, Namespaces = unknown>(): AuroraView<Api, Namespaces> {
  return getAuroraView<Api, Namespaces>(isPage() ? undefined : nobody);
}

const nothing = (): void => {};
const waits = (): Promise<never> => new Promise<never>(nothing);
const hearsNothing = (): (() => void) => nothing;

/** Any path is a method, as in a page that was not welcomed; but for names that the language and frameworks ask for. */
const methodOf = (name: string | symbol): object | undefined =>
  typeof name === "string" && /^[a-z]/i.test(name) && name !== "then" && name !== "toJSON" ? methods : undefined;
const methods: object = new Proxy(waits, { get: (_, name) => methodOf(name) });

const nobody = (): AuroraView => stand as AuroraView;
const stand: object = new Proxy(
  {
    isReady: false,
    connection: { state: "connecting", reason: undefined, onChange: hearsNothing },
    call: waits,
    whenReady: waits,
    on: hearsNothing,
    once: hearsNothing,
    onReset: hearsNothing,
    off: nothing,
    trigger: nothing,
    send_event: nothing,
  } as Record<string | symbol, unknown>,
  { get: (own, name) => own[name] ?? methodOf(name) },
);
