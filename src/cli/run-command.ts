/** Finds the command that a command line names, and runs it or prints its help. */
import { member } from "#base/dictionary.ts";
import { Fault, unsupported } from "#base/fault.ts";
import type { Command, CommandList, Terminal } from "./command.ts";
import { offeredCommands, offerOf } from "./completion.ts";
import { EXIT } from "./exit-codes.ts";
import { helpOf, overview } from "./help.ts";
import { nearestWord } from "./suggest.ts";

// Promised for later; refused by name until then.
const NOT_YET = ["whatif", "trace"];

/** `line` is what stands behind the program's name. Resolves with the exit code; faults are the caller's to tell. */
export async function runCommand(list: CommandList, line: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "--help", ...rest] = line;
  if (name === "--help" || name === "-h" || name === "help") {
    terminal.print(overview(await allCommands(list)));
    return EXIT.ok;
  }
  if (name === "--version") return runCommand(list, ["version"], terminal);
  if (name === "complete") return complete(list, rest, terminal);
  const found = await commandOf(list, name);
  const isHelp = rest.includes("--help") || rest.includes("-h");
  if (!isHelp) return found.run(rest, terminal);
  terminal.print(helpOf(found));
  return EXIT.ok;
}

/** In the order of the list. */
export function allCommands(list: CommandList): Promise<readonly Command[]> {
  return Promise.all(Object.values(list).map((load) => load()));
}

async function commandOf(list: CommandList, name: string): Promise<Command> {
  const load = member(list, name);
  if (load !== undefined) return load();
  if (NOT_YET.includes(name)) throw unsupported(`catamaran ${name}`);
  const near = nearestWord(name, Object.keys(list));
  throw new Fault(
    "BadRequest",
    `there is no command "${name}"${near === undefined ? "" : `; did you mean "${near}"?`} (catamaran --help lists them)`,
  );
}

/** `catamaran complete WORDS…`, for shells: one offered word a line. */
async function complete(list: CommandList, words: readonly string[], { print }: Terminal): Promise<number> {
  const [name = "", ...rest] = words;
  const load = words.length < 2 ? undefined : member(list, name);
  const before = rest.slice(0, -1);
  const offer = words.length < 2 ? offeredCommands(list) : load && offerOf(await load(), before);
  const names = offer?.names && (await (await import("./live-names.ts")).liveNames(offer.names, before));
  const offered = [...(names ?? []), ...(offer?.words ?? [])].filter((word) => word.startsWith(words.at(-1) ?? ""));
  print(offered.map((word) => `${word}\n`).join(""));
  return EXIT.ok;
}
