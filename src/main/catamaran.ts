#!/usr/bin/env node
/** The program: a command for people, or a role for the supervisor. Nothing is loaded that the command does not need. */
import type { Terminal } from "#cli/command.ts";
import { failureOf } from "#cli/exit-codes.ts";
import { runCommand } from "#cli/run-command.ts";
import { commands } from "./commands.ts";

const terminal: Terminal = {
  print: (text) => void process.stdout.write(text),
  say: (text) => void process.stderr.write(text),
};

const line = process.argv.slice(2);
const isRole = line[0] === "run";
try {
  process.exitCode = isRole
    ? await (await import("./run.ts")).run(line.slice(1))
    : await runCommand(commands, line, terminal);
} catch (thrown) {
  const { words, exitCode } = failureOf(thrown);
  terminal.say(`catamaran: ${words}\n`);
  process.exitCode = exitCode;
}
// Client commands may leave connections behind that nobody needs any more.
if (!isRole) process.exit();
