/** Who may see the dashboard: links that open it once and soon, and the sessions that they are traded for. Knows no HTTP. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Long enough to read the terminal and click; whoever finds the link later finds nothing. */
export const LINK_MS: number = 10 * 60_000;
/** A working day. */
export const SESSION_MS: number = 12 * 3_600_000;

const RANDOM_BYTES = 24;

/** What a link carries behind its #. Whoever holds the instance's key may make one: the command line does. */
export function linkToken(key: string, now: number): string {
  return signed(key, "link", now);
}

/** "time.random.signature": nothing is stored, so sessions outlive the process. */
function signed(key: string, purpose: "link" | "session", atMs: number): string {
  const text = `${atMs.toString(36)}.${randomBytes(RANDOM_BYTES).toString("base64url")}`;
  return `${text}.${signature(key, purpose, text)}`;
}

function signature(key: string, purpose: "link" | "session", text: string): string {
  return createHmac("sha256", key).update(`${purpose} ${text}`).digest("base64url");
}

/** When it was made, if this key made it for this purpose. */
function madeAt(key: string, purpose: "link" | "session", token: string): number | null {
  const end = token.lastIndexOf(".");
  const text = token.slice(0, Math.max(0, end));
  const [time = ""] = text.split(".");
  return end > 0 && sameText(token.slice(end + 1), signature(key, purpose, text)) ? Number.parseInt(time, 36) : null;
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export class Entry {
  readonly #key: string;
  readonly #startedAtMs: number;
  /** Links that were traded, until they would have expired anyway. */
  readonly #used = new Map<string, number>();

  constructor(key: string, startedAtMs: number) {
    this.#key = key;
    this.#startedAtMs = startedAtMs;
  }

  /** A session for a link that is fresh and was never used; null for any other text. */
  trade(link: string, now: number): string | null {
    for (const [used, atMs] of this.#used) if (now - atMs >= LINK_MS) this.#used.delete(used);
    const atMs = madeAt(this.#key, "link", link);
    // Which links were used is not known of the time before the start, so none of that time is taken.
    if (atMs === null || atMs < this.#startedAtMs || atMs > now || now - atMs >= LINK_MS) return null;
    if (this.#used.has(link)) return null;
    this.#used.set(link, atMs);
    return signed(this.#key, "session", now);
  }

  admits(session: string, now: number): boolean {
    const atMs = madeAt(this.#key, "session", session);
    return atMs !== null && now - atMs < SESSION_MS;
  }
}
