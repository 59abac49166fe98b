/**
 * The transport of a page in a browser: a WebSocket that is replaced when it breaks. Until there is a session it may ask
 * several places for one.
 *
 * Frames are numbered and kept until the server says that they took effect. A new connection tells how far this page
 * has got, learns how far the session has, and both send again what the other has missed. Where the session is gone,
 * the document begins anew and the bridge is told.
 */
import { Attached } from "../attached";
import {
  clearTimer,
  now,
  PromiseCtor,
  parse,
  SafeMap,
  setTimer,
  slice,
  startsWith,
  stringify,
  warn,
  whenSettled,
} from "../primitives";
import { type ClientMessage, PROTOCOL, type ServerMessage } from "../protocol";
import type { Receiver, Transport } from "../transport";
import { Backoff } from "./backoff";
import { targetOf } from "./endpoint";
import { Heartbeat } from "./heartbeat";
import { canInflate, Inbound } from "./inbound";
import { Kept, type KeptFrame } from "./kept";
import { type Credentials, Memory, type Place } from "./place";
import { type End, type Lead, Search } from "./search";
import { refuse, tellLost } from "./unsent";

/** The part of a WebSocket that is used. */
export interface Socket {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type SocketClass = new (url: string) => Socket;

interface ConnectionOptions {
  /** Where there is no global one. */
  WebSocket?: SocketClass | undefined;
  /** Attempts to connect in a row before it is given up; without it there is no limit. */
  maxAttempts?: number | undefined;
  /** Called when the server wants the page to load anew. */
  reload?: (() => void) | undefined;
}

export interface WebSocketOptions extends ConnectionOptions {
  /** Address of the server (`http://127.0.0.1:8000/`, a fragment `#token=...` is understood) or of its WebSocket. */
  url: string | URL;
  /** The secret of the link that the program printed. */
  token?: string | undefined;
  /** Where the session is kept for the next document. Without it: in memory. */
  place?: Place | undefined;
}

/** For a page that is not told where its server is. */
export interface SearchOptions extends ConnectionOptions {
  /** The places to ask, at least one; called before each pass over them. An attempt is one pass. */
  leads: () => readonly Lead[];
}

/** A connection that lasted so long makes the next attempts quick again, in milliseconds. */
const STABLE = 5000;

/** A frame that is longer is announced: a program may not see that a part of it came. */
const LONG = 262_144;
/** What becomes of a frame that closed the connection. */
const TOO_LONG = "it is larger than the program, or a server on the way to it, takes";

/** What a program is told of the page's address; a `data:` address is the whole page. */
const URL_LENGTH = 16_384;

/** No close code: connecting was refused before it began. */
const FORBIDDEN = -1;
const GOING_AWAY = 1001;
const KICKED = 4000;
const REFUSED = 4001;
const PROTOCOL_ERROR = 4002;
const TAKEN_OVER = 4004;
const TOO_LARGE = 1009;

/** `seeking`: looking for credentials. `left`: the document is being left and connects no more. */
type State = "seeking" | "connecting" | "open" | "waiting" | "left" | "closed";

export class WebSocketTransport implements Transport {
  readonly #options: ConnectionOptions;
  readonly #Socket: SocketClass;
  readonly #search: Search;
  readonly #kept = new Kept();
  readonly #backoff = new Backoff();
  readonly #heartbeat = new Heartbeat(
    () => this.#say({ type: "ping" }),
    () => this.#dropped(0, "nothing was heard from the program"),
  );
  #state: State = "closed";
  #receiver: Receiver | undefined;
  #document = "";
  #url = "";
  #credentials: Credentials = {};
  #socket: Socket | undefined;
  #inbound: Inbound | undefined;
  /** Rises with every connection; what comes from an older one is ignored. */
  #generation = 0;
  #timer: unknown;
  /** Attempts since there was a session. */
  #attempts = 0;
  #openedAt = 0;
  /** Where hello was said for this document, so that the server may know it. */
  readonly #said = new SafeMap<string, true>();
  /** There was a session for this document. */
  #begun = false;
  /** How often in a row something was too large, and nothing could be left out. */
  #tooLarge = 0;
  #leaving = false;
  #stopListening: (() => void) | undefined;

