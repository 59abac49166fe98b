// The two scripts that are handed out by the crates: the one a window injects, and the one the server gives to browsers.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { INTERNAL } from "./package.mjs";
import { shrink } from "./shrink.mjs";

export const SCRIPTS = [
  { source: "src/event_bridge.ts", target: "../crates/auroraview-host/src/event_bridge.js", mangleProps: INTERNAL },
  { source: "src/browser.ts", target: "../crates/auroraview-server/src/auroraview.js" },
];

/** The text of a script, from its source as it is now. */
export async function buildScript(name) {
  const { source, mangleProps } = SCRIPTS.find(({ source }) => source === name);
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL("../", import.meta.url)),
    entryPoints: [source],
    bundle: true,
    format: "iife",
    target: "es2022",
    minify: true,
    legalComments: "none",
    ...(mangleProps ? { mangleProps } : {}),
    write: false,
  });
  const { code } = await shrink(outputFiles[0].text);
  return `// Built from js_sdk/${source} by \`npm run build\`. Do not edit.\n${code}\n`;
}
