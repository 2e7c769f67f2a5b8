/** Log groups that somebody made or set up, beside those that came to be by lines: how long their lines are kept, and their tags. Rows of a Database. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Database } from "../database.ts";

export interface LogGroup {
  readonly name: string;
  readonly createdAtMs: number;
  /** Absent: for ever. */
  readonly retentionDays?: number;
  readonly tags: Readonly<Record<string, string>>;
}

const COLLECTION = "log-groups";

export class LogGroups {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** In order of names. */
  async list(): Promise<readonly LogGroup[]> {
    return (await this.#database.scan(COLLECTION)).map(({ value }) => decoded(value));
  }

  async find(name: string): Promise<LogGroup | null> {
    const value = await this.#database.get(COLLECTION, encodeUtf8(name));
    return value === null ? null : decoded(value);
  }

  /** Fault: AlreadyExists. */
  async create(name: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const group: LogGroup = { name, createdAtMs: this.#clock.now(), tags };
    await this.#write(name, (known) => {
      if (known !== null) throw new Fault("AlreadyExists", `there is a log group ${name}`);
      return group;
    });
  }

  /** One that came to be by its lines is written down from now on. */
  async change(name: string, decide: (group: LogGroup) => LogGroup): Promise<void> {
    const fresh: LogGroup = { name, createdAtMs: this.#clock.now(), tags: {} };
    await this.#write(name, (known) => decide(known ?? fresh));
  }

  async remove(name: string): Promise<void> {
    await this.#write(name, () => null);
  }

  #write(name: string, decide: (known: LogGroup | null) => LogGroup | null): Promise<null> {
    const key = encodeUtf8(name);
    return this.#database.change(COLLECTION, [key], ([value]) => {
      const next = decide(value === null || value === undefined ? null : decoded(value));
      return { writes: [{ key, value: next === null ? null : encodeUtf8(JSON.stringify(next)) }], result: null };
    });
  }
}

/** Of rows that this file has written. */
function decoded(value: Uint8Array): LogGroup {
  return JSON.parse(decodeUtf8(value)) as LogGroup;
}
