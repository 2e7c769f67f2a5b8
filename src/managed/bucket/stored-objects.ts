/** The objects of one bucket: written whole or not at all, read in ranges, with as many versions as the bucket keeps. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { Random } from "#base/random.ts";
import type { Tasks } from "#base/tasks.ts";
import type { Database, Write } from "../database.ts";
import type { Prepared } from "../push.ts";
import { type ListedVersion, listObjects, listVersions, type Page, type Wanted } from "./listing.ts";
import type { ObjectBytes, Piece, Range } from "./object-bytes.ts";
import { Pieces } from "./pieces.ts";
import {
  erase,
  keysFrom,
  layoutRow,
  next,
  nullRow,
  objectRow,
  put,
  read,
  rowsWithPieces,
  versionRow,
  versionsOf,
} from "./rows.ts";
import {
  type Described,
  type Marker,
  NULL_VERSION,
  orderInName,
  type Orders,
  type Part,
  type StoredObject,
  type Version,
  type Versioning,
  versionName,
} from "./stored-object.ts";
import { Turns } from "./turns.ts";
import { added, type History, newestOf, type Outcome, removed } from "./versions.ts";

export interface StoredObjectsOptions {
  readonly database: Database;
  readonly collection: string;
  readonly bytes: ObjectBytes;
  readonly clock: Clock;
  readonly random: Random;
  readonly orders: Orders;
  readonly tasks: Tasks;
  readonly versioning: () => Versioning;
  readonly announce: Announce;
}

/** On whose behalf something is done; absent: the platform's own. */
export interface Origin {
  readonly principal: string;
  readonly ip: string;
  readonly requestId: string;
}

/** What became of an object, for whoever wants to be told. */
export interface ObjectChange {
  /** "ObjectCreated:Put", "ObjectRemoved:Delete": S3's names without "s3:". */
  readonly event: string;
  /** The version that there is now, or that there is no more. */
  readonly version: Version;
  readonly atMs: number;
  readonly by?: Origin;
}

/** Who is told: rows that are written with the change, and what follows once they are. Null: nobody. */
export type Announce = (change: ObjectChange) => Prepared | null;

/** Throws when the object may not be written or removed over what is there now. */
export type Allow = (current: StoredObject | null) => void;

export interface Arrival {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Asked once all bytes are there; what it throws leaves nothing behind. */
  readonly describe: (size: number) => Described;
  readonly allow?: Allow;
  /** How it came: "Put", "Copy", "Post". */
  readonly how: Creation;
  readonly by?: Origin;
}

export type Creation = "Put" | "Copy" | "Post" | "CompleteMultipartUpload";

/** What a removal did. */
export interface Removal {
  /** What there is no more; null when there was nothing to remove, or when all of it is kept. */
  readonly gone: Version | null;
  /** The marker that hides what is kept. */
  readonly marker: Marker | null;
}

export interface RemoveOptions {
  readonly version?: string;
  readonly allow?: Allow;
  readonly by?: Origin;
  readonly why?: "ObjectRemoved" | "LifecycleExpiration";
}

/** What goes with an object that is added. */
export interface Addition {
  readonly how: Creation;
  readonly allow?: Allow;
  readonly by?: Origin;
  readonly also?: readonly Write[];
  readonly gone?: readonly string[];
}

/** The rest of what an object is made of: where it came in parts, and what of an upload goes with it. */
export interface Made extends Described {
  readonly size: number;
  readonly pieces: readonly Piece[];
  readonly parts?: NonNullable<StoredObject["parts"]>;
}

export class StoredObjects {
  readonly pieces: Pieces;
  readonly #options: StoredObjectsOptions;
  readonly #turns = new Turns();
  #isClosed = false;

  constructor(options: StoredObjectsOptions) {
    this.#options = options;
    this.pieces = new Pieces(options);
  }

