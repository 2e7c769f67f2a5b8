/**
 * The pieces of one bucket between bytes and rows: those that an object has just got are kept, those that none has any more are removed.
 * Both are marked in the change that decides them, so that a restart does what a process that was killed did not.
 */
import type { Clock } from "#base/clock.ts";
import type { Tasks } from "#base/tasks.ts";
import type { Database, Write } from "../database.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import { erase, mark, pieceOfRow, pieceRow, piecesIn } from "./rows.ts";

export interface PiecesOptions {
  readonly database: Database;
  readonly collection: string;
  readonly bytes: ObjectBytes;
  readonly clock: Pick<Clock, "after">;
  readonly tasks: Tasks;
}

// So many share one fsync of a folder and one write; and nobody's disk space waits longer than this.
const SETTLE_MS = 1_000;
const SETTLE_AT = 256;

export class Pieces {
  readonly #options: PiecesOptions;
  readonly #fresh = new Set<string>();
  readonly #stale = new Set<string>();
  /** How many read a piece: it is removed when they are through. */
  readonly #readers = new Map<string, number>();
  #timer: Disposable | null = null;

  constructor(options: PiecesOptions) {
    this.#options = options;
  }

  /** Marks for the change that makes these pieces an object's, and takes others from one. */
  marks(born: readonly string[], gone: readonly string[]): readonly Write[] {
    return [...born.map((id) => mark(pieceRow("k", id))), ...gone.map((id) => mark(pieceRow("x", id)))];
  }

  /** That change is written. */
  marked(born: readonly string[], gone: readonly string[]): void {
    for (const id of born) this.#fresh.add(id);
    for (const id of gone) this.#stale.add(id);
    this.#settleSoon();
  }

  /** Until it is disposed the piece can be read, whatever becomes of its object. */
  hold(id: string): Disposable {
    this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#readers.get(id) ?? 0) - 1;
        if (left > 0) return void this.#readers.set(id, left);
        this.#readers.delete(id);
        if (this.#stale.has(id)) this.#settleSoon();
      },
    };
  }

  /** Keeps and removes all that is marked so far, but for what is being read. */
  async settle(): Promise<void> {
    const { bytes, database, collection } = this.#options;
    const stale = [...this.#stale].filter((id) => !this.#readers.has(id));
    const fresh = [...this.#fresh];
    if (fresh.length + stale.length === 0) return;
    await bytes.keep(fresh);
    await bytes.remove(stale);
    const rows = [...fresh.map((id) => pieceRow("k", id)), ...stale.map((id) => pieceRow("x", id))];
    await database.change(collection, [], () => ({ writes: rows.map(erase), result: undefined }));
    for (const id of fresh) this.#fresh.delete(id);
    for (const id of stale) this.#stale.delete(id);
  }

  /** After a restart: does what is marked. Returns the ids that were not kept yet. */
  async recover(): Promise<readonly string[]> {
    const { database, collection } = this.#options;
    const marked = async (list: "k" | "x"): Promise<readonly string[]> =>
      (await database.scan(collection, piecesIn(list))).map(({ key }) => pieceOfRow(key));
    const [fresh, stale] = [await marked("k"), await marked("x")];
    for (const id of fresh) this.#fresh.add(id);
    for (const id of stale) this.#stale.add(id);
    await this.settle();
    return fresh;
  }

  #settleSoon(): void {
    const { clock, tasks } = this.#options;
    const isMany = this.#fresh.size + this.#stale.size >= SETTLE_AT;
    if (this.#timer !== null && !isMany) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.after(isMany ? 0 : SETTLE_MS, () => {
      this.#timer = null;
      tasks.run("pieces of a bucket", () => this.settle());
    });
  }
}

/** Puts right what a process that was killed left: what belongs to an object is kept, the rest goes. Before anything else is written. */
export async function recoverPieces(bytes: ObjectBytes, all: readonly Pieces[]): Promise<void> {
  const leftovers = new Set(await bytes.leftovers());
  for (const pieces of all) for (const id of await pieces.recover()) leftovers.delete(id);
  await bytes.remove([...leftovers]);
}
