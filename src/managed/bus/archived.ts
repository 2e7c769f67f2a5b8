/** How the events of an archive lie in its collection: by their time, which is how replays ask for them. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Archive } from "#kinds/catamaran/archive.ts";
import type { Place, ScanOptions, Write } from "../database.ts";
import type { BusEvent } from "./event.ts";

export function collectionOf({ metadata }: Archive): string {
  return `archive ${metadata.name}.${metadata.uid ?? ""}`;
}

export function archivedRow(archive: Archive, event: BusEvent): Place & Pick<Write, "value"> {
  const key = encodeUtf8(`${digits(event.timeMs)}/${event.id}`);
  return { collection: collectionOf(archive), key, value: encodeUtf8(JSON.stringify(event)) };
}

/** From the first time on, or from behind a key that was read before, up to but without the second. */
export function timeRange({ fromMs, afterKey, toMs }: TimeRange): ScanOptions {
  const from = afterKey === undefined ? digits(fromMs) : `${afterKey}\0`;
  return { from: encodeUtf8(from), to: encodeUtf8(digits(toMs)) };
}

interface TimeRange {
  readonly fromMs: number;
  readonly afterKey?: string;
  readonly toMs: number;
}

export function readArchived(value: Uint8Array): BusEvent {
  return JSON.parse(decodeUtf8(value)) as BusEvent;
}

function digits(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(15, "0");
}
