/** The deployment packages that functions need kept: immutable bytes named by their digest. Implemented by store/. */

export interface CodeStore {
  /** Durable when resolved. Returns the base64 SHA-256, Lambda's CodeSha256. */
  put(zip: Uint8Array): Promise<{ readonly sha256: string; readonly size: number }>;
  get(sha256: string): Promise<Uint8Array | null>;
  /** Removes all packages but these; one that was put lately stays, since its function may be on its way. */
  keepOnly(wanted: ReadonlySet<string>): Promise<void>;
  /** Folder with the files of several packages over each other, the last on top, and a digest that names it. Faults as of `unpacked`. */
  merged(sha256s: readonly string[]): Promise<{ readonly sha256: string; readonly folder: string }>;
  /** How many bytes its files have. Faults: NotFound, Invalid. */
  unpackedBytes(sha256: string): Promise<number>;
  /** The folder with the unpacked files; unpacks once. Faults: NotFound, Invalid (not a zip, escapes its folder, too big). */
  unpacked(sha256: string): Promise<string>;
}
