/** All parameters of an instance. Their values are rows of a database that is sealed; the journal never sees one. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Database, Write } from "../database.ts";
import {
  type AskedVersion,
  firstVersion,
  nextVersion,
  type Parameter,
  type ParameterType,
  type ParameterVersion,
} from "./parameter.ts";

/** p/NAME is the parameter, v/NAME:VERSION one of its versions; names have no colon. */
export const PARAMETERS = "parameters";

const PAGE = 500;

export interface NewParameter extends AskedVersion {
  readonly name: string;
  readonly isOverwrite: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export class Parameters {
  readonly #database: Database;
  readonly #clock: Clock;

  /** The database seals what it writes. */
  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async find(name: string): Promise<Parameter | null> {
    return read<Parameter>(await this.#database.get(PARAMETERS, parameterRow(name)));
  }

  async version(name: string, version: number): Promise<ParameterVersion | null> {
    return read<ParameterVersion>(await this.#database.get(PARAMETERS, versionRow(name, version)));
  }

  /** The versions that are kept, oldest first, from one on. */
  async versions(name: string, { from, limit }: { from: number; limit: number }): Promise<readonly ParameterVersion[]> {
    const range = { from: versionRow(name, from), to: encodeUtf8(`v/${name};`), limit };
    const rows = await this.#database.scan(PARAMETERS, range);
    return rows.map(({ value }) => parsed<ParameterVersion>(value));
  }

  /** In the order of their names, behind one of them. */
  async *list({ prefix = "", after }: { prefix?: string; after?: string } = {}): AsyncGenerator<Parameter> {
    let from = after === undefined ? parameterRow(prefix) : encodeUtf8(`p/${after}\0`);
    for (;;) {
      const rows = await this.#database.scan(PARAMETERS, { from, to: encodeUtf8("p0"), limit: PAGE });
      for (const { value } of rows) {
        const parameter = parsed<Parameter>(value);
        if (!parameter.name.startsWith(prefix)) return;
        yield parameter;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      from = new Uint8Array([...last.key, 0]);
    }
  }

  put({ name, isOverwrite, tags, ...asked }: NewParameter): Promise<Parameter> {
    const now = this.#clock.now();
    return this.#change(name, (there) => {
      if (there !== null && !isOverwrite) throw new Fault("AlreadyExists", name);
      if (there !== null) return nextVersion(there, asked, now);
      return { parameter: firstVersion(name, { ...asked, type: typeOf(asked) }, { now, tags }), dropped: null };
    });
  }

  /** Its labels or tags. */
  change(name: string, decide: (there: Parameter) => Parameter): Promise<Parameter> {
    return this.#change(name, (there) => {
      if (there === null) throw new Fault("NotFound", name);
      return { parameter: decide(there), dropped: null };
    });
  }

  /** False when there is none. */
  async remove(name: string): Promise<boolean> {
    const there = await this.find(name);
    if (there === null) return false;
    const { oldest, latest } = there;
    const count = latest.version - oldest + 1;
    // One more than there is: a version that came meanwhile goes too.
    const versions = Array.from({ length: count + 1 }, (_, at) => versionRow(name, oldest + at));
    return this.#database.change(PARAMETERS, [parameterRow(name)], ([live = null]) => ({
      writes: [parameterRow(name), ...versions].map((key) => ({ key, value: null })),
      result: live !== null,
    }));
  }

  #change(
    name: string,
    decide: (there: Parameter | null) => { readonly parameter: Parameter; readonly dropped: number | null },
  ): Promise<Parameter> {
    return this.#database.change(PARAMETERS, [parameterRow(name)], ([there = null]) => {
      const before = read<Parameter>(there);
      const { parameter, dropped } = decide(before);
      const { latest } = parameter;
      const writes: Write[] = [{ key: parameterRow(name), value: bytesOf(parameter) }];
      if (latest.version !== before?.latest.version)
        writes.push({ key: versionRow(name, latest.version), value: bytesOf(latest) });
      if (dropped !== null) writes.push({ key: versionRow(name, dropped), value: null });
      return { writes, result: parameter };
    });
  }
}

function typeOf({ type }: AskedVersion): ParameterType {
  if (type === undefined) throw new Fault("BadRequest", "A parameter type is required when you create a parameter.");
  return type;
}

function parameterRow(name: string): Uint8Array {
  return encodeUtf8(`p/${name}`);
}

function versionRow(name: string, version: number): Uint8Array {
  return encodeUtf8(`v/${name}:${String(version).padStart(12, "0")}`);
}

function bytesOf(value: Parameter | ParameterVersion): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

function parsed<T>(bytes: Uint8Array): T {
  return JSON.parse(decodeUtf8(bytes)) as T;
}

function read<T>(bytes: Uint8Array | null): T | null {
  return bytes === null ? null : parsed<T>(bytes);
}
