/** The deployment packages that functions need kept: immutable bytes named by their digest. Implemented by store/. */

export interface CodeStore {
  /** Durable when resolved. Returns the base64 SHA-256, Lambda's CodeSha256. */
  put(zip: Uint8Array): Promise<{ readonly sha256: string; readonly size: number }>;
  get(sha256: string): Promise<Uint8Array | null>;
  /** Removes all packages but these; one that was put lately stays, since its function may be on its way. */
  keepOnly(wanted: ReadonlySet<string>): Promise<void>;
  /** The folder with the unpacked files; unpacks once. Faults: NotFound, Invalid (not a zip, escapes its folder, too big). */
  unpacked(sha256: string): Promise<string>;
}
