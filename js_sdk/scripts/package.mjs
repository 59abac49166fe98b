// The bundles of the package: one module for each entry. Entries import each other, so that there is one core.
import { readFileSync } from "node:fs";
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
  /^(acknowledge|attachments|called|change|composeCall|deadline|dispatch|documentReady|ended|flush|forget|handler|hold|limit|newDocument|node|onAbort|onNamespaces|onReady|owed|reject|rejectAll|release|reset|resolve|sendEvent|shown|text)$/;

/** What of primitives.ts is a global in the package: a name of its own for it would cost more than it saves. */
const GLOBALS = {
  Bytes: "Uint8Array",
  DateCtor: "Date",
  ErrorCtor: "Error",
  NEVER: "Infinity",
  PromiseCtor: "Promise",
  ProxyCtor: "Proxy",
  RangeErrorCtor: "RangeError",
  SafeMap: "Map",
  TypeErrorCtor: "TypeError",
};
const GLOBAL = new RegExp(`\\b(${Object.keys(GLOBALS).join("|")})\\b`, "g");
const IMPORTS = /import \{[^}]*\} from "[./]*\/primitives"/g;

const plugin = {
  name: "package",
  setup({ onLoad, onResolve }) {
    // What is imported as a type is not there when it is used, so `define` gives it.
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      return { loader: "ts", contents: text.replace(IMPORTS, (names) => names.replace(GLOBAL, "type $1")) };
    });
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
    define: GLOBALS,
    ...(name === "index" ? { mangleProps: INTERNAL } : {}),
    write: false,
  });
  const [map, code] = outputFiles.map(({ text }) => text);
  return shrink(code, { map, file: `${name}.js`, module: true });
}
