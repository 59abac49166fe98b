/**
 * Ports of this machine that a program may have: what a page was told by whoever started it.
 *
 * A program tells its port by a script `ws-config.js`, by the address of the page, and through the application that
 * shows it. Whoever can write a file beside the page could write that script, and anybody may have the default port, so
 * a secret goes only where the address or the application led.
 */

/** Where a program is when nobody has said anything. */
export const DEFAULT_PORT = 8765;

/** How long a configuration script counts, in milliseconds. */
const FRESH = 5000;

/** With a zone: without one it would be a time of nowhere. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** What a page knows; each may be missing, or anything at all. */
export interface Clues {
  /** What `ws-config.js` assigned: `{port, timestamp}`. */
  WS_CONFIG?: unknown;
  /** Set by an application that shows the page. */
  AURORAVIEW_WS_PORT?: unknown;
  TAURI_WS_PORT?: unknown;
  /** The page's address. */
  location?: { search: string } | undefined;
}

/** A port that may be a program's. */
export interface Candidate {
  port: number;
  /** May be told a secret. */
  trusted: boolean;
  /** Nobody named it. */
  guessed: boolean;
}

/** A port from 1 to 65535, given as a number or as digits; undefined for anything else. */
export function portOf(value: unknown): number | undefined {
  const digits = typeof value === "string" && /^\d{1,5}$/.test(value);
  const port = digits ? Number(value) : value;
  return typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}

/** The port of a configuration that was written just now. A time to come means that a clock jumped: it is stale. */
function configured(config: unknown, now: number): number | undefined {
  if (typeof config !== "object" || config === null) {
    return undefined;
  }
  const { port, timestamp } = config as { port?: unknown; timestamp?: unknown };
  const age = typeof timestamp === "string" && TIMESTAMP.test(timestamp) ? now - Date.parse(timestamp) : Number.NaN;
  return age >= 0 && age <= FRESH ? portOf(port) : undefined;
}

/** The ports to try, in this order, each once. `now` is the wall clock's time in milliseconds. */
export function candidates(clues: Clues, now: number): Candidate[] {
  const asked = new URLSearchParams(clues.location?.search ?? "").get("port");
  const named = [asked, clues.AURORAVIEW_WS_PORT, clues.TAURI_WS_PORT].map(portOf);
  const found = new Map<number, Candidate>();
  for (const port of [configured(clues.WS_CONFIG, now), ...named]) {
    if (port !== undefined) {
      found.set(port, { port, trusted: named.includes(port), guessed: false });
    }
  }
  if (!found.has(DEFAULT_PORT)) {
    found.set(DEFAULT_PORT, { port: DEFAULT_PORT, trusted: false, guessed: true });
  }
  return [...found.values()];
}
