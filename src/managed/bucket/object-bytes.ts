/**
 * The bytes of objects that the bucket engine needs: pieces that never change, written as they come and read in ranges.
 * Implementations: memory and files (store/); both run store/object-bytes-suite.ts.
 */

export interface Piece {
  readonly id: string;
  /** In bytes. */
  readonly size: number;
}

/** Bytes from `from` up to but without `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface ObjectBytes extends AsyncDisposable {
  /**
   * Takes all of `source`, no faster than it can be kept; durable when resolved. What `source` throws is rethrown, and nothing stays.
   * A piece that is not kept is gone when the process is: whoever wrote it says `keep` once it belongs to something durable.
   */
  write(source: AsyncIterable<Uint8Array>): Promise<Piece>;
  /** From here on a restart keeps them, too; durable when resolved. */
  keep(ids: readonly string[]): Promise<void>;
  /** In portions of moderate size. Whoever reads may stop early. Fault: NotFound. */
  read(id: string, range: Range): AsyncIterable<Uint8Array>;
  /** Those that are gone already are passed over. */
  remove(ids: readonly string[]): Promise<void>;
  /** What a process that is gone wrote and did not keep: to be kept or removed before anything else is written. */
  leftovers(): Promise<readonly string[]>;
}
