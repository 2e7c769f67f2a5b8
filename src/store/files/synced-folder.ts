/** A folder whose entries are made durable: those who ask at the same time share one fsync. */
import { open } from "node:fs/promises";

export class SyncedFolder {
  readonly path: string;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** Resolves when every entry that was made before this call is on disk. */
  sync(): Promise<void> {
    // One that runs already may have begun before the entry was made.
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = null;
    const running = syncFolder(this.path).finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
