// What tsc writes about all of the source, brought into a form that every way of resolving modules understands: imports
// with their endings, and no more files than the entries lead to.
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const IMPORT = /(from\s+"|import\(")(\.[^"]*)(")/g;

export function declarations(folder, entries) {
  const wanted = new Set(entries.map((name) => resolve(folder, `${name}.d.ts`)));
  for (const path of wanted) {
    const text = readFileSync(path, "utf8").replace(IMPORT, (_, before, to, after) => {
      wanted.add(resolve(dirname(path), `${to}.d.ts`));
      return `${before}${to}.js${after}`;
    });
    writeFileSync(path, text);
  }
  for (const file of readdirSync(folder, { recursive: true })) {
    const path = resolve(join(folder, file));
    if (path.endsWith(".d.ts") && !wanted.has(path)) {
      rmSync(path);
    }
  }
  for (const path of wanted) {
    if (!existsSync(path)) {
      throw new Error(`no declarations at ${path}`);
    }
  }
  const transports = join(folder, "transports");
  if (existsSync(transports) && readdirSync(transports).length === 0) {
    rmdirSync(transports);
  }
}
