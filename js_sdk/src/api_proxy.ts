/**
 * `auroraview.api.scene.rename(...)`: namespaces as proxies that turn property paths into method names.
 *
 * Every name leads to a function, bound or not: before the welcome nothing is known, and a name that is not bound is
 * answered by the program. What is bound shows in `in`, `Object.keys` and completion. One object per path is made and
 * kept, so `api.save === api.save`.
 */
import { defineProperty, getPrototypeOf, indexOf, isArray, ProxyCtor, SafeMap, slice, startsWith } from "./primitives";

type Call = (method: string, params: unknown) => Promise<unknown>;

/** Names the language and consoles ask objects for. */
const ASKED = " toJSON toString valueOf constructor prototype inspect ";

/** Names that are remote only where they are bound; so also what frameworks mark objects with (`__v_skip`, `$$typeof`). */
function isLocal(name: string): boolean {
  return indexOf("_$@", name[0] ?? " ") >= 0 || indexOf(ASKED, ` ${name} `) >= 0;
}

export type Methods = ReturnType<typeof makeMethods>;

/** `call` is what a method that is called becomes. */
export function makeMethods(call: Call) {
  let known = new SafeMap<string, true>();
  const nodes = new SafeMap<string, object>();

  /** Sets all that is bound. */
  function replace(names: readonly string[]): void {
    known = new SafeMap();
    change(names, []);
  }

  function change(added: readonly string[], removed: readonly string[]): void {
    for (let i = 0; i < removed.length; i++) {
      known.delete(removed[i] as string);
    }
    for (let i = 0; i < added.length; i++) {
      known.set(added[i] as string, true);
    }
  }

  /** The proxy for a path; the first segment is a namespace and not callable. */
  function node(path: string): object {
    let node = nodes.get(path);
    if (node === undefined) {
      node = make(path);
      nodes.set(path, node);
    }
    return node;
  }

  function make(path: string): object {
    // An arrow function: it has no property that a proxy must show.
    const target: object = indexOf(path, ".") < 0 ? {} : (((): void => {}) as object);
    const has = (_target: object, key: string | symbol): boolean => typeof key === "string" && knows(`${path}.${key}`);
    return new ProxyCtor(target, {
      apply: (_target, _self, args: unknown[]) => call(path, toParams(args)),
      get: (_target, key) => get(path, key),
      has,
      ownKeys: () => children(path),
      getOwnPropertyDescriptor: (target, key) =>
        has(target, key) ? { value: node(`${path}.${String(key)}`), enumerable: true, configurable: true } : undefined,
      set: refuse,
      defineProperty: refuse,
      deleteProperty: refuse,
      preventExtensions: refuse,
      setPrototypeOf: refuse,
    });
  }

  function get(path: string, key: string | symbol): unknown {
    // With `then` a namespace would be a promise to `await`.
    if (typeof key === "symbol" || key === "then") {
      return undefined;
    }
    const name = `${path}.${key}`;
    if (isLocal(key) && !knows(name)) {
      return key === "toString" ? (): string => `auroraview.${path}` : undefined;
    }
    return node(name);
  }

  /** Whether something is bound to a name or below it. */
  function knows(name: string): boolean {
    return known.has(name) || children(name).length > 0;
  }

  function children(path: string): string[] {
    const seen = new SafeMap<string, true>();
    const names: string[] = [];
    const start = path.length + 1;
    known.forEach((_, bound) => {
      if (startsWith(bound, `${path}.`)) {
        const end = indexOf(bound, ".", start);
        const name = end < 0 ? slice(bound, start) : slice(bound, start, end);
        if (!seen.has(name) && name !== "then") {
          seen.set(name, true);
          names[names.length] = name;
        }
      }
    });
    return names;
  }

  return { replace, change, node };
}

const refuse = (): boolean => false;

/**
 * The parameters for arguments: exactly one plain object is named parameters, no argument none, anything else
 * positional. Trailing `undefined` arguments are as if not given, so that Python's defaults hold: `f(undefined)` is
 * `f()`. The array of arguments becomes the list.
 */
export function toParams(args: unknown[]): unknown {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) {
    count--;
  }
  if (count === 0) {
    return undefined;
  }
  if (count === 1 && isPlainObject(args[0])) {
    return args[0];
  }
  args.length = count;
  return args;
}

/** Made by a literal, `JSON.parse` or `Object.create(null)`, in any realm. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null || isArray(value)) {
    return false;
  }
  const prototype: unknown = getPrototypeOf(value);
  return prototype === null || getPrototypeOf(prototype) === null;
}

/** Shows a namespace on an object, for good. A name that is taken, or that is an object's own machinery, is left alone. */
export function showNamespace(on: object, name: string, node: object): void {
  if (name !== "__proto__" && name !== "then" && !(name in on)) {
    defineProperty(on, name, { value: node, enumerable: true });
  }
}
