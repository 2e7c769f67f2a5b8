/** The driver of a machine on which functions may not run at all: says so to everybody who calls one. Starts nothing, ever. */
import { Fault } from "#base/fault.ts";
import type { Sandboxes, Started } from "#functions/sandboxes.ts";
import { startFailure } from "./agent-sandbox.ts";

export class NoSandboxes implements Sandboxes, AsyncDisposable {
  readonly driver = "none";
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
  }

  // Functions are taken in all the same: the machine may be mended later.
  runtimes(): readonly string[] {
    return ["nodejs20.x", "nodejs22.x", "nodejs24.x", "provided", "provided.al2", "provided.al2023"];
  }

  async prepare(): Promise<void> {}

  async start(): Promise<Started> {
    return startFailure(new Fault("Unavailable", this.#reason), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