  /** @throws TypeError for an address that is none, or where there is no WebSocket. */
  constructor(options: WebSocketOptions | SearchOptions) {
    const leads = "leads" in options ? options.leads : only(options);
    const Socket = options.WebSocket ?? (globalThis as { WebSocket?: SocketClass }).WebSocket;
    if (Socket === undefined) {
      throw new TypeError("there is no global WebSocket here: pass the option WebSocket");
    }
    this.#options = options;
    this.#Socket = Socket;
    this.#search = new Search(leads);
  }

  open(document: string, url: string, receiver: Receiver): void {
    this.#disconnect();
    this.#document = document;
    this.#url = url;
    this.#receiver = receiver;
    this.#kept.clear();
    this.#backoff.reset();
    this.#attempts = 0;
    this.#said.clear();
    this.#begun = false;
    this.#tooLarge = 0;
    this.#leaving = false;
    this.#stopListening ??= this.#listen();
    receiver.paused("");
    this.#attempts++;
    this.#search.begin();
    this.#seek();
  }

  send(frame: string, attachments: readonly Uint8Array[], messages: number): void {
    if (this.#state === "closed" || this.#state === "left") {
      return;
    }
    if (messages > 0) {
      const kept = this.#kept.add(frame, attachments, messages);
      if (this.#state === "open") {
        this.#post(kept);
      }
    } else if (this.#state === "open") {
      // An acknowledgement alone needs no number: the next connection says the same.
      this.#put(frame);
    }
  }

  full(): string | undefined {
    return this.#state === "open" ? undefined : this.#kept.full();
  }

  leave(): void {
    this.#leaving = true;
    this.#search.lead.place.leave();
    if (this.#state === "open") {
      this.#say({ type: "bye" });
    } else if (this.#state !== "closed") {
      this.#disconnect();
      this.#state = "left";
    }
  }

  close(): void {
    this.#disconnect();
    this.#state = "closed";
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Tries again: where the session is, or else all places from the first one on. */
  #again(): void {
    this.#attempts++;
    if (this.#search.settled) {
      this.#connect();
    } else {
      this.#search.begin();
      this.#seek();
    }
  }

