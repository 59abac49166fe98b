// The body of a function of `__AURORAVIEW_CONSOLE__`, {token, handler}: tells what the page writes to its console, and
// errors that nobody catches. The page can take any function away that it likes; what is needed is kept here. The token
// tells this script from frames, which may post too, and is not in any function's text.
const { token, handler } = __AURORAVIEW_CONSOLE__;
const port = window.webkit?.messageHandlers?.[handler];
if (!port) return;
const post = port.postMessage.bind(port);
const { stringify } = JSON;
const { apply, ownKeys } = Reflect;
const NewError = Error;
const { isView } = ArrayBuffer;
const { toWellFormed } = String.prototype;
const LONGEST = 65536;
const MOST_PARTS = 100;
const OWN = /^user-script:/;
const PLACE = /^(?:.*@)?([a-z][a-z0-9+.-]*:.*?)(?::(\d+))?(?::\d+)?$/i;

// Where a stack leaves this script: [address, line].
const placeIn = (stack) => {
  try {
    for (const line of String(stack).split("\n")) {
      const found = PLACE.exec(line);
      if (found && !OWN.test(found[1])) return [found[1], found[2] ? +found[2] : null];
    }
  } catch {}
  return [null, null];
};

// No more of it than is told: the page waits meanwhile.
const cut = (text, most = LONGEST) => (text.length > most ? `${text.slice(0, most)}…` : text);

const describeError = (error) => {
  const head = cut(`${error.name}: ${error.message}`);
  const stack = cut(String(error.stack ?? "")).split("\n").filter((line) => placeIn(line)[0]);
  return stack.length ? `${head}\n    ${stack.slice(0, 20).join("\n    ")}` : head;
};

// Without a copy of it, which would run code of the page and load what it shows.
const describeElement = (element) => {
  const name = element.localName;
  const attributes = element.getAttributeNames().slice(0, MOST_PARTS);
  const written = attributes.map((attribute) => ` ${attribute}=${stringify(cut(element.getAttribute(attribute), 1000))}`);
  return `<${name}${written.join("")}></${name}>`;
};

// The first parts of an array, an object or a buffer, and how many more there are.
const firstParts = (value) => {
  const isList = Array.isArray(value) || (isView(value) && "length" in value);
  if (isList) {
    // What says how many more there are may be one of them.
    if (value.length <= MOST_PARTS + 1) return isView(value) ? [...value] : value;
    return [...value.slice(0, MOST_PARTS), `… ${value.length - MOST_PARTS} more`];
  }
  const names = Object.keys(value);
  if (names.length <= MOST_PARTS) return value;
  const first = {};
  for (const name of names.slice(0, MOST_PARTS)) first[name] = value[name];
  first["…"] = `${names.length - MOST_PARTS} more`;
  return first;
};

const describe = (value, bare = true) => {
  try {
    if (typeof value === "string") return bare ? cut(value) : stringify(cut(value));
    if (typeof value === "bigint") return cut(`${value}n`);
    if (typeof value === "function") return `function ${value.name}`;
    if (value === null || typeof value !== "object") return String(value);
    if (value instanceof Error) return describeError(value);
    if (value instanceof Element) return describeElement(value);
    if (value instanceof Map || value instanceof Set) {
      const first = [];
      for (const entry of value) {
        if (first.length === MOST_PARTS) {
          first.push(`… ${value.size - MOST_PARTS} more`);
          break;
        }
        first.push(entry);
      }
      return `${value.constructor.name} ${describe(first, false)}`;
    }
    if (value instanceof Node || value === window) return String(value);
    const seen = new Set();
    let left = 2000;
    let room = LONGEST;
    const json = stringify(value, (_, part) => {
      if (room < 0) return undefined;
      if (typeof part === "string") part = cut(part);
      else if (typeof part === "bigint") part = cut(`${part}n`);
      else if (typeof part === "function") part = `function ${part.name}`;
      else if (part instanceof Error) part = describeError(part);
      if (part === null || typeof part !== "object") {
        room -= typeof part === "string" ? part.length : 8;
        return part;
      }
      if (seen.has(part) || --left < 0) return "…";
      seen.add(part);
      return firstParts(part);
    });
    return json === undefined ? String(value) : json;
  } catch {
    try { return Object.prototype.toString.call(value); } catch { return "?"; }
  }
};

// As the console's %f and %d.
const numberOf = (value, whole) => {
  try {
    const number = Number(value);
    return String(whole ? Math.trunc(number) : number);
  } catch {
    return "NaN";
  }
};

const format = (values) => {
  let rest = 1;
  let text = "";
  if (typeof values[0] === "string" && values.length > 1) {
    text = values[0].replace(/%[sdifoOc%]/g, (mark) => {
      if (mark === "%%") return "%";
      if (rest >= values.length) return mark;
      const value = values[rest++];
      if (mark === "%c") return "";
      if (mark === "%s") return describe(value);
      if (mark === "%f") return numberOf(value, false);
      if (mark === "%d" || mark === "%i") return numberOf(value, true);
      return describe(value, false);
    });
  } else {
    text = values.length ? describe(values[0]) : "";
  }
  for (; rest < values.length && text.length <= LONGEST; rest++) text += ` ${describe(values[rest])}`;
  return text;
};

// Half a surrogate pair is no text; it is shown as browsers show it.
const wellFormed = (text) =>
  toWellFormed
    ? apply(toWellFormed, text, [])
    : text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

const tell = (level, text, [source, line]) => {
  try {
    post(token + stringify([level, wellFormed(cut(text)), source, line]));
  } catch {}
};

let telling = false;
const heard = (level, values, stack) => {
  // What is described may itself write to the console.
  if (telling) return;
  telling = true;
  try {
    tell(level, format(values), placeIn(stack));
  } catch {
    // Writing to the console fails by nothing that the page has made of its objects.
    tell(level, "(a message that cannot be written)", [null, null]);
  } finally {
    telling = false;
  }
};

const levels = { log: "log", info: "info", warn: "warning", error: "error", debug: "debug", dir: "log", table: "log", trace: "log" };
for (const name of ownKeys(levels)) {
  const original = console[name];
  if (typeof original !== "function") continue;
  const level = levels[name];
  const told = (values) => heard(level, name === "dir" ? values.slice(0, 1) : values, NewError().stack);
  console[name] = { [name](...values) { told(values); return apply(original, console, values); } }[name];
}
const original = console.assert;
console.assert = { assert(condition, ...values) {
  if (!condition) heard("error", values.length ? ["Assertion failed:", ...values] : ["Assertion failed"], NewError().stack);
  return apply(original, console, [condition, ...values]);
} }.assert;

addEventListener("error", (event) => {
  if (event instanceof ErrorEvent) {
    const text = event.error instanceof Error ? describeError(event.error) : event.error == null ? event.message : describe(event.error);
    tell("error", `Uncaught ${text}`, placeIn(`${event.filename}:${event.lineno}`));
  } else if (event.target instanceof Element) {
    const address = event.target.currentSrc || event.target.src || event.target.href || event.target.data;
    tell("error", `Failed to load ${address || describe(event.target)}`, [null, null]);
  }
}, true);
addEventListener("unhandledrejection", (event) => {
  const { reason } = event;
  tell("error", `Unhandled rejection: ${describe(reason)}`, placeIn(reason instanceof Error ? reason.stack : ""));
}, true);
addEventListener("securitypolicyviolation", (event) => {
  tell("error", `Blocked by the content security policy (${event.effectiveDirective}): ${event.blockedURI || "inline"}`,
    [event.sourceFile || null, event.lineNumber || null]);
}, true);
