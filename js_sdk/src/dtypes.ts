/** Kinds of the elements of arrays, and the classes that hold them. */
import { isArray, isInteger, SafeMap } from "./primitives";
import type { Dtype } from "./protocol";

export type ArrayMaker = {
  new (length: number): ArrayBufferView;
  new (buffer: ArrayBufferLike, offset: number, length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT: number;
};

/** Kinds by the names of the classes of arrays; made before a page can touch what makes it. */
export const DTYPES = new SafeMap<string, Dtype>();
/** Classes by kinds. `Float16Array` is young: without it the integers of its bits are shown. */
export const MAKERS = new SafeMap<Dtype, ArrayMaker>();
for (const name of "Int8 Uint8 Int16 Uint16 Int32 Uint32 BigInt64 BigUint64 Float16 Float32 Float64".split(" ")) {
  const dtype = name.replace("Big", "").toLowerCase() as Dtype;
  DTYPES.set(`${name}Array`, dtype);
  MAKERS.set(dtype, (globalThis as unknown as Record<string, ArrayMaker>)[`${name}Array`] ?? Uint16Array);
}
DTYPES.set("Uint8ClampedArray", "uint8");
MAKERS.set("bool", Uint8Array);

/** How many items an array of this shape has; -1 for what is no shape. */
export function itemsOf(shape: unknown): number {
  let count = isArray(shape) ? 1 : -1;
  for (let i = 0; count >= 0 && i < (shape as unknown[]).length; i++) {
    const size: unknown = (shape as unknown[])[i];
    count = isInteger(size) && (size as number) >= 0 ? count * (size as number) : -1;
  }
  return count;
}