  /** Connects with what is remembered for the place to ask. */
  #seek(): void {
    this.#disconnect();
    this.#state = "seeking";
    const credentials = this.#search.lead.place.credentials();
    if (credentials instanceof PromiseCtor) {
      const generation = this.#generation;
      const found = (ours: Credentials): void => {
        if (generation === this.#generation) {
          this.#credentials = ours;
          this.#connect();
        }
      };
      whenSettled(credentials, found, () => found({}));
    } else {
      this.#credentials = credentials as Credentials;
      this.#connect();
    }
  }

  #connect(): void {
    this.#disconnect();
    this.#state = "connecting";
    const { patience, lead } = this.#search;
    const { endpoint } = lead;
    const generation = this.#generation;
    let socket: Socket;
    try {
      socket = new this.#Socket(endpoint);
    } catch (error) {
      // An address that this page may not connect to, now or ever.
      this.#dropped(FORBIDDEN, `no connection to ${endpoint}: ${(error as Error).message}`);
      return;
    }
    const inbound = new Inbound(
      (text, attachments) => this.#take(text, attachments),
      (reason) => this.#broken(generation, reason),
    );
    this.#socket = socket;
    this.#inbound = inbound;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (generation === this.#generation) {
        this.#hello();
      }
    };
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      if (generation === this.#generation) {
        this.#heartbeat.heard();
        if (typeof data === "string") {
          inbound.text(data);
        } else {
          inbound.binary(data);
        }
      }
    };
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      if (generation === this.#generation) {
        this.#dropped(code, reason);
      }
    };
    socket.onerror = () => {};
    this.#timer = setTimer(() => this.#broken(generation, "the program did not answer in time"), patience);
  }

  #hello(): void {
    const { token, session, resume } = this.#credentials;
    const { endpoint, trusted } = this.#search.lead;
    const url = slice(this.#url, 0, URL_LENGTH);
    const hello: ClientMessage = { type: "hello", protocol: PROTOCOL, document: this.#document, url };
    if (token !== undefined && trusted) {
      hello.token = token;
    }
    if (session !== undefined && resume !== undefined) {
      hello.session = session;
      hello.resume = resume;
    }
    if (this.#said.has(endpoint)) {
      hello.received = this.#receiver?.received ?? 0;
    }
    if (canInflate) {
      hello.accepts = ["gzip"];
    }
    this.#said.set(endpoint, true);
    this.#say(hello);
  }

  #take(text: string, attachments: readonly Uint8Array[]): void {
    if (!startsWith(text, '{"type":')) {
      this.#heartbeat.expect(0);
      if (this.#state === "open") {
        this.#receiver?.receive(text, new Attached(attachments));
      }
      return;
    }
    let message: ServerMessage;
    try {
      message = parse(text);
    } catch {
      this.#broken(this.#generation, "a message came that is not JSON");
      return;
    }
    switch (message.type) {
      case "long":
        this.#heartbeat.expect(message.bytes);
        break;
      case "session":
        this.#welcome(message);
        break;
      case "ack":
        this.#tooLarge = 0;
        this.#kept.forget(message.received);
        break;
      case "ping":
        this.#say({ type: "pong" });
        break;
      case "reload":
        this.#options.reload?.();
        break;
    }
  }

  #welcome({ id, resume, received, resumed, heartbeat, timeout }: ServerMessage & { type: "session" }): void {
    if (this.#state !== "connecting") {
      return;
    }
    clearTimer(this.#timer);
    this.#credentials = { token: this.#credentials.token, session: id, resume };
    this.#search.lead.place.keep(id, resume);
    this.#search.settle();
    this.#attempts = 0;
    this.#openedAt = now();
    this.#heartbeat.start(heartbeat, timeout);
    if (resumed) {
      this.#kept.forget(received);
      const refused = this.#tooLarge === 0 ? undefined : this.#kept.empty(this.#document);
      if (refused !== undefined && this.#receiver !== undefined) {
        this.#tooLarge = 0;
        refuse(this.#receiver, refused, "too_large", TOO_LONG);
      }
    } else if (this.#begun) {
      this.#tooLarge = 0;
      const reason = "the program no longer knew this page when it connected again";
      const unsent = this.#kept.all();
      this.#kept.clear();
      if (this.#receiver?.debug) {
        for (let i = 0; i < unsent.length; i++) {
          tellLost((unsent[i] as KeptFrame).text, reason);
        }
      }
      this.#receiver?.lost(reason);
    }
    this.#begun = true;
    this.#state = "open";
    const frames = this.#kept.all();
    for (let i = 0; i < frames.length; i++) {
      this.#post(frames[i] as KeptFrame);
    }
    this.#receiver?.resumed();
  }

  #post({ text, attachments, size }: KeptFrame): void {
    if (size > LONG) {
      this.#say({ type: "long", bytes: size });
    }
    this.#put(text);
    for (let i = 0; i < attachments.length; i++) {
      this.#put(attachments[i] as Uint8Array<ArrayBuffer>);
    }
  }

  #say(message: ClientMessage): void {
    this.#put(stringify(message));
  }

  #put(data: string | Uint8Array<ArrayBuffer>): void {
    try {
      this.#socket?.send(data);
    } catch {
      // The socket is gone: its close event tells.
    }
  }

  /** Gives a connection up, and tries the next. */
  #broken(generation: number, reason: string): void {
    if (generation === this.#generation) {
      this.#dropped(0, reason);
    }
  }

  #dropped(code: number, told: string): void {
    const wasOpen = this.#state === "open";
    this.#disconnect();
    if (this.#leaving) {
      this.#state = "left";
      return;
    }
    const outcome = this.#search.ended({ code, reason: code === REFUSED ? this.#remedy() : told });
    if (outcome === undefined) {
      this.#seek();
      return;
    }
    const end = this.#endOf(outcome);
    if (end !== undefined) {
      this.#receiver?.closed(end);
      return;
    }
    const { reason } = outcome;
    if (wasOpen && now() - this.#openedAt >= STABLE) {
      this.#backoff.reset();
    }
    this.#state = "waiting";
    this.#timer = setTimer(() => this.#again(), this.#backoff.next());
    if (outcome.code === GOING_AWAY) {
      this.#receiver?.paused(reason === "" ? "the server was closed" : reason, wasOpen);
    } else {
      this.#receiver?.paused(reason === "" ? "the connection was lost" : reason);
    }
  }

  /** What to do where a token is wanted and the right one was not said. */
  #remedy(): string {
    const { endpoint, trusted } = this.#search.lead;
    if (!trusted) {
      return `${endpoint} wants a token, which goes only where the address of the page leads: add ?port=... to it`;
    }
    const why = this.#credentials.token === undefined ? "the page has no token" : "the token was refused";
    return `${why}: open the link with #token=... that the program printed`;
  }

  /** Why there is no point in another attempt; undefined where there is. */
  #endOf({ code, reason }: End): string | undefined {
    const { maxAttempts } = this.#options;
    switch (code) {
      case FORBIDDEN:
        return reason;
      case KICKED:
        return reason === "" ? "the program closed the session" : reason;
      case REFUSED:
        warn(`auroraview: ${reason}`);
        return reason;
      case PROTOCOL_ERROR:
        warn(`auroraview: the program does not understand this page: ${reason}`);
        return reason === "" ? "the program does not understand this page" : reason;
      case TAKEN_OVER:
        return "another page took the session over";
      case TOO_LARGE:
        // The frame is left out when the session is there again; what can never pass must not go round for ever.
        this.#tooLarge++;
        return this.#tooLarge > 1 ? "a frame is larger than the program takes" : undefined;
    }
    if (maxAttempts !== undefined && this.#attempts >= maxAttempts) {
      return `no connection after ${this.#attempts} attempts`;
    }
    return undefined;
  }

  /** Lets go of the connection and of every timer; what still comes from them is ignored. */
  #disconnect(): void {
    this.#generation++;
    clearTimer(this.#timer);
    this.#heartbeat.stop();
    this.#inbound?.end();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#inbound = undefined;
    if (socket !== undefined) {
      try {
        socket.close();
      } catch {
        // It never was open.
      }
    }
  }

  /** Does not wait where there is a sign that a connection may be had again, or that one may be dead. */
  #hurry(): void {
    if (this.#state === "waiting") {
      this.#backoff.reset();
      this.#again();
    } else if (this.#state === "open" && !this.#leaving) {
      this.#heartbeat.probe();
    }
  }

  #listen(): () => void {
    if (typeof window !== "object" || typeof document !== "object") {
      return () => {};
    }
    const onOnline = (): void => this.#hurry();
    const onVisibility = (): void => {
      if (document.visibilityState === "visible") {
        this.#hurry();
      } else if (this.#leaving && this.#state === "open") {
        // All handlers of pagehide have run. An open socket would keep the page out of the back-forward cache.
        this.#disconnect();
        this.#state = "left";
      }
    };
    window.addEventListener("online", onOnline);
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      window.removeEventListener("online", onOnline);
      document.removeEventListener("visibilitychange", onVisibility);
    };
  }
}

/** The one place of an address that was given. */
function only({ url, token, place }: WebSocketOptions): () => readonly Lead[] {
  const target = targetOf(url);
  const lead = {
    endpoint: target.endpoint,
    trusted: true,
    guessed: false,
    place: place ?? new Memory(token ?? target.token),
  };
  return () => [lead];
}
