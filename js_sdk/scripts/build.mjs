// Builds the scripts for windows and for browsers into the crates that hand them out, and the package into dist/. With
// --package it builds the package alone; with --check nothing, and fails when a committed script is not what the source
// makes.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleEntry, ENTRIES } from "./package.mjs";
import { buildScript, SCRIPTS } from "./scripts.mjs";
import { declarations } from "./types.mjs";

const root = new URL("../", import.meta.url);
const check = process.argv.includes("--check");

if (!process.argv.includes("--package")) {
  for (const { source, target } of SCRIPTS) {
    const path = fileURLToPath(new URL(target, root));
    const script = await buildScript(source);
    if (!check) {
      writeFileSync(path, script);
    } else if (readFileSync(path, "utf8") !== script) {
      console.error(`${target} is stale: run \`npm run build\` in js_sdk and commit the result`);
      process.exitCode = 1;
    }
  }
}
if (!check) {
  const dist = fileURLToPath(new URL("dist/", root));
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  for (const name of Object.keys(ENTRIES)) {
    const { code, map } = await bundleEntry(name);
    writeFileSync(`${dist}${name}.js`, code);
    writeFileSync(`${dist}${name}.js.map`, map);
  }
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.types.json"], { cwd: fileURLToPath(root), stdio: "inherit" });
  declarations(dist, Object.keys(ENTRIES));
}