  /** Without a version the newest; null when there is none. */
  async find(key: string, version?: string): Promise<Version | null> {
    const current = await this.#read<StoredObject>(objectRow(key));
    if (version === undefined) return current ?? (await this.#newestOlder(key));
    if (current?.version === version) return current;
    const order = version === NULL_VERSION ? await this.#read<string>(nullRow(key)) : orderInName(version);
    const found = order === null ? null : await this.#read<Version>(versionRow(key, order));
    return found?.version === version ? found : null;
  }

  async put(key: string, { bytes, describe, allow, how, by }: Arrival): Promise<StoredObject> {
    allow?.(await this.#read<StoredObject>(objectRow(key)));
    const piece = await this.#options.bytes.write(bytes);
    try {
      const made = { ...describe(piece.size), size: piece.size, pieces: piece.size === 0 ? [] : [piece] };
      return await this.inTurn(key, () => this.add(key, made, { how, ...(allow && { allow }), ...(by && { by }) }));
    } catch (thrown) {
      await this.#options.bytes.remove([piece.id]);
      throw thrown;
    }
  }

  /** In the key's turn. `also` is written with it, and `born` are pieces that are the object's from then on. */
  async add(key: string, made: Made, { how, allow, by, also = [], gone = [] }: Addition): Promise<StoredObject> {
    const history = await this.#history(key);
    allow?.(history.current);
    const object: StoredObject = { is: "object", key, ...this.#stamp(history), ...made };
    const born = made.pieces.map(({ id }) => id);
    const told = this.#change(`ObjectCreated:${how}`, object, by);
    await this.#write(added(history, object, this.#options.versioning()), { born, also, gone, told });
    return object;
  }

  /** Work on a key that comes after all that was begun on it before. Fault: Gone, when the bucket was closed meanwhile. */
  inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(key, () => {
      if (this.#isClosed) throw new Fault("Gone", "the bucket is gone");
      return work();
    });
  }

  /** Runs while nothing is written; where it resolves to true nothing ever is again. */
  async close(work: () => Promise<boolean>): Promise<boolean> {
    return this.#turns.alone(async () => {
      this.#isClosed = await work();
      return this.#isClosed;
    });
  }

  /** Of a version that one for good; without, what is there makes room or is hidden by a marker, as the bucket keeps versions. */
  remove(key: string, { version, allow, by, why = "ObjectRemoved" }: RemoveOptions = {}): Promise<Removal> {
    return this.inTurn(key, async () => {
      const target = version === undefined ? null : await this.find(key, version);
      const history = await this.#history(key);
      allow?.(version === undefined ? history.current : target?.is === "object" ? target : null);
      const versioning = this.#options.versioning();
      if (version === undefined && versioning !== "none") {
        const marker: Marker = { is: "marker", key, ...this.#stamp(history) };
        const told = this.#change(`${why}:DeleteMarkerCreated`, marker, by);
        await this.#write(added(history, marker, versioning), { told });
        return { gone: null, marker };
      }
      const gone = version === undefined ? history.current : target;
      if (gone !== null) await this.#write(removed(history, gone), { told: this.#change(`${why}:Delete`, gone, by) });
      return { gone, marker: null };
    });
  }

  /** Changes what is said of a version, and nothing else of it. Null when it is not there. */
  edit(
    key: string,
    version: string,
    decide: (object: StoredObject) => StoredObject,
    { event, by }: { readonly event: string; readonly by?: Origin },
  ): Promise<StoredObject | null> {
    return this.inTurn(key, async () => {
      const found = await this.find(key, version);
      if (found?.is !== "object") return null;
      const edited = decide(found);
      const current = await this.#read<StoredObject>(objectRow(key));
      const row = current?.version === version ? objectRow(key) : versionRow(key, found.order);
      await this.#write({ writes: [put(row, edited)], gone: [] }, { told: this.#change(event, edited, by) });
      return edited;
    });
  }

  /** Whoever has begun to read gets all of it, even when the object is removed meanwhile. */
  async *read(object: StoredObject, range: Range = { from: 0, to: object.size }): AsyncGenerator<Uint8Array> {
    const pieces = object.parts === undefined ? object.pieces : await this.parts(object);
    using held = new DisposableStack();
    for (const { id } of pieces) held.use(this.pieces.hold(id));
    let start = 0;
    for (const { id, size } of pieces) {
      const [from, to] = [Math.max(range.from - start, 0), Math.min(range.to - start, size)];
      if (from < to) yield* this.#options.bytes.read(id, { from, to });
      start += size;
    }
  }

  /** Of an object that came in parts; empty for one that came whole. */
  async parts({ key, parts }: StoredObject): Promise<readonly Part[]> {
    if (parts === undefined) return [];
    const found = await this.#read<readonly Part[]>(layoutRow(parts.at));
    // It goes in the same change as its object.
    if (found === null) throw new Fault("NotFound", `${key} was removed meanwhile`);
    return found;
  }

  list(wanted: Wanted): Promise<Page<StoredObject>> {
    return listObjects(this.#options, wanted);
  }

  listVersions(wanted: Wanted): Promise<Page<ListedVersion>> {
    return listVersions(this.#options, wanted);
  }

  /** Whether there is any version of anything. */
  async isEmpty(): Promise<boolean> {
    const { entries } = await this.listVersions({ prefix: "", delimiter: "", most: 1 });
    return entries.length === 0;
  }

  /** Those that a reader of the newest versions sees. */
  async count(): Promise<number> {
    const { database, collection } = this.#options;
    return (await database.count(collection, keysFrom("o", new Uint8Array(0), ""))).rows;
  }

  /** Takes away the bytes of everything; the rows are the caller's to drop. */
  async clear(): Promise<void> {
    const { database, collection, bytes } = this.#options;
    await this.pieces.settle();
    for (const range of rowsWithPieces()) {
      let from = range.from;
      for (;;) {
        const rows = await database.scan(collection, { ...range, ...(from && { from }), limit: CLEARED_ROWS });
        await bytes.remove(rows.flatMap(({ value }) => pieceIds(read<Piece | Version | readonly Part[]>(value))));
        const last = rows.at(-1);
        if (last === undefined || rows.length < CLEARED_ROWS) break;
        from = next(last.key);
      }
    }
  }

  #stamp(history: History): Pick<Version, "order" | "version" | "modifiedAtMs"> {
    const { clock, random, orders, versioning } = this.#options;
    const now = clock.now();
    const order = orders.next(now, newestOf(history)?.order);
    const version = versioning() === "all" ? versionName(order, random.uuid()) : NULL_VERSION;
    return { order, version, modifiedAtMs: now };
  }

  async #history(key: string): Promise<History> {
    const current = await this.#read<StoredObject>(objectRow(key));
    if (this.#options.versioning() === "none") return { current, older: [], nullVersion: null };
    const { database, collection } = this.#options;
    const rows = await database.scan(collection, { ...versionsOf(key), limit: 2 });
    const order = await this.#read<string>(nullRow(key));
    const nullVersion = order === null ? null : await this.#read<Version>(versionRow(key, order));
    return { current, older: rows.flatMap(({ value }) => read<Version>(value) ?? []), nullVersion };
  }

  async #newestOlder(key: string): Promise<Version | null> {
    const { database, collection } = this.#options;
    const [row] = await database.scan(collection, { ...versionsOf(key), limit: 1 });
    return read<Version>(row?.value);
  }

  async #write(
    { writes, gone }: Outcome,
    more: { born?: readonly string[]; also?: readonly Write[]; gone?: readonly string[]; told: ObjectChange },
  ): Promise<void> {
    const { database, collection } = this.#options;
    const { born = [], also = [] } = more;
    const lost = [...(more.gone ?? [])];
    const layouts: Write[] = [];
    for (const version of gone) {
      if (version.is === "marker") continue;
      lost.push(...[...version.pieces, ...(await this.parts(version))].map(({ id }) => id));
      if (version.parts !== undefined) layouts.push(erase(layoutRow(version.parts.at)));
    }
    const all = [...writes, ...layouts, ...also, ...this.pieces.marks(born, lost)];
    const told = this.#options.announce(more.told);
    if (told === null) await database.change(collection, [], () => ({ writes: all, result: undefined }));
    else {
      const placed = all.map((write) => ({ collection, ...write }));
      await database.changeAll([], () => ({ writes: [...placed, ...told.rows], result: undefined }));
      told.start();
    }
    this.pieces.marked(born, lost);
  }

  #change(event: string, version: Version, by: Origin | undefined): ObjectChange {
    return { event, version, atMs: this.#options.clock.now(), ...(by && { by }) };
  }

  async #read<T>(row: Uint8Array): Promise<T | null> {
    const { database, collection } = this.#options;
    return read<T>(await database.get(collection, row));
  }
}

const CLEARED_ROWS = 100;

/** Of a version, a part, or the parts of an object. */
function pieceIds(value: Piece | Version | readonly Part[] | null): readonly string[] {
  if (value === null) return [];
  if (isParts(value)) return value.map(({ id }) => id);
  if (!("is" in value)) return [value.id];
  return value.is === "marker" ? [] : value.pieces.map(({ id }) => id);
}

function isParts(value: Piece | Version | readonly Part[]): value is readonly Part[] {
  return Array.isArray(value);
}
