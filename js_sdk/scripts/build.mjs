// Builds the injected script into the host crate, and the package into dist/. With --check it builds nothing and fails
// when the committed script is not what the source makes.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const scriptPath = fileURLToPath(new URL("../crates/auroraview-host/src/event_bridge.js", root));
const common = { absWorkingDir: fileURLToPath(root), bundle: true, target: "es2022", legalComments: "none" };

async function buildScript() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: ["src/event_bridge.ts"],
    format: "iife",
    banner: { js: "// Built from js_sdk/src/event_bridge.ts by `npm run build`. Do not edit." },
    write: false,
  });
  return outputFiles[0].text;
}

const script = await buildScript();
if (process.argv.includes("--check")) {
  if (readFileSync(scriptPath, "utf8") !== script) {
    console.error("event_bridge.js is stale: run `npm run build` in js_sdk and commit the result");
    process.exit(1);
  }
} else {
  writeFileSync(scriptPath, script);
  const dist = fileURLToPath(new URL("dist", root));
  rmSync(dist, { recursive: true, force: true });
  await build({ ...common, entryPoints: ["src/index.ts"], format: "esm", sourcemap: true, outfile: "dist/index.js" });
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.types.json"], { cwd: fileURLToPath(root), stdio: "inherit" });
}
