import { expect, test } from "vitest";
import { type Clues, candidates, DEFAULT_PORT, portOf } from "../../src/transports/discovery";

const NOW = Date.parse("2026-01-01T12:00:00.000Z");
const GUESS = { port: DEFAULT_PORT, trusted: false, guessed: true };

function named(port: number, trusted: boolean) {
  return { port, trusted, guessed: false };
}

function configured(timestamp: unknown, port: unknown = 5000): Clues {
  return { WS_CONFIG: { port, timestamp } };
}

test.each([1, 80, 8765, 65_535, "1", "5000", "65535", "08765"])("%j is a port", (value) => {
  expect(portOf(value)).toBe(Number(value));
});

test.each([
  ...[0, -1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1n, true, null, undefined, {}, [5000]],
  ...["", "0", "65536", "-1", "+1", " 5000", "5000 ", "0x50", "1e3", "5000.0", "١٢", "123456", "port"],
])("%o is no port", (value) => {
  expect(portOf(value)).toBeUndefined();
});

test("a page that knows nothing guesses, and tells no secret", () => {
  expect(candidates({}, NOW)).toEqual([GUESS]);
  expect(candidates({ location: undefined }, NOW)).toEqual([GUESS]);
});

test("the order is config script, address, application, guess; a secret is for the address and the application", () => {
  const clues = {
    ...configured("2026-01-01T12:00:00.000Z", 5001),
    location: { search: "?a=b&port=5002" },
    AURORAVIEW_WS_PORT: 5003,
    TAURI_WS_PORT: "5004",
  };
  expect(candidates(clues, NOW)).toEqual([
    named(5001, false),
    named(5002, true),
    named(5003, true),
    named(5004, true),
    GUESS,
  ]);
});

test("a port is tried once, at its first place, and trusted if anything trusted names it", () => {
  const fresh = configured("2026-01-01T12:00:00.000Z");
  expect(candidates({ ...fresh, location: { search: "?port=5000" } }, NOW)).toEqual([named(5000, true), GUESS]);
  expect(candidates({ ...fresh, TAURI_WS_PORT: 5000, AURORAVIEW_WS_PORT: 5000 }, NOW)).toEqual([
    named(5000, true),
    GUESS,
  ]);
  expect(candidates({ location: { search: "?port=8765" } }, NOW)).toEqual([named(8765, true)]);
  expect(candidates(configured("2026-01-01T12:00:00.000Z", 8765), NOW)).toEqual([named(8765, false)]);
});

test.each([
  "2026-01-01T12:00:00Z",
  "2026-01-01T12:00:00.000+00:00",
  "2026-01-01T11:59:55.000+00:00",
  "2026-01-01T11:59:58.123456+00:00",
  "2026-01-01T13:59:58+02:00",
  "2025-12-31T23:59:59-12:00",
])("a script of %s is fresh at noon", (timestamp) => {
  expect(candidates(configured(timestamp), NOW)).toEqual([named(5000, false), GUESS]);
});

test.each([
  "2026-01-01T11:59:54.999Z",
  "2025-01-01T12:00:00Z",
  "2026-01-01T12:00:00.001Z",
  "2026-01-01T13:00:00Z",
  "2026-01-01T12:00:00",
  "2026-01-01",
  "2026-13-01T12:00:00Z",
  "yesterday",
  "",
  NOW,
  undefined,
  null,
  { toString: () => "2026-01-01T12:00:00Z" },
])("a script of %o is not fresh at noon", (timestamp) => {
  expect(candidates(configured(timestamp), NOW)).toEqual([GUESS]);
});

test.each([null, 5000, "5000", [], {}, () => {}, { port: 5000 }, { timestamp: "2026-01-01T12:00:00Z" }])(
  "garbage as configuration is passed over: %o",
  (WS_CONFIG) => {
    expect(candidates({ WS_CONFIG }, NOW)).toEqual([GUESS]);
  },
);

test("ports out of range are passed over wherever they come from", () => {
  const clues = {
    ...configured("2026-01-01T12:00:00Z", 70_000),
    location: { search: "?port=0" },
    AURORAVIEW_WS_PORT: -5,
    TAURI_WS_PORT: "65536",
  };
  expect(candidates(clues, NOW)).toEqual([GUESS]);
});
