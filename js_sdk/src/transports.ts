/** `@auroraview/sdk/transports`: the ways of frames, for those who make their own, or want one without waiting for it. */
export { Attached } from "./attached";
export { reach, type Way } from "./network";
export type { AttachmentInfo, Dtype } from "./protocol";
export type { Attachments, Receiver, Transport } from "./transport";
export type { Credentials, Place } from "./transports/place";
export { type Port, type PortFrame, PortTransport } from "./transports/port";
export type { Lead } from "./transports/search";
export {
  type SearchOptions,
  type Socket,
  type SocketClass,
  type WebSocketOptions,
  WebSocketTransport,
} from "./transports/websocket";
