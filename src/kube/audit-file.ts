/** The audit log as a file of JSON lines: written in batches, begun anew when it is large, its last ten kept. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";

// --audit-log-maxsize and --audit-log-maxbackup as most clusters set them.
const LARGE_BYTES = 100 * 1024 * 1024;
const KEPT_FILES = 10;
// A disk that takes nothing more must not take the memory: what does not fit is counted and lost.
const WAITING_BYTES = 16 * 1024 * 1024;

export class AuditFile implements AsyncDisposable {
  readonly #path: string;
  readonly #log: Log;
  readonly #largeBytes: number;
  #handle: FileHandle;
  #size: number;
  readonly #waiting: string[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #writing: Promise<void> | null = null;

  static async open(path: string, log: Log, largeBytes: number = LARGE_BYTES): Promise<AuditFile> {
    const handle = await open(path, "a", 0o600);
    return new AuditFile(path, { log, handle, size: (await handle.stat()).size, largeBytes });
  }

  private constructor(
    path: string,
    parts: { readonly log: Log; readonly handle: FileHandle; readonly size: number; readonly largeBytes: number },
  ) {
    this.#path = path;
    this.#log = parts.log;
    this.#handle = parts.handle;
    this.#size = parts.size;
    this.#largeBytes = parts.largeBytes;
  }

  keep(line: string): void {
    if (this.#waitingBytes + line.length > WAITING_BYTES) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // What else comes in this turn goes with it.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const text = `${this.#waiting.splice(0).join("\n")}\n`;
      this.#waitingBytes = 0;
      await this.#append(text).catch((thrown: unknown) =>
        this.#log.error("audit events could not be written", { path: this.#path, reason: reasonOf(thrown) }),
      );
      if (this.#lost > 0) this.#log.error("audit events were lost: the disk is too slow", { count: this.#lost });
      this.#lost = 0;
    }
    this.#writing = null;
  }

  async #append(text: string): Promise<void> {
    if (this.#size > this.#largeBytes) await this.#beginAnew();
    await this.#handle.appendFile(text);
    this.#size += Buffer.byteLength(text);
  }

  async #beginAnew(): Promise<void> {
    await this.#handle.close();
    await rm(`${this.#path}.${KEPT_FILES}`, { force: true });
    for (let at = KEPT_FILES - 1; at >= 1; at--)
      await rename(`${this.#path}.${at}`, `${this.#path}.${at + 1}`).catch(() => {}); // There are not so many yet.
    await rename(this.#path, `${this.#path}.1`);
    this.#handle = await open(this.#path, "a", 0o600);
    this.#size = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }
}
