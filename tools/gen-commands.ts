/** Writes docs/reference/commands.md from the commands themselves. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { reference } from "#cli/reference.ts";
import { allCommands } from "#cli/run-command.ts";
import { commands } from "#main/commands.ts";

export async function commandsReference(): Promise<string> {
  return reference(await allCommands(commands));
}

if (import.meta.main) {
  const file = join(import.meta.dirname, "..", "docs", "reference", "commands.md");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await commandsReference());
}
