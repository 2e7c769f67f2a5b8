/** The keys of this instance's Secrets and what is done with them: kept, rotated, and forgotten once nothing needs them any more. */
import { storageOf } from "#deck/registry.ts";
import { keepKeys, secretKeys, type SecretKey, withNewKey } from "#instance/secret-keys.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { KeySealing } from "#store/sealing.ts";

const SECRETS = `${storageOf(secretKind)}/`;

/** A store whose sealed records can all be sealed anew by the newest key. */
export interface Resealed {
  /** Resolves to how many records that were. */
  reseal(): Promise<number>;
}

export class SecretVault {
  readonly sealing: KeySealing;
  readonly #file: string;
  #keys: readonly SecretKey[];
  #last: Promise<unknown> = Promise.resolve();

  static async open(file: string): Promise<SecretVault> {
    return new SecretVault(file, await secretKeys(file));
  }

  private constructor(file: string, keys: readonly SecretKey[]) {
    this.#file = file;
    this.#keys = keys;
    this.sealing = new KeySealing(keys, (key) => key.startsWith(SECRETS), file);
  }

  /** Ends what a kill cut short, and seals what was stored before there were keys. Resolves to how many records that were. */
  async settle(stores: readonly Resealed[]): Promise<number> {
    let count = 0;
    for (const store of stores) count += await store.reseal();
    const newest = this.#keys.slice(-1);
    if (this.#keys.length > 1) this.#use(await keepKeys(this.#file, newest));
    return count;
  }

  /** One after the other: each knows the keys that the one before it left. */
  rotate(stores: readonly Resealed[]): Promise<number> {
    const rotated = this.#last.then(async () => {
      this.#use(await withNewKey(this.#file, this.#keys));
      return this.settle(stores);
    });
    // A failure is told to who asked; the next one begins with what is on disk.
    this.#last = rotated.catch(() => 0);
    return rotated;
  }

  #use(keys: readonly SecretKey[]): void {
    this.#keys = keys;
    this.sealing.use(keys);
  }
}
