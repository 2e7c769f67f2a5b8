/** Shard iterators: where a reader is, as opaque text. Whoever makes one up reads nothing that it may not: its ARN is what is asked for. */

export interface Iterator {
  readonly arn: string;
  /** The number of the last record that was read. */
  readonly after: number;
  readonly issuedAtMs: number;
}

export function encodeIterator({ arn, after, issuedAtMs }: Iterator): string {
  return `${arn}|1|${Buffer.from(`${after} ${issuedAtMs}`).toString("base64")}`;
}

/** Null for what was never given out. */
export function decodeIterator(text: string): Iterator | null {
  const [arn = "", version, position = "", ...rest] = text.split("|");
  const [, after, issued] = /^(\d{1,15}) (\d{1,15})$/.exec(Buffer.from(position, "base64").toString("latin1")) ?? [];
  if (version !== "1" || rest.length > 0 || after === undefined || issued === undefined) return null;
  return { arn, after: Number(after), issuedAtMs: Number(issued) };
}
