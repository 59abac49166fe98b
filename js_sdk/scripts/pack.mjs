// Looks at the package as npm would publish it: which files are in it, and whether every tool finds what it is told.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { ENTRIES } from "./package.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const manifest = createRequire(import.meta.url)("../package.json");
const problems = [];

// Built before: what npm is to run here would write to the output.
execFileSync(process.execPath, ["scripts/build.mjs", "--package"], { cwd: root, stdio: "inherit" });
const folder = mkdtempSync(join(tmpdir(), "auroraview-sdk-"));
try {
  const npm = (...words) =>
    execFileSync("npm", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [{ filename, files, size }] = JSON.parse(
    npm("pack", "--json", "--ignore-scripts", "--pack-destination", folder),
  );
  console.log(`${filename}: ${files.length} files, ${size} bytes`);
  for (const { path } of files) {
    if (!/^(package\.json|README\.md|LICENSE|dist\/[\w/]+\.(js|js\.map|d\.ts))$/.test(path)) {
      problems.push(`${path} has no business in the package`);
    }
  }
  for (const wanted of ["README.md", "LICENSE", "dist/index.js", "dist/index.d.ts"]) {
    if (!files.some(({ path }) => path === wanted)) {
      problems.push(`${wanted} is missing`);
    }
  }
  for (const message of (await publint({ pkgDir: root, strict: true })).messages) {
    problems.push(formatMessage(message, manifest));
  }
  problems.push(...types(folder, join(folder, filename)));
} finally {
  rmSync(folder, { recursive: true });
}
for (const problem of problems) {
  console.error(problem);
}
process.exitCode = problems.length > 0 ? 1 : 0;

/** What TypeScript says of imports of every entry, in each way of resolving modules that understands entries. */
function types(folder, archive) {
  const modules = join(folder, "node_modules");
  execFileSync("mkdir", ["-p", join(modules, "@auroraview/sdk")]);
  execFileSync("tar", ["-xzf", archive, "--strip-components=1", "-C", join(modules, "@auroraview/sdk")]);
  for (const name of ["react", "vue", "svelte", "@types", "@vue", "csstype"]) {
    execFileSync("ln", ["-s", join(root, "node_modules", name), join(modules, name)]);
  }
  const imports = Object.values(ENTRIES).map(
    (specifier, i) => `import * as entry${i} from "${specifier}";\nvoid entry${i};\n`,
  );
  writeFileSync(
    join(folder, "use.mts"),
    `${imports.join("")}const view = entry0.createAuroraView<{ f(): number }>();
const answer: Promise<number> = view.api.f();\nvoid answer;\n`,
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const found = [];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const flags = [
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--types",
      "react",
      "--module",
      module,
      "--moduleResolution",
      resolution,
    ];
    try {
      execFileSync(process.execPath, [tsc, ...flags, "use.mts"], { cwd: folder, encoding: "utf8", stdio: "pipe" });
    } catch (error) {
      found.push(`types with ${resolution}: ${error.stdout}`);
    }
  }
  return found;
}
