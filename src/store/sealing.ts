/** Bytes that are encrypted where they are stored: AES-256-GCM (NIST SP 800-38D) under the newest of several keys. Decides nothing about which. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Fault } from "#base/fault.ts";

export interface SealingKey {
  /** From 1 on, never used twice. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** What a store does with the bytes of some of its keys. */
export interface Sealing {
  covers(key: string): boolean;
  seal(key: string, bytes: Uint8Array): Uint8Array;
  /** Also of what was stored before it was sealed. */
  open(key: string, bytes: Uint8Array): Uint8Array;
  /** Sealed, and by the newest key. */
  isCurrent(bytes: Uint8Array): boolean;
}

// A byte that begins no JSON text; then the key's number, the nonce, what was sealed and its tag.
const MARK = 0;
const CIPHER = "aes-256-gcm";
const ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES;

export class KeySealing implements Sealing {
  readonly #covers: (key: string) => boolean;
  readonly #place: string;
  #keys: readonly SealingKey[];

  /** `keys` are at least one; `place` is where they are kept, for people. */
  constructor(keys: readonly SealingKey[], covers: (key: string) => boolean, place: string) {
    this.#keys = keys;
    this.#covers = covers;
    this.#place = place;
  }

  /** From now on the newest of these seals. */
  use(keys: readonly SealingKey[]): void {
    this.#keys = keys;
  }

  covers(key: string): boolean {
    return this.#covers(key);
  }

  /** Random nonces are good for 2^32 seals by one key (SP 800-38D, 8.3). */
  seal(key: string, bytes: Uint8Array): Uint8Array {
    const { id, bytes: secret } = this.#newest();
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = MARK;
    head.writeUInt32BE(id, 1);
    randomBytes(NONCE_BYTES).copy(head, 1 + ID_BYTES);
    const cipher = createCipheriv(CIPHER, secret, head.subarray(1 + ID_BYTES));
    // Moved to another key it is worth nothing.
    cipher.setAAD(Buffer.from(key));
    return Buffer.concat([head, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }

  open(key: string, bytes: Uint8Array): Uint8Array {
    if (bytes[0] !== MARK) return bytes;
    const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const id = sealed.readUInt32BE(1);
    const known = this.#keys.find((one) => one.id === id);
    if (known === undefined)
      throw new Fault(
        "InternalError",
        `"${key}" is sealed by key ${id}, which ${this.#place} does not hold: put that file back`,
      );
    const decipher = createDecipheriv(CIPHER, known.bytes, sealed.subarray(1 + ID_BYTES, HEAD_BYTES));
    decipher.setAAD(Buffer.from(key));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new Fault(
        "InternalError",
        `"${key}" is not what key ${id} of ${this.#place} has sealed: put the file back that belongs to this data`,
        { cause },
      );
    }
  }

  isCurrent(bytes: Uint8Array): boolean {
    if (bytes[0] !== MARK) return false;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32BE(1) === this.#newest().id;
  }

  #newest(): SealingKey {
    const newest = this.#keys.at(-1);
    if (newest === undefined) throw new RangeError("sealing without a key");
    return newest;
  }
}
