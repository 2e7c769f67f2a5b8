/** Objects that come in parts: uploads that are begun, get parts in any order, and become an object or nothing. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { Random } from "#base/random.ts";
import type { Database, Write } from "../database.ts";
import { listUploads, type Page, type Wanted } from "./listing.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import type { Pieces } from "./pieces.ts";
import { erase, layoutRow, partRow, partsOf, put, read, uploadRow } from "./rows.ts";
import type { Described, Part, StoredObject, Upload } from "./stored-object.ts";
import type { Allow, Arrival, Origin, StoredObjects } from "./stored-objects.ts";
import { Turns } from "./turns.ts";

export interface UploadsOptions {
  readonly database: Database;
  readonly collection: string;
  readonly bytes: ObjectBytes;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Completion {
  readonly describe: (chosen: readonly Part[]) => Described;
  readonly allow?: Allow;
  readonly by?: Origin;
}

/** As an Arrival, of which only the ETag and the checksum count. */
export type PartArrival = Pick<Arrival, "bytes"> & {
  readonly describe: (size: number) => Pick<Described, "etag" | "checksum">;
};

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #objects: StoredObjects;
  readonly #pieces: Pieces;
  readonly #turns = new Turns();

  constructor(options: UploadsOptions, objects: StoredObjects) {
    this.#options = options;
    this.#objects = objects;
    this.#pieces = objects.pieces;
  }

  async begin(key: string, terms: Omit<Upload, "id" | "key" | "startedAtMs">): Promise<Upload> {
    const { clock, random } = this.#options;
    const startedAtMs = clock.now();
    // By time, so that a list has the oldest of a key first.
    const id = `${String(startedAtMs).padStart(13, "0")}${random.uuid().replaceAll("-", "")}`;
    const upload: Upload = { ...terms, id, key, startedAtMs };
    await this.#write([put(uploadRow(key, id), upload)]);
    return upload;
  }

  /** Null when there is none, or none any more. */
  async find(key: string, id: string): Promise<Upload | null> {
    if (!/^\w+$/.test(id)) return null;
    const { database, collection } = this.#options;
    return read<Upload>(await database.get(collection, uploadRow(key, id)));
  }

  /** Takes the place of a part of the same number. Fault: NotFound when the upload ended meanwhile. */
  async putPart(upload: Upload, number: number, { bytes, describe }: PartArrival): Promise<Part> {
    const piece = await this.#options.bytes.write(bytes);
    try {
      const { etag, checksum } = describe(piece.size);
      const modifiedAtMs = this.#options.clock.now();
      const part: Part = { ...piece, number, etag, modifiedAtMs, ...(checksum && { checksum }) };
      return await this.#turns.take(upload.id, async () => {
        await this.#demand(upload);
        const row = partRow(upload.id, number);
        const { database, collection } = this.#options;
        const before = read<Part>(await database.get(collection, row));
        await this.#write([put(row, part)], { born: [piece.id], gone: before === null ? [] : [before.id] });
        return part;
      });
    } catch (thrown) {
      await this.#options.bytes.remove([piece.id]);
      throw thrown;
    }
  }

  /** By number. */
  async parts({ id }: Upload, options: { after?: number; most?: number } = {}): Promise<readonly Part[]> {
    const { database, collection } = this.#options;
    const { after = 0, most } = options;
    const limit = most === undefined ? {} : { limit: most };
    const rows = await database.scan(collection, { ...partsOf(id, after), ...limit });
    return rows.flatMap(({ value }) => read<Part>(value) ?? []);
  }

  /** The parts that `choose` picks become the object, in its order; the others go. Faults: NotFound, and what `choose` throws. */
  complete(
    upload: Upload,
    choose: (parts: readonly Part[]) => readonly Part[],
    { describe, allow, by }: Completion,
  ): Promise<StoredObject> {
    return this.#turns.take(upload.id, async () => {
      await this.#demand(upload);
      const parts = await this.parts(upload);
      const chosen = choose(parts);
      const kept = new Set(chosen);
      const made = {
        ...describe(chosen),
        size: chosen.reduce((sum, { size }) => sum + size, 0),
        pieces: [],
        parts: { at: upload.id, count: chosen.length },
      };
      const also = [...this.#rowsOf(upload, parts), put(layoutRow(upload.id), chosen)];
      const gone = parts.filter((part) => !kept.has(part)).map(({ id }) => id);
      return this.#objects.inTurn(upload.key, () =>
        this.#objects.add(upload.key, made, {
          how: "CompleteMultipartUpload",
          also,
          gone,
          ...(allow && { allow }),
          ...(by && { by }),
        }),
      );
    });
  }

  /** All that came is forgotten. Fault: NotFound. */
  abort(upload: Upload): Promise<void> {
    return this.#turns.take(upload.id, async () => {
      await this.#demand(upload);
      const parts = await this.parts(upload);
      await this.#write(this.#rowsOf(upload, parts), { gone: parts.map(({ id }) => id) });
    });
  }

  list(wanted: Wanted): Promise<Page<Upload>> {
    return listUploads(this.#options, wanted);
  }

  #rowsOf({ key, id }: Upload, parts: readonly Part[]): readonly Write[] {
    return [erase(uploadRow(key, id)), ...parts.map(({ number }) => erase(partRow(id, number)))];
  }

  async #demand({ key, id }: Upload): Promise<void> {
    if ((await this.find(key, id)) === null) throw new Fault("NotFound", `the upload ${id} has ended`);
  }

  async #write(
    writes: readonly Write[],
    { born = [], gone = [] }: { born?: readonly string[]; gone?: readonly string[] } = {},
  ): Promise<void> {
    const { database, collection } = this.#options;
    const all = [...writes, ...this.#pieces.marks(born, gone)];
    await database.change(collection, [], () => ({ writes: all, result: undefined }));
    this.#pieces.marked(born, gone);
  }
}
