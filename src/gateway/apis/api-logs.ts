/** Access logs of APIs: a line a request, gathered and handed to the log store once a second. Nothing waits for them. */
import type { ApiLogLine } from "#control/contract.ts";
import { type Context, logLine } from "./api-context.ts";

// A minute of a thousand requests a second; whoever has no room loses the newest.
const MAX_PENDING = 60_000;

export class ApiLogs {
  #pending: ApiLogLine[] = [];

  write({ group, format }: { readonly group: string; readonly format: string }, context: Context, atMs: number): void {
    this.line({ group, text: logLine(format, context) }, context, atMs);
  }

  line({ group, text }: { readonly group: string; readonly text: string }, context: Context, atMs: number): void {
    if (this.#pending.length < MAX_PENDING) this.#pending.push({ group, stream: streamOf(context), atMs, text });
  }

  /** Hands over what was not delivered yet; give it back with `restore` when that fails. */
  take(): readonly ApiLogLine[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  restore(lines: readonly ApiLogLine[]): void {
    this.#pending = [...lines, ...this.#pending].slice(0, MAX_PENDING);
  }
}

function streamOf({ apiId = "", stage = "" }: Context): string {
  return `${apiId}/${stage.replace("$", "")}`;
}
