/** How often each API key was used under its plan, by day; kept for as long as the database is. */
import { encodeUtf8, decodeUtf8 } from "#base/utf8.ts";
import type { Database } from "../database.ts";

export interface KeyUse {
  readonly plan: string;
  readonly key: string;
  /** "2026-11-27", in UTC. */
  readonly day: string;
  readonly count: number;
}

const COLLECTION = "API key usage";
const PAGE = 1_000;

export class KeyUsage {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds to what is known; all of it or nothing. */
  async add(uses: readonly KeyUse[]): Promise<void> {
    const keys = uses.map(rowKey);
    await this.#database.change(COLLECTION, keys, (values) => ({
      writes: uses.map((use, at) => ({
        key: keys[at] ?? rowKey(use),
        value: countBytes(use.count + countOf(values[at])),
      })),
      result: undefined,
    }));
  }

  /** Of one plan, or of all. */
  async *read(plan?: string): AsyncGenerator<KeyUse> {
    const prefix = plan === undefined ? "" : `${plan}/`;
    let from = encodeUtf8(prefix);
    for (;;) {
      const rows = await this.#database.scan(COLLECTION, { from, limit: PAGE });
      for (const { key, value } of rows) {
        const text = decodeUtf8(key);
        if (!text.startsWith(prefix)) return;
        const [of = "", name = "", day = ""] = text.split("/");
        yield { plan: of, key: name, day, count: countOf(value) };
      }
      const last = rows.at(-1);
      if (rows.length < PAGE || last === undefined) return;
      from = new Uint8Array([...last.key, 0]);
    }
  }
}

function rowKey({ plan, key, day }: KeyUse): Uint8Array {
  return encodeUtf8(`${plan}/${key}/${day}`);
}

function countBytes(count: number): Uint8Array {
  return encodeUtf8(String(count));
}

function countOf(value: Uint8Array | null | undefined): number {
  return value === null || value === undefined ? 0 : Number(decodeUtf8(value));
}
