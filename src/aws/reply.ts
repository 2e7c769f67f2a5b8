/** An answer on the wire, as a protocol has written it. */

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent is empty. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}
