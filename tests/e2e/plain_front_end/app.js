// A page as applications have them that never heard of AuroraView: a WebSocket, JSON with a type, and patience.
// It finds its port in its address, and in the configuration beside it when nobody answers there.

"use strict";

const by = (id) => document.getElementById(id);
const given = new URLSearchParams(location.search).get("port");
const heard = []; // all messages, as [type, data]
let socket;
let tries = 0; // since the last connection

function send(type, fields = {}) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type, ...fields }));
}

// The port of the configuration as it is now; it may have been written since the page was loaded.
function configured() {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.onload = script.onerror = () => {
      script.remove();
      resolve(window.WS_CONFIG?.port);
    };
    script.src = `ws-config.js?${Date.now()}`;
    document.head.append(script);
  });
}

async function connect() {
  const port = (tries % 2 === 1 ? await configured() : undefined) ?? given ?? window.WS_CONFIG?.port ?? 8765;
  socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    tries = 0;
    by("state").textContent = `connected to ${port}`;
    send("ready");
  };
  socket.onmessage = ({ data }) => {
    const message = typeof data === "string" ? JSON.parse(data) : unpack(data);
    heard.push([message.type, message.data]);
    handlers[message.type]?.(message.data);
  };
  socket.onclose = () => {
    by("state").textContent = "waiting";
    setTimeout(connect, Math.min(100 * 2 ** tries, 1000));
    tries += 1;
  };
}

const handlers = {
  settings(data) {
    by("settings").textContent = data.units;
  },
  row(data) {
    by("rows").appendChild(document.createElement("li")).textContent = `${data} ${by("settings").textContent}`;
  },
  echo(data) {
    send("echoed", { value: data instanceof Uint8Array ? [...data] : data, binary: data instanceof Uint8Array });
  },
  press() {
    by("pick").click();
  },
  report() {
    send("reported", { heard, title: document.title, rows: [...by("rows").children].map((row) => row.textContent) });
  },
  shutdown() {
    by("state").textContent = "the program ends";
  },
};

by("pick").onclick = () => send("picked", { count: by("rows").children.length, "a key": ["ä", null, 1.5, "✓"] });
connect();
