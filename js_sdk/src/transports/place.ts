/**
 * What outlives a document: the launch token, and the session a page may go on with.
 */
export interface Credentials {
  /** The secret of the link the page was opened by. */
  token?: string | undefined;
  /** The session this page had, and the token that proves it. */
  session?: string | undefined;
  resume?: string | undefined;
}

export interface Place {
  /** What a new document may present. */
  credentials(): Credentials | Promise<Credentials>;
  /** The server gave this session, with the resume token for the next time. */
  keep(session: string, resume: string): void;
  /** The document is being left: the next one here may go on with the session. */
  leave(): void;
}

/** A place that lasts as long as the program of the page. */
export class Memory implements Place {
  #credentials: Credentials;

  constructor(token: string | undefined) {
    this.#credentials = { token };
  }

  credentials(): Credentials {
    return this.#credentials;
  }

  keep(session: string, resume: string): void {
    this.#credentials = { token: this.#credentials.token, session, resume };
  }

  leave(): void {}
}
