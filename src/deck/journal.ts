/**
 * The Journal that the deck needs: an ordered, durable record of keyed bytes with one global revision.
 * Implementations: memory and SQLite (store/), etcd later; all run the exported suite in store/journal-suite.ts.
 */

/** A whole number that only grows; printed as metadata.resourceVersion. */
export type Revision = number;

export interface Entry {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** The revision of the last write. */
  readonly revision: Revision;
  /** The revision of the create. */
  readonly createRevision: Revision;
}

/** What must be there for a write to happen: an exact revision, nothing, or anything. */
export type Expected = Revision | "absent" | "any";

/** Frequent and branched on, so a union: a lost race tells what is there now. */
export type Appended =
  | { readonly ok: true; readonly revision: Revision }
  | { readonly ok: false; readonly current: Entry | null };

export type JournalChange =
  | {
      readonly type: "put";
      readonly key: string;
      readonly bytes: Uint8Array;
      readonly revision: Revision;
      readonly createRevision: Revision;
      readonly previous: Uint8Array | null;
    }
  | { readonly type: "delete"; readonly key: string; readonly revision: Revision; readonly previous: Uint8Array };

export interface Journal extends AsyncDisposable {
  /** The newest durable revision. */
  revision(): Revision;
  /** Revisions up to this one can no longer be followed from. */
  compactedRevision(): Revision;
  /**
   * Puts (bytes) or deletes (null) one key. Resolves only when durable; listeners have seen the change by then.
   * One key, one revision: two objects never share one. Rejects with a Fault "Unavailable" when the disk refuses.
   */
  append(key: string, bytes: Uint8Array | null, expected: Expected): Promise<Appended>;
  get(key: string): Promise<Entry | null>;
  /** Keys with the prefix in ascending byte order; all of them are of one moment, `revision`. */
  range(prefix: string): Promise<{ readonly entries: readonly Entry[]; readonly revision: Revision }>;
  /**
   * Delivers every change with revision > `after` in order, without loss or repetition, first the past, then live.
   * Returns null when `after` is compacted. The listener must not throw and must not block.
   */
  follow(after: Revision, listener: (changes: readonly JournalChange[]) => void): Disposable | null;
  /** Forgets history up to and including `revision`; current entries stay. */
  compact(revision: Revision): Promise<void>;
}
