/** The part of Node that the tests use; a realm of its own stands for a page. */
declare module "node:vm" {
  export function createContext(globals: object): object;
  export function runInContext(code: string, context: object): unknown;
  export function runInNewContext(code: string): unknown;
}

/** Node 18 has it here only. */
declare module "node:crypto" {
  export const webcrypto: Crypto;
}

declare module "node:util" {
  export function promisify<T>(
    take: (text: string, done: (error: Error | null, result: T) => void) => void,
  ): (text: string) => Promise<T>;
}

declare module "node:zlib" {
  export function gzip(text: string, done: (error: Error | null, result: Uint8Array<ArrayBuffer>) => void): void;
}

/** How the scripts for pages are built. */
declare module "*/scripts.mjs" {
  export function buildScript(source: string): Promise<string>;
}

/** How the package is built. */
declare module "*/package.mjs" {
  export const INTERNAL: RegExp;
  export const ENTRIES: Record<string, string>;
  export function bundleEntry(name: string): Promise<{ code: string; map: string }>;
}

declare module "*/size.mjs" {
  export const CORE_LIMIT: number;
  export function sizes(): Promise<Record<string, number>>;
}
