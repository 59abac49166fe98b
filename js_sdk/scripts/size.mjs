// How large the entries of the package are, minified and compressed; fails when the core is larger than it may be.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { bundleEntry, ENTRIES } from "./package.mjs";

/** In bytes: all that a page in a window loads. */
export const CORE_LIMIT = 6 * 1024;

/** Compressed bytes by the names entries are imported by. */
export async function sizes() {
  const found = {};
  for (const [name, specifier] of Object.entries(ENTRIES)) {
    const { code } = await bundleEntry(name);
    found[specifier] = gzipSync(code.replace(/\/\/# sourceMappingURL=.*\n?$/, ""), { level: 9 }).length;
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = await sizes();
  for (const [name, bytes] of Object.entries(found)) {
    console.log(name.padEnd(30), `${bytes} bytes`);
  }
  if (found[ENTRIES.index] > CORE_LIMIT) {
    console.error(`the core has more than ${CORE_LIMIT} bytes`);
    process.exitCode = 1;
  }
}
