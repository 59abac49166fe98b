/** The part of Node that the tests use; a realm of its own stands for a page. */
declare module "node:vm" {
  export function createContext(globals: object): object;
  export function runInContext(code: string, context: object): unknown;
}

/** Node 18 has it here only. */
declare module "node:crypto" {
  export const webcrypto: Crypto;
}
