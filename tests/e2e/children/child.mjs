// A Node.js program that a launcher runs and that is none of ours: no packages, and a WebSocket by hand.
//
// It says `ready`, then `found` with what it was given, answers every `echo` with `echoed`, and ends with its stdin.
// CHILD is how it misbehaves: `junk` before it is ready, ready `twice`, `crash` with last words, `never` ready, `deaf`
// to the end of its stdin and to SIGTERM.

import { randomBytes } from "node:crypto";
import http from "node:http";
import readline from "node:readline";

const mode = process.env.CHILD ?? "";
if (mode === "crash") {
  console.error("no such texture");
  throw new Error("cannot go on");
}

function givenPort(words) {
  for (const [at, word] of words.entries()) {
    if (word === "--ws-port") return words[at + 1];
    if (word.startsWith("--ws-port=")) return word.slice("--ws-port=".length);
  }
  return process.env.AURORAVIEW_WS_PORT;
}

const lines = readline.createInterface({ input: process.stdin });
const first = process.env.AURORAVIEW_SECRET_VIA === "stdin" && new Promise((resolve) => lines.once("line", resolve));
if (mode === "deaf") {
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 1000);
} else {
  lines.on("close", () => process.exit(0));
}
const secret = (await first) || process.env.AURORAVIEW_SECRET;
const port = givenPort(process.argv.slice(2));

http
  .get({
    host: "127.0.0.1",
    port,
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    },
  })
  .on("upgrade", (_, socket, head) => talk(socket, head))
  .on("response", (response) => {
    console.error(`refused with ${response.statusCode}`);
    process.exit(1);
  });

// A frame with a mask, as clients send it.
function frame(kind, payload) {
  const size = payload.length;
  const long = size > 65535 ? 8 : size > 125 ? 2 : 0;
  const head = Buffer.alloc(2 + long);
  head[0] = 0x80 | kind;
  head[1] = 0x80 | (long === 8 ? 127 : long === 2 ? 126 : size);
  if (long === 8) head.writeBigUInt64BE(BigInt(size), 2);
  if (long === 2) head.writeUInt16BE(size, 2);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ mask[at % 4])]);
}

function talk(socket, head) {
  const say = (text) => socket.write(frame(1, Buffer.from(text)));
  const send = (type, fields = {}) => say(JSON.stringify({ type, ...fields }));
  if (secret !== undefined) send("hello", { token: secret });
  if (mode === "junk") {
    for (const junk of ["", "junk", "{", "[]", "3", "{}", '{"type":null}', '{"type":["ready"]}', '{"type":""}']) say(junk);
    socket.write(frame(2, Buffer.from([0xff, 0])));
  }
  if (mode === "never") return;
  send("ready");
  if (mode === "twice") send("ready", { again: true });
  send("found", { pid: process.pid, words: process.argv.slice(2), secret, url: process.env.AURORAVIEW_URL });

  let rest = head;
  let pieces = [];
  const read = (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 2) return;
      const short = rest[1] & 127;
      const long = short === 127 ? 8 : short === 126 ? 2 : 0;
      if (rest.length < 2 + long) return;
      const size = long === 8 ? Number(rest.readBigUInt64BE(2)) : long === 2 ? rest.readUInt16BE(2) : short;
      const end = 2 + long + size;
      if (rest.length < end) return;
      const [first, payload] = [rest[0], rest.subarray(2 + long, end)];
      rest = rest.subarray(end);
      const kind = first & 15;
      if (kind === 9) socket.write(frame(10, payload));
      if (kind > 2) continue;
      pieces.push(payload);
      if (first & 0x80) {
        const { type, data } = JSON.parse(Buffer.concat(pieces).toString());
        pieces = [];
        if (type === "echo") send("echoed", { value: data });
        if (type === "say") console.log(data);
        if (type === "exit") process.exit(data);
      }
    }
  };
  socket.on("data", read);
  read(Buffer.alloc(0));
}
