// The bundles of the package: one module for each entry. Entries import each other, so that there is one core.
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { shrink } from "./shrink.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Entries, and what they are imported by. */
export const ENTRIES = {
  index: "@auroraview/sdk",
  transports: "@auroraview/sdk/transports",
  react: "@auroraview/sdk/react",
  vue: "@auroraview/sdk/vue",
  svelte: "@auroraview/sdk/svelte",
};

/** Names of properties that no other module, no page and no message knows. */
export const INTERNAL =
  /^(acknowledge|asked|attachments|callDocument|callId|callText|called|change|compose|deadline|dispatch|documentReady|encoded|ended|flush|forget|handler|hold|limit|newDocument|node|onAbort|onNamespaces|onReady|owed|promise|reject|rejectAll|release|reset|resolve|sendEvent|shown|text)$/;

const plugin = {
  name: "package",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/(index|transports)$/ }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path: `./${basename(path)}.js`, external: true },
    );
    onResolve({ filter: /\/primitives$/ }, () => ({ path: `${root}src/primitives_plain.ts` }));
  },
};

/** The bundle of an entry: its code, and the map to its source. */
export async function bundleEntry(name) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`src/${name}.ts`],
    outdir: "dist",
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    sourcemap: "external",
    legalComments: "none",
    external: ["react", "vue", "svelte", "svelte/*"],
    plugins: [plugin],
    ...(name === "index" ? { mangleProps: INTERNAL } : {}),
    write: false,
  });
  const [map, code] = outputFiles.map(({ text }) => text);
  return shrink(code, { map, file: `${name}.js`, module: true });
}
