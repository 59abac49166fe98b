// The last twentieth: what esbuild has minified goes through terser once more.
import { minify } from "terser";

/** Shorter code; with the map of what is given, also the map from the result to its source. */
export async function shrink(code, { map, file, module = false } = {}) {
  const result = await minify(code, {
    module,
    ecma: 2020,
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false },
    ...(map === undefined
      ? {}
      : { sourceMap: { content: map, filename: file, url: `${file}.map`, includeSources: true } }),
  });
  return { code: result.code, map: result.map };
}
