/**
 * `auroraview.buffer(name)`: an array that the program publishes again and again, such as the frames of a video.
 *
 * The page keeps one typed array for each name. It is filled in place, so that a stream of large frames allocates
 * nothing where the transport can read into it. What comes before the page asks for it is kept as well.
 */
import { type ArrayMaker, itemsOf, MAKERS } from "./dtypes";
import { checkHandler, type Events, type Handler } from "./events";
import { SafeMap, stringify, TypeErrorCtor } from "./primitives";
import { BUFFER, type Dtype } from "./protocol";

/** Classes of arrays by the kinds of their elements. */
export interface ArrayTypes {
  int8: Int8Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  int16: Int16Array<ArrayBuffer>;
  uint16: Uint16Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  uint64: BigUint64Array<ArrayBuffer>;
  /** `Float16Array` where there is one. */
  float16: ArrayBufferView<ArrayBuffer>;
  float32: Float32Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
}

/** What a program publishes under a name. */
export interface LiveBuffer<Data = ArrayTypes[Dtype] | undefined> {
  readonly name: string;
  /** Rises with each time the program publishes; 0: it has not. */
  readonly version: number;
  /** Undefined where the page asked for none and nothing has come. */
  readonly shape: readonly number[] | undefined;
  /** As `shape`. */
  readonly dtype: Dtype | undefined;
  /**
   * The elements, in C order: one array that each version is copied into, between two tasks of the page. Where the page
   * asked for no shape, it is undefined before the first version, and another array once the program publishes another
   * shape or kind.
   */
  readonly array: Data;
  /** Adds a handler for versions to come, and in a microtask the present one. Returns its removal. */
  on(handler: Handler<LiveBuffer<Data>>): () => void;
}

/** The same, as those who fill it know it. */
export interface KeptBuffer {
  readonly name: string;
  version: number;
  shape?: readonly number[];
  dtype?: Dtype;
  array?: ArrayBufferView;
  /** What {@link kindOf} says of it. */
  kind?: string;
  /** The page asked for this kind. */
  asked?: boolean;
  readonly on: (handler: Handler<never>) => () => void;
}

export function makeBuffers(events: Events) {
  const all = new SafeMap<string, KeptBuffer>();

  /** @throws TypeError where it has another shape or kind than is asked for. */
  return (name: string, shape?: readonly number[], dtype: Dtype = "uint8"): KeptBuffer => {
    let one = all.get(name);
    if (one === undefined) {
      one = {
        name,
        version: 0,
        on(handler) {
          checkHandler(handler);
          return events.on(BUFFER + name, handler, false);
        },
      };
      all.set(name, one);
    }
    if (shape) {
      const kind = kindOf(dtype, shape);
      if (one.kind === undefined) {
        one.array = new (MAKERS.get(dtype) as ArrayMaker)(itemsOf(shape));
        one.shape = shape;
        one.dtype = dtype;
        one.kind = kind;
      }
      if (one.kind !== kind) {
        throw new TypeErrorCtor(`buffer ${name} is ${one.kind}`);
      }
      one.asked = true;
    }
    return one;
  };
}

/** Kind and shape as text, to be compared and told. */
export function kindOf(dtype: Dtype, shape: readonly number[]): string {
  return dtype + stringify(shape);
}
