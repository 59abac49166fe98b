// Built from js_sdk/src/event_bridge.ts by `npm run build`. Do not edit.
"use strict";
(() => {
  // src/primitives.ts
  var { parse, stringify } = JSON;
  var { apply } = Reflect;
  var { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
  var { isArray } = Array;
  var { min } = Math;
  var PromiseCtor = Promise;
  var ErrorCtor = Error;
  var TypeErrorCtor = TypeError;
  var RangeErrorCtor = RangeError;
  var ProxyCtor = Proxy;
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

  // src/protocol.ts
  var PROTOCOL = 1;
  var RESERVED = "__auroraview_";
  var WELCOME = "__auroraview_welcome";
  var CALL_RESULT = "__auroraview_call_result";
  var BOUND = "__auroraview_bound";
  var RESET = "__auroraview_reset";
  var CLOSED = "__auroraview_closed";

  // src/encode.ts
  var ENVELOPE_BYTES = 160;
  var UNTOLD = {
    message_bytes: Number.POSITIVE_INFINITY,
    depth: 200,
    calls_in_flight: Number.POSITIVE_INFINITY
  };
  function encodeValue(value, limits) {
    let text;
    try {
      text = stringify(value);
    } catch (error) {
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
  function checkSize(message, limits) {
    const room = limits.message_bytes - ENVELOPE_BYTES;
    if (message.length * 3 > room && utf8Length(message) > room) {
      throw localError("too_large", `message is longer than ${limits.message_bytes} bytes`);
    }
  }
  function encodeHello(document2, url) {
    return `{"type":"hello","protocol":${PROTOCOL},"document":"${document2}","url":${stringify(url)}}`;
  }
  var READY = '{"type":"ready"}';
  function encodeCall(id, method, params) {
    const head = `{"type":"call","id":${id},"method":${stringify(method)}`;
    return params === "" ? `${head}}` : `${head},"params":${params}}`;
  }
  function encodeEvent(event, detail) {
    const head = `{"type":"event","event":${stringify(event)}`;
    return detail === "" ? `${head}}` : `${head},"detail":${detail}}`;
  }
  function encodeCancel(id) {
    return `{"type":"cancel","id":${id}}`;
  }
  function encodeFrame(document2, ack, messages) {
    const acknowledged = ack === 0 ? "" : `"ack":${ack},`;
    return `{"v":1,"doc":"${document2}",${acknowledged}"msgs":[${messages}]}`;
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

  // src/outbox.ts
  var SETTLE = 8;
  var FRAME_UNITS = 65536;
  var Outbox = class {
    #send;
    #step = () => this.#stepOrFlush();
    #document = "";
    #batch = "";
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
      this.#batch = "";
      this.#ack = 0;
      this.#ackDue = false;
    }
    /** Queues the text of a message. */
    push(message) {
      if (this.#batch === "") {
        this.#batch = message;
        this.#schedule(0);
      } else if (this.#batch.length + message.length < this.#room) {
        this.#batch += `,${message}`;
      } else {
        this.flush();
        this.#batch = message;
      }
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
        const messages = this.#batch;
        const ack = this.#ackDue ? this.#ack : 0;
        this.#batch = "";
        this.#ackDue = false;
        this.#send(encodeFrame(this.#document, ack, messages));
      }
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
        this.flush();
      }
    }
  };

  // src/bridge.ts
  var DEFAULT_TIMEOUT = 3e4;
  var Bridge = class {
    methods;
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
    #waiting;
    constructor(options) {
      this.#options = options;
      this.#debug = options.debug;
      this.#outbox = new Outbox((frame) => options.transport.send(frame));
      this.#calls = new Calls((id) => this.#outbox.push(encodeCancel(id)));
      this.methods = new Methods((method, params) => this.call(method, params));
    }
    get isReady() {
      return this.#ready;
    }
    /** Says hello for a new document; for the first time, or after {@link leave}. */
    start() {
      this.#document = this.#options.newDocument();
      this.#lastSeq = 0;
      this.#ready = false;
      this.#state = "open";
      this.#events.forget();
      this.#outbox.reset(this.#document);
      this.#options.transport.open(this.#document, this);
      this.#outbox.push(encodeHello(this.#document, this.#options.url()));
      this.#outbox.flush();
    }
    /** The document is parsed: events may come. */
    documentReady() {
      this.#outbox.push(READY);
    }
    /** The document is being left: nothing is waited for any more. Events may still be sent. */
    leave() {
      if (this.#state === "open") {
        this.#end("away", "the page was left");
      }
    }
    call(method, params, options) {
      if (this.#state !== "open") {
        return rejected(this.#closedError(method));
      }
      const timeout = options?.timeout ?? DEFAULT_TIMEOUT;
      const signal = options?.signal;
      let message;
      try {
        checkName(method, "method");
        if (typeof timeout !== "number" || !(timeout >= 0)) {
          throw new TypeErrorCtor("timeout must be a number of milliseconds, 0 for none");
        }
        if (signal?.aborted) {
          throw aborted(method, signal);
        }
        const text = params === void 0 ? "" : encodeValue(params, this.#limits);
        message = encodeCall(this.#lastId + 1, method, text);
        checkSize(message, this.#limits);
      } catch (error) {
        return rejected(error);
      }
      this.#lastId++;
      this.#outbox.push(message);
      return this.#calls.add(this.#lastId, method, timeout, signal);
    }
    sendEvent(event, detail) {
      checkEvent(event);
      const text = detail === void 0 ? "" : encodeValue(detail, this.#limits);
      const message = encodeEvent(event, text);
      checkSize(message, this.#limits);
      if (this.#state !== "closed") {
        this.#outbox.push(message);
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
    receive(text) {
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
        for (let i = 0; i < msgs.length; i++) {
          try {
            this.#take(msgs[i]);
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
    closed(reason) {
      if (this.#state !== "closed") {
        this.#end("closed", reason);
        this.#waiting?.reject(localError("closed", reason));
        this.#waiting = void 0;
        this.#outbox.reset(this.#document);
        this.#options.transport.close();
      }
    }
    #take(message) {
      const event = message?.event;
      if (message?.type !== "event" || typeof event !== "string") {
        return;
      }
      if (event === CALL_RESULT) {
        this.#takeResult(message.detail);
      } else if (startsWith(event, RESERVED)) {
        this.#takeInternal(event, message.detail);
      } else {
        const { detail } = message;
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
        this.#options.onReady();
      }
    }
    #end(state, reason) {
      this.#state = state;
      this.#reason = reason;
      this.#ready = false;
      this.#calls.rejectAll((method) => this.#closedError(method));
    }
    #closedError(method) {
      return localError("closed", `call of ${method} has no answer: ${this.#reason}`);
    }
  };
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
    constructor(key, plain, replying) {
      this.#key = key;
      this.#plain = taken2(plain);
      this.#replying = taken2(replying);
    }
    open(document2, receiver) {
      this.#generation++;
      this.#receiver = receiver;
      this.#prefix = this.#key + document2;
      this.#open = 0;
      this.#refused = 0;
      this.#empty = 0;
    }
    send(frame) {
      if (this.#receiver === void 0) {
        return;
      }
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
    close() {
      this.#generation++;
      this.#receiver = void 0;
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
        if (!this.#receiver.receive(text) && generation === this.#generation) {
          this.#refill();
        }
      } else if (this.#empty < EMPTY_REPLIES) {
        this.#empty++;
        queueMicrotask(() => this.#again(generation));
      } else {
        setTimer(() => this.#again(generation), EMPTY_PAUSE);
      }
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
      onReady: () => {
        window.dispatchEvent(new Event("auroraviewready"));
      },
      debug
    });
    defineProperty(window, "auroraview", { value: client, enumerable: true });
    if (getOwnPropertyDescriptor(window, "ipc") === void 0) {
      const { postMessage } = ipc;
      const post = freeze((text) => apply(postMessage, ipc, [text]));
      defineProperty(window, "ipc", { value: freeze({ postMessage: post }) });
    }
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
  var { origins } = __AURORAVIEW_CONFIG__;
  if (window.top === window && origins.indexOf(location.origin) >= 0 && getOwnPropertyDescriptor(window, "auroraview") === void 0) {
    start(__AURORAVIEW_CONFIG__);
  }
})();
