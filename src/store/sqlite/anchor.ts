/**
 * What is known of a state file outside of it: whose it is and how far it had come. A lost tail, an emptied file or a copy that
 * was put in its place then differs from its anchor. Never what the state file holds.
 */
import { closeSync, fdatasync, fdatasyncSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { Fault } from "#base/fault.ts";

export interface AnchorState {
  /** Random, chosen when the state file was made; also written in the state file. */
  readonly generation: string;
  /** Everything up to here was acknowledged: a revision of the journal, a count of commits of others. */
  readonly position: number;
}

// Two slots written in turn, each within a sector: a power cut tears at most the one that is being written.
const SLOT_BYTES = 512;
const MARK = "catamaran-anchor-1";
// A kill does not take what the kernel holds; for a power cut the anchor follows at the first commit after this time,
// and never runs ahead.
const SYNC_EVERY_MS = 1_000;

/** Not beside the state file: who removes `journal.db*` by hand must not remove the memory of it. */
export function anchorFile(stateFile: string): string {
  return join(dirname(stateFile), "anchors", basename(stateFile));
}

/** Null when there is none; throws when it cannot be read as one. */
export function readAnchor(file: string): AnchorState | null {
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Fault("InternalError", `${file} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? "?"})`);
  }
  const slots = [text.slice(0, SLOT_BYTES), text.slice(SLOT_BYTES)].map(parseSlot).filter((slot) => slot !== null);
  const newest = slots.toSorted((a, b) => b.position - a.position)[0];
  if (newest === undefined) throw new Fault("InternalError", `${file} is damaged: it holds no whole mark`);
  return newest;
}

function parseSlot(text: string): AnchorState | null {
  const [mark, generation = "", position = "", sum] = text.trimEnd().split(" ");
  if (mark !== MARK || sum !== sumOf(generation, position)) return null;
  return { generation, position: Number(position) };
}

function sumOf(generation: string, position: string): string {
  return crc32(`${generation} ${position}`).toString(16);
}

export class Anchor implements Disposable {
  readonly #descriptor: number;
  readonly #generation: string;
  readonly #slot = Buffer.alloc(SLOT_BYTES);
  #position: number;
  #isSecond = false;
  #syncedAtMs = performance.now();

  /** Makes the file or takes over the one that is there; on disk when it returns. */
  static write(file: string, { generation, position }: AnchorState): Anchor {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const anchor = new Anchor(openSync(file, "a+", 0o600), openSync(file, "r+"), generation, position);
    syncFolder(dirname(file));
    syncFolder(dirname(dirname(file)));
    return anchor;
  }

  private constructor(made: number, descriptor: number, generation: string, position: number) {
    closeSync(made);
    this.#descriptor = descriptor;
    this.#generation = generation;
    this.#position = position;
    // Both slots, so that no slot of an earlier generation is left.
    for (let slot = 0; slot < 2; slot++) this.#write();
    fdatasyncSync(descriptor);
  }

  get position(): number {
    return this.#position;
  }

  /** After the commit: what is here is on disk there. A few microseconds, no sync. */
  advance(position: number): void {
    this.#position = position;
    try {
      this.#write();
    } catch {
      // A full or broken disk: the commit itself is safe, and an anchor that is behind only knows less.
    }
    if (performance.now() - this.#syncedAtMs < SYNC_EVERY_MS) return;
    this.#syncedAtMs = performance.now();
    fdatasync(this.#descriptor, () => {});
  }

  [Symbol.dispose](): void {
    try {
      fdatasyncSync(this.#descriptor);
    } finally {
      closeSync(this.#descriptor);
    }
  }

  #write(): void {
    const position = String(this.#position);
    const length = this.#slot.write(
      `${MARK} ${this.#generation} ${position} ${sumOf(this.#generation, position)}`,
      "latin1",
    );
    this.#slot.fill(" ", length);
    writeSync(this.#descriptor, this.#slot, 0, SLOT_BYTES, this.#isSecond ? SLOT_BYTES : 0);
    this.#isSecond = !this.#isSecond;
  }
}

/** A new file is durable only when its folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
