/** Reads MessagePack, as far as values of JSON go. https://github.com/msgpack/msgpack/blob/master/spec.md */

function decode(buffer) {
  const view = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  const texts = new TextDecoder();
  let at = 0;

  function text(size) {
    at += size;
    // Short ones letter by letter: calling the decoder costs more.
    if (size > 24) return texts.decode(bytes.subarray(at - size, at));
    let result = "";
    for (let i = at - size; i < at; i++) {
      if (bytes[i] > 127) return texts.decode(bytes.subarray(at - size, at));
      result += String.fromCharCode(bytes[i]);
    }
    return result;
  }

  function list(size) {
    const result = new Array(size);
    for (let i = 0; i < size; i++) result[i] = value();
    return result;
  }

  function map(size) {
    const result = {};
    for (let i = 0; i < size; i++) {
      const key = value();
      result[key] = value();
    }
    return result;
  }

  const number = (size, read) => {
    at += size;
    return read.call(view, at - size);
  };
  const { getUint8, getUint16, getUint32, getInt8, getInt16, getInt32, getFloat32, getFloat64 } = DataView.prototype;

  function value() {
    const kind = bytes[at++];
    if (kind < 0x80) return kind;
    if (kind < 0x90) return map(kind & 15);
    if (kind < 0xa0) return list(kind & 15);
    if (kind < 0xc0) return text(kind & 31);
    if (kind >= 0xe0) return kind - 256;
    switch (kind) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xca: return number(4, getFloat32);
      case 0xcb: return number(8, getFloat64);
      case 0xcc: return number(1, getUint8);
      case 0xcd: return number(2, getUint16);
      case 0xce: return number(4, getUint32);
      case 0xcf: return Number(number(8, view.getBigUint64));
      case 0xd0: return number(1, getInt8);
      case 0xd1: return number(2, getInt16);
      case 0xd2: return number(4, getInt32);
      case 0xd3: return Number(number(8, view.getBigInt64));
      case 0xd9: return text(number(1, getUint8));
      case 0xda: return text(number(2, getUint16));
      case 0xdb: return text(number(4, getUint32));
      case 0xdc: return list(number(2, getUint16));
      case 0xdd: return list(number(4, getUint32));
      case 0xde: return map(number(2, getUint16));
      case 0xdf: return map(number(4, getUint32));
      default: throw new Error(`no value begins with 0x${kind.toString(16)}`);
    }
  }

  return value();
}
