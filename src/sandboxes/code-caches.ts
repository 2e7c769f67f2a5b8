/** V8 code caches by function, code digest and handler: made by one environment's first run, given to the next ones. Bounded, in memory only. */
import type { SandboxSpec } from "#functions/sandboxes.ts";

// About fifteen bundles with the AWS SDK; beyond that the oldest is compiled again, which costs 60 ms and nothing else.
const MAX_BYTES = 32 * 1024 * 1024;

export class CodeCaches {
  readonly #kept = new Map<string, Uint8Array>();
  #bytes = 0;

  get(spec: SandboxSpec): Uint8Array | undefined {
    return this.#kept.get(nameOf(spec));
  }

  put(spec: SandboxSpec, cache: Uint8Array): void {
    const name = nameOf(spec);
    this.#drop(name);
    this.#kept.set(name, cache);
    this.#bytes += cache.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MAX_BYTES) return;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    this.#bytes -= this.#kept.get(name)?.length ?? 0;
    this.#kept.delete(name);
  }
}

function nameOf(spec: SandboxSpec): string {
  // A cache is code: what one function's environment made is given to no other function, though it have the same package.
  return `${spec.arn}/${spec.codeSha256}/${spec.handler.split(".")[0]}`;
}
