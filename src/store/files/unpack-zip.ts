/** Unpacks zip files without holding up anybody: little at once, everything else in a thread, one at a time. */
import { stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { Fault } from "#base/fault.ts";
import { type Unpacked, unpackFile, type Unpacking } from "./place-entries.ts";

// Unpacks to 64 times as much at most in what deflate does to text, and within a few milliseconds.
const SMALL_BYTES = 16 * 1024;
// 60,000 files on a slow disk.
const DEADLINE_MS = 60_000;
// Contents are outside of a thread's heap.
const HEAP_MIB = 128;

/** Only one thread: two large packages at once would hold half a gigabyte. */
let last: Promise<unknown> = Promise.resolve();

/** Throws the faults of zipEntries and InternalError for a damaged file; may leave a part behind in `folder`. */
export async function unpackZip(unpacking: Unpacking): Promise<"as before" | "anew"> {
  const isSmall = (await stat(unpacking.file)).size <= SMALL_BYTES;
  const unpacked = isSmall ? unpackFile(unpacking) : await inTurn(() => inThread(unpacking));
  if (typeof unpacked === "string") return unpacked;
  throw new Fault(unpacked.code, unpacked.message);
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  last = turn.catch(() => {});
  return turn;
}

function inThread(unpacking: Unpacking): Promise<Unpacked> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./unpack-worker.ts", import.meta.url), {
      workerData: unpacking,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    AbortSignal.timeout(DEADLINE_MS).addEventListener("abort", () => {
      void worker.terminate();
      resolve({ code: "Invalid", message: `it was not unpacked within ${DEADLINE_MS / 1000} s` });
    });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Fault("InternalError", "the thread that unpacks ended early")));
  });
}
