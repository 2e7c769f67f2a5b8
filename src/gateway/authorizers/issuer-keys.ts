/** The public keys of token issuers: found by OpenID Connect Discovery 1.0, kept, and asked for again when a token names a key that is not there. */
import { type CryptoKey, importJWK, type JWK } from "jose";
import type { Clock } from "#base/clock.ts";

/** Reads a small JSON document of an issuer. */
export type FetchJson = (url: string) => Promise<unknown>;

interface Kept {
  readonly keys: ReadonlyMap<string, JWK>;
  readonly atMs: number;
}

// API Gateway keeps public keys for two hours.
const KEPT_MS = 2 * 3_600_000;
// However many unknown keys clients name, an issuer is not asked more often.
const COOLDOWN_MS = 30_000;
const MAX_KEYS = 100;

export class IssuerKeys {
  readonly #fetchJson: FetchJson;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  /** One question at a time to each issuer. */
  readonly #asking = new Map<string, Promise<Kept>>();

  constructor(fetchJson: FetchJson, clock: Clock) {
    this.#fetchJson = fetchJson;
    this.#clock = clock;
  }

  /** Null: the issuer has no such key that may verify a signature. Rejects when it cannot be asked and nothing is kept. */
  async keyOf(issuer: string, kid: string): Promise<CryptoKey | Uint8Array | null> {
    const nowMs = this.#clock.now();
    const kept = this.#kept.get(issuer);
    const isFresh = kept !== undefined && nowMs - kept.atMs < KEPT_MS;
    let keys = isFresh ? kept.keys : (await this.#ask(issuer, kept)).keys;
    if (!keys.has(kid) && isFresh && nowMs - kept.atMs >= COOLDOWN_MS) keys = (await this.#ask(issuer, kept)).keys;
    const key = keys.get(kid);
    return key === undefined ? null : importJWK(key, key.alg ?? "RS256");
  }

  async #ask(issuer: string, kept: Kept | undefined): Promise<Kept> {
    const running = this.#asking.get(issuer) ?? this.#fetch(issuer).finally(() => this.#asking.delete(issuer));
    this.#asking.set(issuer, running);
    try {
      return await running;
    } catch (thrown) {
      // An issuer that is away does not lock out whoever has a token of a known key.
      if (kept === undefined) throw thrown;
      return kept;
    }
  }

  async #fetch(issuer: string): Promise<Kept> {
    const found = await this.#fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    const address = memberOf(found, "jwks_uri");
    if (typeof address !== "string" || !/^https?:\/\//.test(address)) throw new Error(`${issuer} names no jwks_uri`);
    const set = memberOf(await this.#fetchJson(address), "keys");
    const keys = (Array.isArray(set) ? set.slice(0, MAX_KEYS) : []).filter(isVerifying);
    const kept = { keys: new Map(keys.map((key) => [key.kid, key])), atMs: this.#clock.now() };
    this.#kept.set(issuer, kept);
    return kept;
  }
}

/** RSA alone, and not one that is said to be for encryption. */
function isVerifying(key: unknown): key is JWK & { readonly kid: string } {
  return (
    memberOf(key, "kty") === "RSA" &&
    typeof memberOf(key, "kid") === "string" &&
    [undefined, "sig"].includes(memberOf(key, "use") as string | undefined)
  );
}

function memberOf(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null && Object.hasOwn(of, name)
    ? (of as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
