import { expect, test } from "vitest";
import { deeperThan, encodeValue, UNTOLD } from "../src/encode";
import { utf8Length } from "../src/primitives";

const nest = (depth: number, inner: string) => "[".repeat(depth) + inner + "]".repeat(depth);

test.each([
  ["1", 0, false],
  ["[]", 0, true],
  ["[1]", 1, false],
  ["[[1]]", 1, true],
  ['{"a":[1]}', 1, true],
  ['{"a":[1]}', 2, false],
  ['["[[[["]', 1, false],
  ['["\\"[[[["]', 1, false],
  ['["\\\\",[1]]', 1, true],
  ['["\\\\\\"[[["]', 1, false],
  ['[[1],[2],{"a":3}]', 2, false],
  [nest(200, '"long enough"'), 200, false],
  [nest(201, '"long enough"'), 200, true],
])("%s deeper than %i: %j", (text, limit, deeper) => {
  expect(deeperThan(text, limit)).toBe(deeper);
});

test.each(["", "abc", "é", "€uro", "😀", "a\u{10FFFF}b"])("the length of %j is that of its UTF-8 form", (text) => {
  expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
});

test("lone surrogates are escaped, so that the other end can refuse them", () => {
  expect(encodeValue("\ud800", UNTOLD)).toBe('"\\ud800"');
});
