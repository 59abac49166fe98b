// Built from js_sdk/src/event_bridge.ts by `npm run build`. Do not edit.
"use strict";
(() => {
  // src/primitives.ts
  var { parse, stringify } = JSON;
  var { apply } = Reflect;
  var { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
  var ObjectPrototype = Object.prototype;
  var { isArray } = Array;
  var { isInteger } = Number;
  var { fromCharCode } = String;
  var { floor, max, min, random } = Math;
  var { isView } = ArrayBuffer;
  var PromiseCtor = Promise;
  var ErrorCtor = Error;
  var TypeErrorCtor = TypeError;
  var RangeErrorCtor = RangeError;
  var ProxyCtor = Proxy;
  var DateCtor = Date;
  var Bytes = Uint8Array;
  var ARRAYS = {
    Int8Array,
    Uint8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
    Float32Array,
    Float64Array,
    Float16Array: globalThis.Float16Array
  };
  var scope = globalThis;
  var { performance, console } = scope;
  var { error: consoleError, warn: consoleWarn } = console;
  var { now: performanceNow } = performance;
  var { queueMicrotask: nativeQueueMicrotask, setTimeout: nativeSetTimeout, clearTimeout: nativeClearTimeout } = scope;
  var nativeReportError = scope.reportError;
  var queueMicrotask = (task) => nativeQueueMicrotask(task);
  var setTimer = (task, milliseconds) => nativeSetTimeout(task, milliseconds);
  var clearTimer = (timer) => nativeClearTimeout(timer);
  var now = () => apply(performanceNow, performance, []);
  var warn = (text) => apply(consoleWarn, console, [text]);
  function reportError(error) {
    if (nativeReportError === void 0) {
      apply(consoleError, console, [error]);
    } else {
      apply(nativeReportError, scope, [error]);
    }
  }
  function uncurry(method) {
    return Function.prototype.call.bind(method);
  }
  var charCodeAt = uncurry(String.prototype.charCodeAt);
  var indexOf = uncurry(String.prototype.indexOf);
  var slice = uncurry(String.prototype.slice);
  var startsWith = uncurry(String.prototype.startsWith);
  var tagOf = uncurry(Object.prototype.toString);
  var typedArray = getPrototypeOf(Uint8Array.prototype);
  function getter(of, name) {
    return uncurry(getOwnPropertyDescriptor(of, name)?.get);
  }
  var arrayName = getter(typedArray, Symbol.toStringTag);
  var setBytes = uncurry(Uint8Array.prototype.set);
  var partOf = uncurry(
    Uint8Array.prototype.subarray
  );
  var { toBase64: nativeToBase64 } = Uint8Array.prototype;
  var { fromBase64: nativeFromBase64 } = Uint8Array;
  var { DecompressionStream: DecompressionStreamCtor, Response: ResponseCtor } = scope;
  var { btoa: scopeBtoa, atob: scopeAtob } = scope;
  var nativeBtoa = (binary) => scopeBtoa(binary);
  var nativeAtob = (text) => scopeAtob(text);
  var promiseThen = Promise.prototype.then;
  function whenSettled(promise, done, failed) {
    apply(promiseThen, promise, [done, failed]);
  }
  function rejected(error) {
    return new PromiseCtor((_, reject) => reject(error));
  }
  var SafeMap = class extends Map {
  };
  for (const name of ["get", "set", "has", "delete", "clear", "forEach", "size"]) {
    const descriptor = getOwnPropertyDescriptor(Map.prototype, name);
    if (descriptor !== void 0) {
      defineProperty(SafeMap.prototype, name, descriptor);
    }
  }

  // src/api_proxy.ts
  var ASKED = new SafeMap();
  for (const name of ["toJSON", "toString", "valueOf", "constructor", "prototype", "inspect"]) {
    ASKED.set(name, true);
  }
  function isLocal(name) {
    const first = name[0];
    return first === "_" || first === "$" || first === "@" || ASKED.has(name);
  }
  var Methods = class {
    #call;
    #bound = new SafeMap();
    #nodes = new SafeMap();
    constructor(call) {
      this.#call = call;
    }
    /** Sets all that is bound. */
    replace(names) {
      this.#bound = new SafeMap();
      this.change(names, []);
    }
    change(added, removed) {
      for (let i = 0; i < removed.length; i++) {
        this.#bound.delete(removed[i]);
      }
      for (let i = 0; i < added.length; i++) {
        this.#bound.set(added[i], true);
      }
    }
    /** The proxy for a path; the first segment is a namespace and not callable. */
    node(path) {
      let node = this.#nodes.get(path);
      if (node === void 0) {
        node = this.#make(path);
        this.#nodes.set(path, node);
      }
      return node;
    }
    #make(path) {
      const target = indexOf(path, ".") < 0 ? {} : (() => {
      });
      return new ProxyCtor(target, {
        apply: (_target, _self, args) => this.#call(path, toParams(args)),
        get: (_target, key) => this.#get(path, key),
        has: (_target, key) => typeof key === "string" && this.#knows(`${path}.${key}`),
        ownKeys: () => this.#children(path),
        getOwnPropertyDescriptor: (_target, key) => typeof key === "string" && this.#knows(`${path}.${key}`) ? { value: this.node(`${path}.${key}`), enumerable: true, configurable: true, writable: false } : void 0,
        set: refuse,
        defineProperty: refuse,
        deleteProperty: refuse,
        preventExtensions: refuse,
        setPrototypeOf: refuse
      });
    }
    #get(path, key) {
      if (typeof key === "symbol" || key === "then") {
        return void 0;
      }
      const name = `${path}.${key}`;
      if (isLocal(key) && !this.#knows(name)) {
        return key === "toString" ? () => `auroraview.${path}` : void 0;
      }
      return this.node(name);
    }
    /** Whether something is bound to a name or below it. */
    #knows(name) {
      if (this.#bound.has(name)) {
        return true;
      }
      let found = false;
      this.#bound.forEach((_, bound) => {
        found ||= startsWith(bound, `${name}.`);
      });
      return found;
    }
    #children(path) {
      const seen = new SafeMap();
      const names = [];
      const start2 = path.length + 1;
      this.#bound.forEach((_, bound) => {
        if (startsWith(bound, `${path}.`)) {
          const end = indexOf(bound, ".", start2);
          const name = end < 0 ? slice(bound, start2) : slice(bound, start2, end);
          if (!seen.has(name) && name !== "then") {
            seen.set(name, true);
            names[names.length] = name;
          }
        }
      });
      return names;
    }
  };
  var refuse = () => false;
  function toParams(args) {
    let count = args.length;
    while (count > 0 && args[count - 1] === void 0) {
      count--;
    }
    if (count === 0) {
      return void 0;
    }
    if (count === 1 && isPlainObject(args[0])) {
      return args[0];
    }
    const list = [];
    for (let i = 0; i < count; i++) {
      list[i] = args[i];
    }
    return list;
  }
  function isPlainObject(value) {
    if (typeof value !== "object" || value === null || isArray(value)) {
      return false;
    }
    const prototype = getPrototypeOf(value);
    return prototype === null || getPrototypeOf(prototype) === null;
  }
  function showNamespace(on, name, node) {
    if (name !== "__proto__" && name !== "then" && !(name in on)) {
      defineProperty(on, name, { value: node, enumerable: true, writable: false, configurable: false });
    }
  }

  // src/errors.ts
  var BRAND = /* @__PURE__ */ Symbol.for("auroraview.error");
  var NAMES = {
    method_not_found: "MethodNotFound",
    invalid_params: "InvalidParams",
    handler_error: "HandlerError",
    timeout: "TimeoutError",
    cancelled: "Cancelled",
    closed: "Closed",
    too_large: "TooLarge",
    forbidden: "Forbidden",
    busy: "Busy"
  };
  var AuroraViewError = class extends ErrorCtor {
    code;
    /** What the program attached to the error. */
    data;
    /** The Python traceback; only with `debug=True`. */
    traceback;
    constructor(wire, options) {
      super(wire.message, options);
      defineProperty(this, "name", { value: wire.name, configurable: true, writable: true });
      this.code = wire.code;
      this.data = wire.data;
      this.traceback = wire.traceback;
    }
    static [Symbol.hasInstance](value) {
      return typeof value === "object" && value !== null && BRAND in value;
    }
  };
  defineProperty(AuroraViewError.prototype, BRAND, { value: true });
  function localError(code, message, options) {
    return new AuroraViewError({ name: NAMES[code], message, code }, options);
  }

  // src/protocol.ts
  var PROTOCOL = 1;
  var RESERVED = "__auroraview_";
  var WELCOME = "__auroraview_welcome";
  var CALL_RESULT = "__auroraview_call_result";
  var BOUND = "__auroraview_bound";
  var RESET = "__auroraview_reset";
  var CLOSED = "__auroraview_closed";

  // src/encode.ts
  var ENVELOPE_BYTES = 200;
  var UNTOLD = {
    message_bytes: Number.POSITIVE_INFINITY,
    depth: 200,
    calls_in_flight: Number.POSITIVE_INFINITY
  };
  function encodeValue(value, limits, replacer) {
    let text;
    try {
      text = replacer === void 0 ? stringify(value) : stringify(value, replacer);
    } catch (error) {
      if (error instanceof AuroraViewError) {
        throw error;
      }
      if (error instanceof RangeErrorCtor) {
        throw localError("too_large", `value cannot be sent: ${error.message}`, { cause: error });
      }
      const reason = error instanceof ErrorCtor ? error.message : String(error);
      throw localError("invalid_params", `value cannot be sent as JSON: ${reason}`, { cause: error });
    }
    if (text === void 0) {
      throw localError("invalid_params", `value cannot be sent as JSON: it is a ${typeof value}`);
    }
    if (deeperThan(text, limits.depth)) {
      throw localError("too_large", `value is nested deeper than ${limits.depth} levels`);
    }
    return text;
  }
  function checkSize(message, limits, attached = 0) {
    const room = limits.message_bytes - ENVELOPE_BYTES - attached;
    if (message.length * 3 > room && utf8Length(message) > room) {
      throw localError("too_large", `message is longer than ${limits.message_bytes} bytes`);
    }
  }
  function encodeHello(document2, url) {
    return `{"type":"hello","protocol":${PROTOCOL},"document":"${document2}","url":${stringify(url)}}`;
  }
  var READY = '{"type":"ready"}';
  function encodeCall(id, method, params, att = "") {
    const head = `{"type":"call","id":${id},"method":${stringify(method)}${att === "" ? "" : `,"att":${att}`}`;
    return params === "" ? `${head}}` : `${head},"params":${params}}`;
  }
  function encodeEvent(event, detail, att = "") {
    const head = `{"type":"event","event":${stringify(event)}${att === "" ? "" : `,"att":${att}`}`;
    return detail === "" ? `${head}}` : `${head},"detail":${detail}}`;
  }
  function encodeCancel(id) {
    return `{"type":"cancel","id":${id}}`;
  }
  function encodeFrame(document2, ack, messages, attached = 0) {
    const announced2 = attached === 0 ? "" : `"att":${attached},`;
    const acknowledged = ack === 0 ? "" : `"ack":${ack},`;
    return `{${announced2}"v":1,"doc":"${document2}",${acknowledged}"msgs":[${messages}]}`;
  }
  function announced(text) {
    if (!startsWith(text, '{"att":')) {
      return 0;
    }
    let count = 0;
    for (let i = 7; i < text.length; i++) {
      const digit = charCodeAt(text, i) - 48;
      if (digit < 0 || digit > 9) {
        break;
      }
      count = count * 10 + digit;
    }
    return count;
  }
  function encodeHelloFrame(document2, url) {
    return encodeFrame(document2, 0, encodeHello(document2, url));
  }
  function frameRoom(limits) {
    return (limits.message_bytes - ENVELOPE_BYTES) / 3;
  }
  function deeperThan(text, limit) {
    if (text.length <= 2 * limit) {
      return false;
    }
    let depth = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = charCodeAt(text, i);
      if (unit === 34) {
        i = closingQuote(text, i + 1);
      } else if (unit === 91 || unit === 123) {
        depth++;
        if (depth > limit) {
          return true;
        }
      } else if (unit === 93 || unit === 125) {
        depth--;
      }
    }
    return false;
  }
  function closingQuote(text, from) {
    for (let end = indexOf(text, '"', from); ; end = indexOf(text, '"', end + 1)) {
      let before = end;
      while (before > from && charCodeAt(text, before - 1) === 92) {
        before--;
      }
      if ((end - before) % 2 === 0) {
        return end;
      }
    }
  }
  function utf8Length(text) {
    let bytes = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = charCodeAt(text, i);
      bytes += unit < 128 ? 1 : unit < 2048 || unit >= 55296 && unit <= 57343 ? 2 : 3;
    }
    return bytes;
  }

  // src/attachments.ts
  var NONE = [];
  var NOTHING = plain("");
  var MOST_DIMENSIONS = 32;
  var LOOK_DEPTH = 24;
  var DTYPES = new SafeMap();
  DTYPES.set("Int8Array", "int8");
  DTYPES.set("Uint8Array", "uint8");
  DTYPES.set("Uint8ClampedArray", "uint8");
  DTYPES.set("Int16Array", "int16");
  DTYPES.set("Uint16Array", "uint16");
  DTYPES.set("Int32Array", "int32");
  DTYPES.set("Uint32Array", "uint32");
  DTYPES.set("BigInt64Array", "int64");
  DTYPES.set("BigUint64Array", "uint64");
  DTYPES.set("Float16Array", "float16");
  DTYPES.set("Float32Array", "float32");
  DTYPES.set("Float64Array", "float64");
  var KINDS = new SafeMap();
  KINDS.set("int8", { bytes: 1, make: ARRAYS.Int8Array });
  KINDS.set("uint8", { bytes: 1, make: ARRAYS.Uint8Array });
  KINDS.set("bool", { bytes: 1, make: ARRAYS.Uint8Array });
  KINDS.set("int16", { bytes: 2, make: ARRAYS.Int16Array });
  KINDS.set("uint16", { bytes: 2, make: ARRAYS.Uint16Array });
  KINDS.set("int32", { bytes: 4, make: ARRAYS.Int32Array });
  KINDS.set("uint32", { bytes: 4, make: ARRAYS.Uint32Array });
  KINDS.set("int64", { bytes: 8, make: ARRAYS.BigInt64Array });
  KINDS.set("uint64", { bytes: 8, make: ARRAYS.BigUint64Array });
  KINDS.set("float32", { bytes: 4, make: ARRAYS.Float32Array });
  KINDS.set("float64", { bytes: 8, make: ARRAYS.Float64Array });
  KINDS.set(
    "float16",
    ARRAYS.Float16Array === void 0 ? { bytes: 2, make: ARRAYS.Uint16Array, mark: "float16" } : { bytes: 2, make: ARRAYS.Float16Array }
  );
  function encode(value, limits) {
    return isSpecial(value) ? encodeSpecial(value, limits) : plain(encodeValue(value, limits));
  }
  function plain(text) {
    return { text, att: "", attachments: NONE, bytes: 0 };
  }
  function isSpecial(value) {
    if (typeof value !== "object" || value === null) {
      return false;
    }
    try {
      return look(value, void 0, 0);
    } catch {
      return false;
    }
  }
  function look(value, around, depth) {
    for (let outer = around; outer !== void 0; outer = outer.around) {
      if (outer.value === value) {
        return false;
      }
    }
    if (depth === LOOK_DEPTH) {
      return true;
    }
    let here;
    if (isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const item = value[i];
        if (typeof item === "object" && item !== null) {
          here ??= { value, around };
          if (look(item, here, depth + 1)) {
            return true;
          }
        }
      }
      return false;
    }
    const prototype = getPrototypeOf(value);
    if (prototype !== ObjectPrototype && prototype !== null) {
      if (value instanceof DateCtor) {
        return false;
      }
      if (isView(value) || isOpaque(tagOf(value))) {
        return true;
      }
    }
    if (typeof value.toJSON === "function") {
      return true;
    }
    for (const key in value) {
      const item = value[key];
      if (typeof item === "object" && item !== null) {
        here ??= { value, around };
        if (look(item, here, depth + 1)) {
          return true;
        }
      }
    }
    return false;
  }
  function isBuffer(tag) {
    return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
  }
  function isOpaque(tag) {
    return isBuffer(tag) || tag === "[object Blob]" || tag === "[object File]";
  }
  function encodeSpecial(value, limits) {
    const attachments = [];
    const infos = [];
    let total = 0;
    const attach = (bytes, dtype, shape) => {
      total += bytes.length;
      checkSize("", limits, total);
      const copy = new Bytes(bytes.length);
      setBytes(copy, bytes);
      const at = attachments.length;
      attachments[at] = copy;
      const info = { bytes: bytes.length };
      if (dtype !== void 0) {
        info.dtype = dtype;
      }
      if (shape !== void 0) {
        info.shape = shape;
      }
      infos[at] = info;
      return { $av: at };
    };
    let escapes = false;
    const replace = (given, converted) => {
      if (typeof given === "object" && given !== null) {
        if (isView(given)) {
          const name = arrayName(given);
          const bytes = new Bytes(given.buffer, given.byteOffset, given.byteLength);
          const dtype = name === void 0 ? void 0 : dtypeOf(given, name);
          return attach(bytes, dtype, name === void 0 ? void 0 : shapeOf(given));
        }
        const tag = tagOf(given);
        if (isBuffer(tag)) {
          return attach(new Bytes(given), void 0, void 0);
        }
        if (isOpaque(tag)) {
          const what = tag === "[object File]" ? "file" : "blob";
          throw localError("invalid_params", `a ${what} cannot be sent: send await ${what}.arrayBuffer()`);
        }
      }
      if (isReference(converted)) {
        escapes = true;
        return { $av: [converted.$av] };
      }
      return converted;
    };
    function replacer(key, converted) {
      return replace(this[key], converted);
    }
    const text = encodeValue(value, limits, replacer);
    if (attachments.length === 0) {
      return plain(escapes ? encodeValue(value, limits) : text);
    }
    return { text, att: stringify(infos), attachments, bytes: total };
  }
  function isReference(value) {
    if (typeof value !== "object" || value === null || getOwnPropertyDescriptor(value, "$av") === void 0) {
      return false;
    }
    let keys = 0;
    for (const key in value) {
      const { enumerable } = getOwnPropertyDescriptor(value, key) ?? {};
      const type = typeof value[key];
      if (enumerable === true && type !== "undefined" && type !== "function" && type !== "symbol") {
        keys++;
        if (key !== "$av") {
          return false;
        }
      }
    }
    return keys === 1;
  }
  function dtypeOf(view, name) {
    return name === "Uint16Array" && view.dtype === "float16" ? "float16" : DTYPES.get(name);
  }
  function shapeOf(view) {
    const { shape, length } = view;
    if (!isArray(shape) || shape.length < 2 || shape.length > MOST_DIMENSIONS) {
      return void 0;
    }
    const copy = [];
    let count = 1;
    for (let i = 0; i < shape.length; i++) {
      const size = shape[i];
      if (typeof size !== "number" || !isInteger(size) || size < 0) {
        return void 0;
      }
      copy[i] = size;
      count *= size;
    }
    return count === length ? copy : void 0;
  }
  function decode(value, infos, attachments) {
    const made = [];
    const take2 = (index) => {
      if (typeof index !== "number" || !isInteger(index) || index < 0 || index >= infos.length) {
        throw new ErrorCtor("a message refers to an attachment it does not have");
      }
      made[index] ??= arrayOf(infos[index], attachments[index]);
      return made[index];
    };
    const put = (item) => {
      if (typeof item !== "object" || item === null) {
        return item;
      }
      if (isArray(item)) {
        for (let i = 0; i < item.length; i++) {
          item[i] = put(item[i]);
        }
        return item;
      }
      const record = item;
      if (isReference(record)) {
        const { $av: inner } = record;
        if (!isArray(inner)) {
          return take2(inner);
        }
        if (inner.length !== 1) {
          throw new ErrorCtor("a message has a reference that is none");
        }
        record.$av = put(inner[0]);
        return record;
      }
      for (const key in record) {
        const before = record[key];
        if (typeof before === "object" && before !== null) {
          const after = put(before);
          if (after !== before) {
            record[key] = after;
          }
        }
      }
      return record;
    };
    return put(value);
  }
  function arrayOf({ bytes, dtype, shape }, data) {
    if (data.length !== bytes) {
      throw new ErrorCtor(`an attachment has ${data.length} bytes where ${bytes} were announced`);
    }
    if (dtype === void 0) {
      return data;
    }
    const kind = KINDS.get(dtype);
    const count = kind === void 0 ? 0 : bytes / kind.bytes;
    if (kind === void 0 || !isInteger(count)) {
      throw new ErrorCtor(`an attachment of ${bytes} bytes cannot be an array of ${dtype}`);
    }
    const aligned = data.byteOffset % kind.bytes === 0 ? data : copied(data);
    const array = new kind.make(aligned.buffer, aligned.byteOffset, count);
    if (isArray(shape) && shape.length > 1) {
      defineProperty(array, "shape", { value: freeze(shape), configurable: true, writable: true });
    }
    if (kind.mark !== void 0) {
      defineProperty(array, "dtype", { value: kind.mark, configurable: true, writable: true });
    }
    return array;
  }
  function copied(data) {
    const copy = new Bytes(data.length);
    setBytes(copy, data);
    return copy;
  }
  var Attached = class {
    #all;
    #taken = 0;
    constructor(all) {
      this.#all = all;
    }
    /** @throws Error when there are fewer. */
    take(count) {
      const part = [];
      for (let i = 0; i < count; i++) {
        const attachment = this.#all[this.#taken];
        if (attachment === void 0) {
          throw new ErrorCtor("a frame has fewer attachments than its messages announce");
        }
        this.#taken++;
        part[i] = attachment;
      }
      return part;
    }
  };

  // src/calls.ts
  var LONGEST_TIMER = 2 ** 31 - 1;
  var taken;
  var take = (resolve, reject) => {
    taken = { resolve, reject };
  };
  var Calls = class {
    #pending = new SafeMap();
    #cancel;
    #expire = () => this.#reap();
    #timer;
    #timerAt = Number.POSITIVE_INFINITY;
    /** `cancel` tells the program that nobody waits for this call any more. */
    constructor(cancel) {
      this.#cancel = cancel;
    }
    /** A promise for the answer to call `id`. `timeout` in milliseconds, 0 for none. */
    add(id, method, timeout, signal) {
      const promise = new PromiseCtor(take);
      const { resolve, reject } = taken;
      const deadline = timeout === 0 ? Number.POSITIVE_INFINITY : now() + timeout;
      const onAbort = signal === void 0 ? void 0 : () => this.#abort(id);
      if (signal !== void 0 && onAbort !== void 0) {
        signal.addEventListener("abort", onAbort);
      }
      this.#pending.set(id, { method, resolve, reject, deadline, timeout, signal, onAbort });
      if (deadline < this.#timerAt) {
        this.#arm(deadline);
      }
      return promise;
    }
    /** Ends call `id` with its result. A call nobody waits for is ignored. */
    resolve(id, result) {
      this.#end(id)?.resolve(result);
    }
    /** Ends call `id` with an error. A call nobody waits for is ignored. */
    reject(id, error) {
      this.#end(id)?.reject(error);
    }
    /** Ends all calls. */
    rejectAll(makeError) {
      clearTimer(this.#timer);
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#pending.forEach((call, id) => {
        this.reject(id, makeError(call.method));
      });
    }
    #end(id) {
      const call = this.#pending.get(id);
      if (call !== void 0) {
        this.#pending.delete(id);
        if (call.signal !== void 0 && call.onAbort !== void 0) {
          call.signal.removeEventListener("abort", call.onAbort);
        }
      }
      return call;
    }
    #abort(id) {
      const call = this.#end(id);
      if (call !== void 0) {
        this.#cancel(id);
        call.reject(aborted(call.method, call.signal));
      }
    }
    #arm(deadline) {
      clearTimer(this.#timer);
      this.#timerAt = deadline;
      const delay = deadline - now();
      this.#timer = setTimer(this.#expire, delay < LONGEST_TIMER ? delay < 0 ? 0 : delay + 1 : LONGEST_TIMER);
    }
    #reap() {
      const time = now();
      let next = Number.POSITIVE_INFINITY;
      this.#timerAt = next;
      this.#pending.forEach((call, id) => {
        if (call.deadline <= time) {
          this.#cancel(id);
          this.reject(id, localError("timeout", `call of ${call.method} had no answer within ${call.timeout} ms`));
        } else if (call.deadline < next) {
          next = call.deadline;
        }
      });
      if (next < this.#timerAt) {
        this.#arm(next);
      }
    }
  };
  function aborted(method, signal) {
    return localError("cancelled", `call of ${method} was cancelled`, { cause: signal?.reason });
  }

  // src/events.ts
  var Events = class {
    #handlers = new SafeMap();
    #retained = new SafeMap();
    /** Adds a handler; each registration of the same function counts. Returns the function that ends this one. */
    on(event, handler, once) {
      const registration = { handler, once, removed: false, owed: this.#retained.has(event) };
      const list = this.#handlers.get(event);
      this.#handlers.set(event, list === void 0 ? [registration] : appended(list, registration));
      if (registration.owed) {
        queueMicrotask(() => this.#settle(event, registration));
      }
      return () => this.#remove(event, (other) => other === registration);
    }
    /** Ends all registrations of a handler, or of all handlers of the event. */
    off(event, handler) {
      this.#remove(event, (registration) => handler === void 0 || registration.handler === handler);
    }
    /** Delivers a value, and keeps it for handlers to come where it is retained. */
    dispatch(event, detail, retain) {
      const list = this.#handlers.get(event);
      if (list !== void 0) {
        for (let i = 0; i < list.length; i++) {
          const registration = list[i];
          this.#settle(event, registration);
        }
      }
      if (retain) {
        this.#retained.set(event, detail);
      }
      if (list !== void 0) {
        for (let i = 0; i < list.length; i++) {
          this.#run(event, list[i], detail);
        }
      }
    }
    /** Forgets the retained values: another document gets its own. */
    forget() {
      this.#retained.clear();
    }
    #settle(event, registration) {
      if (registration.owed) {
        registration.owed = false;
        if (this.#retained.has(event)) {
          this.#run(event, registration, this.#retained.get(event));
        }
      }
    }
    #run(event, registration, detail) {
      if (registration.removed) {
        return;
      }
      if (registration.once) {
        this.#remove(event, (other) => other === registration);
      }
      const { handler } = registration;
      try {
        const outcome = handler(detail);
        if (outcome instanceof PromiseCtor) {
          whenSettled(outcome, ignore, reportError);
        }
      } catch (error) {
        reportError(error);
      }
    }
    #remove(event, matches) {
      const list = this.#handlers.get(event);
      if (list === void 0) {
        return;
      }
      const kept = [];
      for (let i = 0; i < list.length; i++) {
        const registration = list[i];
        if (matches(registration)) {
          registration.removed = true;
        } else {
          kept[kept.length] = registration;
        }
      }
      if (kept.length === 0) {
        this.#handlers.delete(event);
      } else {
        this.#handlers.set(event, kept);
      }
    }
  };
  function ignore() {
  }
  function appended(list, registration) {
    const longer = [];
    for (let i = 0; i < list.length; i++) {
      longer[i] = list[i];
    }
    longer[list.length] = registration;
    return longer;
  }

  // src/connection.ts
  var CHANGE = "change";
  var ConnectionStatus = class {
    shown;
    #events = new Events();
    #state = "connecting";
    #reason;
    constructor() {
      const onChange = (handler) => {
        if (typeof handler !== "function") {
          throw new TypeErrorCtor("handler must be a function");
        }
        return this.#events.on(CHANGE, handler, false);
      };
      const shown = {};
      defineProperty(shown, "state", { get: () => this.#state, enumerable: true });
      defineProperty(shown, "reason", { get: () => this.#reason, enumerable: true });
      defineProperty(shown, "onChange", { value: freeze(onChange), enumerable: true });
      this.shown = freeze(shown);
    }
    /** Tells handlers where the state is another one. */
    set(state, reason) {
      const changed = state !== this.#state;
      this.#state = state;
      this.#reason = reason;
      if (changed) {
        this.#events.dispatch(CHANGE, this.shown, false);
      }
    }
    get state() {
      return this.#state;
    }
  };

  // src/outbox.ts
  var SETTLE = 8;
  var FRAME_UNITS = 65536;
  var NONE2 = [];
  var Outbox = class {
    #send;
    #step = () => this.#stepOrFlush();
    #document = "";
    #batch = "";
    #count = 0;
    /** Attachments of the batch, and their length. */
    #attachments;
    #attached = 0;
    #held = false;
    #ack = 0;
    #ackDue = false;
    #scheduled = false;
    #steps = 0;
    #room = FRAME_UNITS;
    constructor(send) {
      this.#send = send;
    }
    /** Drops what waits and begins with another document. */
    reset(document2) {
      this.#document = document2;
      this.#clear();
      this.#ack = 0;
      this.#ackDue = false;
    }
    /** Queues the text of a message, with its attachments. */
    push(message, attachments = NONE2, bytes = 0) {
      if (this.#batch === "") {
        this.#batch = message;
        this.#schedule(0);
      } else if (this.#batch.length + this.#attached + message.length + bytes < this.#room) {
        this.#batch += `,${message}`;
      } else {
        this.flush();
        this.#batch = message;
      }
      this.#count++;
      if (attachments.length > 0) {
        this.#attachments ??= [];
        this.#attached += bytes;
        for (let i = 0; i < attachments.length; i++) {
          this.#attachments[this.#attachments.length] = attachments[i];
        }
      }
    }
    /** Lets nothing leave but full frames, until {@link release}. */
    hold() {
      this.#held = true;
    }
    /** Sends what was held. */
    release() {
      this.#held = false;
      this.flush();
    }
    /** Keeps frames below what the other end takes, in UTF-16 units. */
    limit(units) {
      this.#room = min(units, FRAME_UNITS);
    }
    /** Makes the acknowledgement of frame `seq` due. */
    acknowledge(seq) {
      this.#ack = seq;
      this.#ackDue = true;
      this.#schedule(SETTLE);
    }
    /** Sends at once what waits. */
    flush() {
      if (this.#batch !== "" || this.#ackDue) {
        const attachments = this.#attachments ?? NONE2;
        const ack = this.#ackDue ? this.#ack : 0;
        const frame = encodeFrame(this.#document, ack, this.#batch, attachments.length);
        const count = this.#count;
        this.#clear();
        this.#ackDue = false;
        this.#send(frame, attachments, count);
      }
    }
    #clear() {
      this.#batch = "";
      this.#count = 0;
      this.#attachments = void 0;
      this.#attached = 0;
    }
    #schedule(steps) {
      if (!this.#scheduled) {
        this.#scheduled = true;
        this.#steps = steps;
        queueMicrotask(this.#step);
      }
    }
    #stepOrFlush() {
      if (this.#steps > 0) {
        this.#steps--;
        queueMicrotask(this.#step);
      } else {
        this.#scheduled = false;
        if (!this.#held) {
          this.flush();
        }
      }
    }
  };

  // src/bridge.ts
  var DEFAULT_TIMEOUT = 3e4;
  var Bridge = class {
    methods;
    connection = new ConnectionStatus();
    #options;
    #outbox;
    #calls;
    #events = new Events();
    #state = "open";
    #reason = "";
    #document = "";
    #lastSeq = 0;
    #lastId = 0;
    #limits = UNTOLD;
    #debug;
    #ready = false;
    /** The document is parsed. */
    #parsed = false;
    #waiting;
    constructor(options) {
      this.#options = options;
      this.#debug = options.debug;
      const { transport } = options;
      this.#outbox = new Outbox((frame, attachments, messages) => transport.send(frame, attachments, messages));
      this.#calls = new Calls((id) => this.#outbox.push(encodeCancel(id)));
      this.methods = new Methods((method, params) => this.call(method, params));
    }
    get isReady() {
      return this.#ready;
    }
    get received() {
      return this.#lastSeq;
    }
    /** Begins with a new document; for the first time, or after {@link leave}. */
    start() {
      this.#document = this.#options.newDocument();
      this.#lastSeq = 0;
      this.#ready = false;
      this.#parsed = false;
      this.#state = "open";
      this.#events.forget();
      this.#outbox.reset(this.#document);
      this.#outbox.release();
      this.connection.set("connecting");
      this.#options.transport.open(this.#document, this.#options.url(), this);
    }
    /** The document is parsed: events may come. */
    documentReady() {
      this.#parsed = true;
      this.#outbox.push(READY);
    }
    /** The document is being left: nothing is waited for any more. Events may still be sent. */
    leave() {
      if (this.#state === "open") {
        this.#end("away", "the page was left");
        this.#options.transport.leave?.();
      }
    }
    call(method, params, options) {
      if (this.#state !== "open") {
        return rejected(this.#closedError(method));
      }
      const timeout = options?.timeout ?? DEFAULT_TIMEOUT;
      const signal = options?.signal;
      let message;
      let value = NOTHING;
      try {
        checkName(method, "method");
        if (typeof timeout !== "number" || !(timeout >= 0)) {
          throw new TypeErrorCtor("timeout must be a number of milliseconds, 0 for none");
        }
        if (signal?.aborted) {
          throw aborted(method, signal);
        }
        if (params !== void 0) {
          value = encode(params, this.#limits);
        }
        message = encodeCall(this.#lastId + 1, method, value.text, value.att);
        checkSize(message, this.#limits, value.bytes);
        this.#checkRoom();
      } catch (error) {
        return rejected(error);
      }
      this.#lastId++;
      this.#outbox.push(message, value.attachments, value.bytes);
      return this.#calls.add(this.#lastId, method, timeout, signal);
    }
    sendEvent(event, detail) {
      checkEvent(event);
      const value = detail === void 0 ? NOTHING : encode(detail, this.#limits);
      const message = encodeEvent(event, value.text, value.att);
      checkSize(message, this.#limits, value.bytes);
      if (this.#state !== "closed") {
        this.#checkRoom();
        this.#outbox.push(message, value.attachments, value.bytes);
      } else if (this.#debug) {
        warn(`auroraview: event ${event} was not sent: ${this.#reason}`);
      }
    }
    on(event, handler, once) {
      checkEvent(event);
      checkHandler(handler);
      return this.#events.on(event, handler, once);
    }
    off(event, handler) {
      checkEvent(event);
      this.#events.off(event, handler);
    }
    onReset(handler) {
      checkHandler(handler);
      return this.#events.on(RESET, handler, false);
    }
    trigger(event, detail) {
      checkEvent(event);
      this.#events.dispatch(event, detail === void 0 ? null : detail, false);
    }
    whenReady() {
      if (this.#ready) {
        return new PromiseCtor((resolve) => resolve());
      }
      if (this.#state === "closed") {
        return rejected(localError("closed", this.#reason));
      }
      if (this.#waiting === void 0) {
        let resolve = () => {
        };
        let reject = (_error) => {
        };
        const promise = new PromiseCtor((done, failed) => {
          resolve = done;
          reject = failed;
        });
        this.#waiting = { promise, resolve, reject };
      }
      return this.#waiting.promise;
    }
    receive(text, attachments) {
      let frame;
      try {
        frame = parse(text);
      } catch {
        warn("auroraview: a frame that is not JSON was dropped");
        return false;
      }
      if (this.#state === "closed" || typeof frame !== "object" || frame === null || frame.doc !== this.#document) {
        return false;
      }
      const { seq, msgs } = frame;
      if (typeof seq !== "number" || !isArray(msgs)) {
        return false;
      }
      if (seq > this.#lastSeq) {
        this.#lastSeq = seq;
        const attached = new Attached(attachments);
        for (let i = 0; i < msgs.length; i++) {
          try {
            this.#take(msgs[i], attached);
          } catch (error) {
            reportError(error);
          }
        }
      }
      if (this.#state === "closed") {
        return false;
      }
      this.#outbox.acknowledge(this.#lastSeq);
      return true;
    }
    paused(reason, answerless = false) {
      if (this.#state === "closed") {
        return;
      }
      this.#outbox.hold();
      if (answerless) {
        this.#calls.rejectAll((method) => closedError(method, reason));
      }
      const state = this.connection.state === "connecting" ? "connecting" : "reconnecting";
      this.connection.set(state, reason === "" ? void 0 : reason);
    }
    resumed() {
      if (this.#state === "open") {
        if (this.#ready && this.#lastSeq > 0) {
          this.connection.set("open");
        }
        this.#outbox.release();
      }
    }
    lost(reason, unsent) {
      if (this.#state !== "open") {
        return;
      }
      this.#lastSeq = 0;
      this.#events.forget();
      this.#outbox.reset(this.#document);
      if (this.#debug) {
        warnUnsent(reason, unsent);
      }
      if (this.#parsed) {
        this.#outbox.push(READY);
      }
      this.#calls.rejectAll((method) => closedError(method, reason));
      this.#events.dispatch(RESET, { reason }, false);
    }
    refused(frame) {
      const reason = "it is larger than the program, or a server on the way to it, takes";
      const { msgs } = parse(frame);
      for (let i = 0; i < msgs.length; i++) {
        const message = msgs[i];
        if (message.type === "call") {
          this.#calls.reject(message.id, localError("too_large", `call of ${message.method} was not sent: ${reason}`));
        } else if (message.type === "event") {
          warn(`auroraview: event ${message.event} was not sent: ${reason}`);
        }
      }
    }
    closed(reason) {
      if (this.#state !== "closed") {
        this.#end("closed", reason);
        this.#waiting?.reject(localError("closed", reason));
        this.#waiting = void 0;
        this.#outbox.reset(this.#document);
        this.#options.transport.close();
        this.connection.set("closed", reason);
      }
    }
    #take(message, attached) {
      const event = message?.event;
      const att = message?.att;
      const attachments = isArray(att) ? attached.take(att.length) : void 0;
      if (message?.type !== "event" || typeof event !== "string") {
        return;
      }
      if (event === CALL_RESULT) {
        const outcome = message.detail;
        if (attachments !== void 0 && outcome.ok) {
          try {
            outcome.result = decode(outcome.result, att, attachments);
          } catch (error) {
            this.#calls.reject(outcome.id, localError("invalid_params", error.message));
          }
        }
        this.#takeResult(outcome);
      } else if (startsWith(event, RESERVED)) {
        this.#takeInternal(event, message.detail);
      } else {
        let detail = message.detail;
        if (attachments !== void 0) {
          detail = decode(detail, att, attachments);
        }
        this.#events.dispatch(event, detail === void 0 ? null : detail, message.retain === true);
      }
    }
    #takeResult(outcome) {
      if (outcome.ok) {
        this.#calls.resolve(outcome.id, outcome.result);
      } else {
        this.#calls.reject(outcome.id, new AuroraViewError(outcome.error));
      }
    }
    #takeInternal(event, detail) {
      if (event === WELCOME) {
        this.#welcome(detail);
      } else if (event === BOUND) {
        const { added, removed, namespaces } = detail;
        this.methods.change(added, removed);
        if (namespaces !== void 0) {
          this.#options.onNamespaces(namespaces);
        }
      } else if (event === RESET) {
        this.#events.dispatch(RESET, detail, false);
      } else if (event === CLOSED) {
        this.closed(detail.reason);
      }
    }
    #welcome(welcome) {
      this.#limits = welcome.limits;
      this.#outbox.limit(frameRoom(welcome.limits));
      this.#debug ||= welcome.debug;
      this.methods.replace(welcome.methods);
      this.#options.onNamespaces(welcome.namespaces);
      if (!this.#ready) {
        this.#ready = true;
        this.#waiting?.resolve();
        this.#waiting = void 0;
        this.connection.set("open");
        this.#options.onReady();
      } else {
        this.connection.set("open");
      }
    }
    /** Refuses a message that would have to wait where too many wait. */
    #checkRoom() {
      const refusal = this.#options.transport.full?.();
      if (refusal !== void 0) {
        throw localError("busy", refusal);
      }
    }
    #end(state, reason) {
      this.#state = state;
      this.#reason = reason;
      this.#ready = false;
      this.#calls.rejectAll((method) => this.#closedError(method));
    }
    #closedError(method) {
      return closedError(method, this.#reason);
    }
  };
  function closedError(method, reason) {
    return localError("closed", `call of ${method} has no answer: ${reason}`);
  }
  function warnUnsent(reason, frames) {
    for (let i = 0; i < frames.length; i++) {
      const { msgs } = parse(frames[i]);
      for (let j = 0; j < msgs.length; j++) {
        const message = msgs[j];
        if (message.type === "event") {
          warn(`auroraview: event ${message.event} may not have arrived: ${reason}`);
        }
      }
    }
  }
  function checkName(name, what) {
    if (typeof name !== "string" || name === "") {
      throw new TypeErrorCtor(`${what} must be a string that is not empty`);
    }
  }
  function checkEvent(event) {
    checkName(event, "event");
    if (startsWith(event, RESERVED)) {
      throw new TypeErrorCtor(`event names that start with ${RESERVED} are reserved`);
    }
  }
  function checkHandler(handler) {
    if (typeof handler !== "function") {
      throw new TypeErrorCtor("handler must be a function");
    }
  }

  // src/client.ts
  function createClient(options) {
    const namespaces = create(Object.prototype);
    const bridge = new Bridge({
      ...options,
      onNamespaces: (names) => {
        for (let i = 0; i < names.length; i++) {
          showNamespace(namespaces, names[i], bridge.methods.node(names[i]));
        }
      }
    });
    const methods = {
      call: (method, params, callOptions) => bridge.call(method, params, callOptions),
      send_event: (event, detail) => bridge.sendEvent(event, detail),
      on: (event, handler) => bridge.on(event, handler, false),
      once: (event, handler) => bridge.on(event, handler, true),
      off: (event, handler) => bridge.off(event, handler),
      trigger: (event, detail) => bridge.trigger(event, detail),
      whenReady: () => bridge.whenReady(),
      onReset: (handler) => bridge.onReset(handler)
    };
    const client = create(namespaces);
    for (const [name, value] of Object.entries(methods)) {
      defineProperty(client, name, { value: freeze(value), enumerable: true });
    }
    defineProperty(client, "api", { value: bridge.methods.node("api"), enumerable: true });
    defineProperty(client, "connection", { value: bridge.connection.shown, enumerable: true });
    defineProperty(client, "isReady", { get: () => bridge.isReady, enumerable: true });
    return { client: freeze(client), bridge };
  }

  // src/document_id.ts
  var ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  function newDocumentId() {
    const bytes = new Uint8Array(16);
    if (typeof crypto === "object") {
      crypto.getRandomValues(bytes);
    } else {
      for (let i = 0; i < 16; i++) {
        bytes[i] = Math.random() * 256;
      }
    }
    let id = "";
    for (let i = 0; i < 16; i++) {
      id += ALPHABET[bytes[i] & 63];
    }
    return id;
  }

  // src/page.ts
  function live(bridge) {
    window.addEventListener("pagehide", () => bridge.leave());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) {
        bridge.start();
        bridge.documentReady();
      }
    });
    bridge.start();
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", () => bridge.documentReady(), { once: true });
    } else {
      bridge.documentReady();
    }
  }
  function announce() {
    window.dispatchEvent(new Event("auroraviewready"));
  }

  // src/base64.ts
  var PIECE = 24576;
  function toBase64(bytes) {
    return nativeToBase64 === void 0 ? slowToBase64(bytes) : apply(nativeToBase64, bytes, []);
  }
  function fromBase64(text) {
    const bytes = nativeFromBase64 === void 0 ? slowFromBase64(text) : apply(nativeFromBase64, Bytes, [text]);
    const { length } = text;
    const padding = length === 0 || text[length - 1] !== "=" ? 0 : text[length - 2] === "=" ? 2 : 1;
    if (bytes.length !== length / 4 * 3 - padding) {
      throw new ErrorCtor("an attachment is not base64");
    }
    return bytes;
  }
  function slowToBase64(bytes) {
    let text = "";
    for (let from = 0; from < bytes.length; from += PIECE) {
      const piece = partOf(bytes, from, from + PIECE);
      text += nativeBtoa(apply(fromCharCode, void 0, piece));
    }
    return text;
  }
  function slowFromBase64(text) {
    const binary = nativeAtob(text);
    const bytes = new Bytes(binary.length);
    for (let i = 0; i < binary.length; i++) {
      bytes[i] = charCodeAt(binary, i);
    }
    return bytes;
  }
  function join(frame, attachments) {
    let text = frame;
    for (let i = 0; i < attachments.length; i++) {
      text += `
${toBase64(attachments[i])}`;
    }
    return text;
  }
  function split(text) {
    const attachments = [];
    let end = indexOf(text, "\n");
    const frame = end < 0 ? text : slice(text, 0, end);
    while (end >= 0) {
      const from = end + 1;
      end = indexOf(text, "\n", from);
      attachments[attachments.length] = fromBase64(slice(text, from, end < 0 ? text.length : end));
    }
    if (attachments.length !== announced(frame)) {
      throw new ErrorCtor("a frame has another number of attachments than it announces");
    }
    return { frame, attachments };
  }

  // src/transports/embedded.ts
  var POLLS = 2;
  var EMPTY_REPLIES = 4;
  var EMPTY_PAUSE = 1e3;
  var EmbeddedTransport = class {
    #key;
    #plain;
    #replying;
    #receiver;
    #prefix = "";
    /** Rises with every document and at close; a reply to an older poll is ignored. */
    #generation = 0;
    #open = 0;
    /** Polls that were refused; opened again with the next frame, lest a refusing host is asked in a circle. */
    #refused = 0;
    #empty = 0;
    /** `key` is the view's; `plain` takes posts, `replying` holds them open. */
    constructor(key, plain2, replying) {
      this.#key = key;
      this.#plain = taken2(plain2);
      this.#replying = taken2(replying);
    }
    open(document2, url, receiver) {
      this.#generation++;
      this.#receiver = receiver;
      this.#prefix = this.#key + document2;
      this.#open = 0;
      this.#refused = 0;
      this.#empty = 0;
      this.#post(encodeHelloFrame(document2, url));
    }
    send(frame, attachments) {
      if (this.#receiver !== void 0) {
        this.#post(attachments.length === 0 ? frame : join(frame, attachments));
      }
    }
    close() {
      this.#generation++;
      this.#receiver = void 0;
    }
    #post(frame) {
      this.#refused = 0;
      if (this.#open < POLLS) {
        this.#poll(frame);
        this.#refill();
      } else {
        try {
          this.#plain(this.#prefix + frame);
        } catch {
        }
      }
    }
    #refill() {
      while (this.#open + this.#refused < POLLS) {
        this.#poll("");
      }
    }
    #poll(frame) {
      const generation = this.#generation;
      this.#open++;
      let reply;
      try {
        reply = this.#replying(this.#prefix + frame);
      } catch {
        reply = void 0;
      }
      if (reply instanceof PromiseCtor) {
        whenSettled(
          reply,
          () => this.#lost(generation),
          (error) => {
            const text = messageOf(error);
            if (text === "" || typeof text === "string" && text[0] === "{") {
              this.#replied(generation, text);
            } else {
              this.#lost(generation);
            }
          }
        );
      } else {
        this.#lost(generation);
      }
    }
    #replied(generation, text) {
      if (generation !== this.#generation || this.#receiver === void 0) {
        return;
      }
      this.#open--;
      if (text !== "") {
        this.#empty = 0;
        if (!this.#take(this.#receiver, text) && generation === this.#generation) {
          this.#refill();
        }
      } else if (this.#empty < EMPTY_REPLIES) {
        this.#empty++;
        queueMicrotask(() => this.#again(generation));
      } else {
        setTimer(() => this.#again(generation), EMPTY_PAUSE);
      }
    }
    #take(receiver, text) {
      let parts;
      try {
        parts = split(text);
      } catch {
        warn("auroraview: a frame with an attachment that is not base64 was dropped");
        return false;
      }
      return receiver.receive(parts.frame, parts.attachments);
    }
    #again(generation) {
      if (generation === this.#generation) {
        this.#refill();
      }
    }
    #lost(generation) {
      if (generation === this.#generation) {
        this.#open--;
        this.#refused++;
      }
    }
  };
  function taken2(handler) {
    const { postMessage } = handler;
    return (text) => apply(postMessage, handler, [text]);
  }
  function messageOf(error) {
    return typeof error === "object" && error !== null ? error.message : void 0;
  }

  // src/event_bridge.ts
  function start({ key, debug }) {
    const { ipc, auroraview } = webkit.messageHandlers;
    const { client, bridge } = createClient({
      transport: new EmbeddedTransport(key, ipc, auroraview),
      newDocument: newDocumentId,
      url: () => location.href,
      onReady: announce,
      debug
    });
    defineProperty(window, "auroraview", { value: client, enumerable: true });
    if (getOwnPropertyDescriptor(window, "ipc") === void 0) {
      const { postMessage } = ipc;
      const post = freeze((text) => apply(postMessage, ipc, [text]));
      defineProperty(window, "ipc", { value: freeze({ postMessage: post }) });
    }
    live(bridge);
  }
  var { origins } = __AURORAVIEW_CONFIG__;
  if (window.top === window && origins.indexOf(location.origin) >= 0 && getOwnPropertyDescriptor(window, "auroraview") === void 0) {
    start(__AURORAVIEW_CONFIG__);
  }
})();
