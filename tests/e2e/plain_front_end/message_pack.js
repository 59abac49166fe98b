// MessagePack, read by its specification (https://github.com/msgpack/msgpack/blob/master/spec.md); no extensions.

"use strict";

function unpack(buffer) {
  const view = new DataView(buffer);
  const texts = new TextDecoder();
  let at = 0;

  function number(method, bytes) {
    const value = view[method](at);
    at += bytes;
    return typeof value === "bigint" ? Number(value) : value;
  }
  function bytes(length) {
    at += length;
    return new Uint8Array(buffer, at - length, length);
  }
  const text = (length) => texts.decode(bytes(length));
  const list = (length) => Array.from({ length }, value);
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [value(), value()]));
  const u8 = () => number("getUint8", 1);
  const u16 = () => number("getUint16", 2);
  const u32 = () => number("getUint32", 4);

  const kinds = {
    0xc0: () => null,
    0xc2: () => false,
    0xc3: () => true,
    0xc4: () => bytes(u8()),
    0xc5: () => bytes(u16()),
    0xc6: () => bytes(u32()),
    0xca: () => number("getFloat32", 4),
    0xcb: () => number("getFloat64", 8),
    0xcc: u8,
    0xcd: u16,
    0xce: u32,
    0xcf: () => number("getBigUint64", 8),
    0xd0: () => number("getInt8", 1),
    0xd1: () => number("getInt16", 2),
    0xd2: () => number("getInt32", 4),
    0xd3: () => number("getBigInt64", 8),
    0xd9: () => text(u8()),
    0xda: () => text(u16()),
    0xdb: () => text(u32()),
    0xdc: () => list(u16()),
    0xdd: () => list(u32()),
    0xde: () => map(u16()),
    0xdf: () => map(u32()),
  };

  function value() {
    const kind = u8();
    if (kind < 0x80) return kind;
    if (kind < 0x90) return map(kind & 0x0f);
    if (kind < 0xa0) return list(kind & 0x0f);
    if (kind < 0xc0) return text(kind & 0x1f);
    if (kind >= 0xe0) return kind - 0x100;
    return kinds[kind]();
  }

  const whole = value();
  if (at !== buffer.byteLength) throw new Error(`${buffer.byteLength - at} bytes too many`);
  return whole;
}
