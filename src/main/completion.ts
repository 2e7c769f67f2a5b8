/** `catamaran completion` and `catamaran version`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Completed, completionScript } from "#cli/completion.ts";

export async function printCompletion(words: readonly string[], commands: readonly Completed[]): Promise<number> {
  process.stdout.write(completionScript(words[0], commands));
  return 0;
}

export async function printVersion(): Promise<number> {
  const text = await readFile(join(import.meta.dirname, "..", "..", "package.json"), "utf8");
  const { version } = JSON.parse(text) as { readonly version: string };
  process.stdout.write(`catamaran ${version} (Kubernetes API v1.34, node ${process.versions.node})\n`);
  return 0;
}
