// @vitest-environment node
/** Components of React that a server renders: as in server.test.ts. */
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { useAuroraView, useCall, useEvent } from "../../src/react";
import type { Api } from "./program";

// A client that was made here would fail.
vi.stubGlobal("WebSocket", undefined);

test("a component has no values yet", () => {
  function Panel() {
    const { client, isReady, connection } = useAuroraView<Api, { library: { names(): string[] } }>();
    const { data, pending } = useCall(client.api.rename);
    useCall(client.library.names);
    useEvent("e", () => {});
    return `${isReady} ${connection.state} ${useEvent<number>("progress") ?? "-"} ${data?.name ?? "rename"} ${pending}`;
  }
  expect(renderToString(<Panel />)).toBe("false connecting - rename false");
});
