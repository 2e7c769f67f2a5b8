/** Runs one of the machine's programs and waits for it. Never a shell with text from outside. */
import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
}

// Far beyond what any of them has to say; a program that goes mad must not take us along.
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

// Long enough for an image import on a busy machine.
const PATIENCE_MS = 60_000;

/** Its standard output; throws an Error with its standard error when it fails. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program = "", ...args] = command;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: options.timeoutMs ?? PATIENCE_MS });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  let size = 0;
  const collect = (into: Buffer[], chunk: Buffer): void => {
    size += chunk.length;
    if (size <= MAX_OUTPUT_BYTES) into.push(chunk);
    else child.kill("SIGKILL");
  };
  child.stdout.on("data", (chunk: Buffer) => collect(output, chunk));
  child.stderr.on("data", (chunk: Buffer) => collect(errors, chunk));
  // The program may end without reading its input; its exit code tells.
  child.stdin.on("error", () => {});
  child.on("error", reject);
  child.on("close", (code, signal) => {
    if (code === 0) resolve(Buffer.concat(output).toString());
    else
      reject(
        new Error(`${command.join(" ")} ended with ${signal ?? code}: ${Buffer.concat(errors).toString().trim()}`),
      );
  });
  child.stdin.end(options.input ?? "");
  return promise;
}
