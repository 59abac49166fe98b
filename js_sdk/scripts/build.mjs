// Builds the scripts for windows and for browsers into the crates that hand them out, and the package into dist/. With
// --check it builds nothing and fails when a committed script is not what the source makes.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const scripts = [
  { source: "src/event_bridge.ts", target: "../crates/auroraview-host/src/event_bridge.js" },
  { source: "src/browser.ts", target: "../crates/auroraview-server/src/auroraview.js", minify: true },
];
const common = { absWorkingDir: fileURLToPath(root), bundle: true, target: "es2022", legalComments: "none" };

async function buildScript({ source, minify = false }) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [source],
    minify,
    format: "iife",
    banner: { js: `// Built from js_sdk/${source} by \`npm run build\`. Do not edit.` },
    write: false,
  });
  return outputFiles[0].text;
}

const check = process.argv.includes("--check");
for (const entry of scripts) {
  const { target } = entry;
  const path = fileURLToPath(new URL(target, root));
  const script = await buildScript(entry);
  if (!check) {
    writeFileSync(path, script);
  } else if (readFileSync(path, "utf8") !== script) {
    console.error(`${target} is stale: run \`npm run build\` in js_sdk and commit the result`);
    process.exitCode = 1;
  }
}
if (!check) {
  const dist = fileURLToPath(new URL("dist", root));
  rmSync(dist, { recursive: true, force: true });
  await build({ ...common, entryPoints: ["src/index.ts"], format: "esm", sourcemap: true, outfile: "dist/index.js" });
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.types.json"], { cwd: fileURLToPath(root), stdio: "inherit" });
}
