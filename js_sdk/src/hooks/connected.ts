/** The client and its connection, as a component shows them. */
import type { AuroraView } from "../client";
import type { ConnectionState } from "../connection";

/** Whether the program can be reached just now, and why not. */
export interface ConnectionView {
  readonly state: ConnectionState;
  readonly reason: string | undefined;
}

export function viewOf({ connection: { state, reason } }: Pick<AuroraView, "connection">): ConnectionView {
  return { state, reason };
}
