/** What a shell may offer next on a command line, and the few lines that have a shell ask for it. Pure. */
import { Fault } from "#base/fault.ts";
import type { Command, CommandList, Option } from "./command.ts";
import type { LiveNames } from "./options.ts";
import { nearestWord } from "./suggest.ts";

/** Words that are known, and names that have to be looked up. */
export interface Offer {
  readonly words: readonly string[];
  readonly names?: LiveNames;
}

/** The command's own words, without the last one, which is being typed. */
export function offerOf(command: Command, before: readonly string[]): Offer {
  const option = optionOf(command, before.at(-1));
  if (option?.type === "string") return offerFrom(option.complete);
  const flags = [...Object.entries(command.options).flatMap(flagsOf), "--help"];
  const { complete, most = 0 } = command.operands ?? {};
  const isWanted = operandsIn(command, before) < most;
  return isWanted ? { ...offerFrom(complete), words: [...offerFrom(complete).words, ...flags] } : { words: flags };
}

export function offeredCommands(list: CommandList): Offer {
  return { words: [...Object.keys(list), "--help", "--version"] };
}

function offerFrom(complete: Option["complete"]): Offer {
  if (complete === undefined) return { words: [] };
  return typeof complete === "string" ? { words: [], names: complete } : { words: complete };
}

function flagsOf([name, { short }]: readonly [string, Option]): readonly string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
}

function optionOf({ options }: Command, word: string | undefined): Option | undefined {
  return Object.entries(options).find((entry) => word !== undefined && flagsOf(entry).includes(word))?.[1];
}

function operandsIn(command: Command, before: readonly string[]): number {
  return before.filter((word, at) => !word.startsWith("-") && optionOf(command, before[at - 1])?.type !== "string")
    .length;
}

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Each asks `catamaran complete WORDS…` with the words behind the program's name, the last one as far as it is typed. */
const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `_catamaran() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _catamaran catamaran ctm
`,
  zsh: `#compdef catamaran ctm
_catamaran() {
  local -a offered
  offered=(\${(f)"$("$words[1]" complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a offered || _files
}
compdef _catamaran catamaran ctm
`,
  fish: `function __catamaran_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] complete $words[2..-1] 2>/dev/null
end
complete -c catamaran -f -a '(__catamaran_complete)'
complete -c ctm -w catamaran
`,
};

export function completionScript(shell: string | undefined): string {
  const known = SHELLS.find((name) => name === shell);
  if (known !== undefined) return SCRIPTS[known];
  const near = shell === undefined ? undefined : nearestWord(shell, SHELLS);
  throw new Fault(
    "BadRequest",
    `completion ${shell ?? "needs a shell"}: one of ${SHELLS.join(", ")}${near === undefined ? "" : `; did you mean "${near}"?`}. Example: source <(catamaran completion bash)`,
  );
}
