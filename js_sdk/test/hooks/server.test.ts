// @vitest-environment node
/** Components that a server renders: nobody is called there, and nothing is looked for. */
import { get } from "svelte/store";
import { expect, test, vi } from "vitest";
import { createSSRApp, defineComponent, h } from "vue";
import { renderToString } from "vue/server-renderer";
import { createAuroraView, getAuroraView } from "../../src/index";
import * as svelte from "../../src/svelte";
import { useAuroraView, useCall, useEvent } from "../../src/vue";
import { Program } from "../program";
import type { Api } from "./program";

// A client that was made here would fail.
vi.stubGlobal("WebSocket", undefined);

const SHOWN = "false connecting - rename false";

test("Vue", async () => {
  const Panel = defineComponent({
    setup() {
      const { client, isReady, connection } = useAuroraView<Api>();
      const { data, pending } = useCall(client.api.rename);
      const progress = useEvent<number>("progress");
      return { client, isReady, connection, data, pending, progress };
    },
    render() {
      const { isReady, connection, progress, data, pending } = this;
      return h("p", `${isReady} ${connection.state} ${progress ?? "-"} ${data?.name ?? "rename"} ${pending}`);
    },
  });
  expect(await renderToString(createSSRApp(Panel))).toBe(`<p>${SHOWN}</p>`);
});

test("Svelte", () => {
  const { client, isReady, connection } = svelte.useAuroraView<Api>();
  const rename = svelte.useCall(client.api.rename);
  const values = [isReady, connection, svelte.useEvent("progress"), rename].map((store) => get<unknown>(store));
  expect(values).toEqual([
    false,
    { state: "connecting", reason: undefined },
    undefined,
    { data: undefined, error: undefined, pending: false },
  ]);
});

test("a client that somebody made is the one of the hooks", () => {
  const made = createAuroraView({ transport: new Program() });
  expect([getAuroraView(), svelte.useAuroraView().client]).toEqual([made, made]);
});
