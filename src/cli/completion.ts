/** Scripts that teach a shell the commands and their options. Pure. */
import { Fault } from "#base/fault.ts";
import { nearestWord } from "./suggest.ts";

export interface Completed {
  readonly name: string;
  readonly about: string;
  /** With their dashes. */
  readonly options: readonly string[];
}

const SHELLS = ["bash", "zsh", "fish"];

export function completionScript(shell: string | undefined, commands: readonly Completed[]): string {
  if (shell === "bash") return bash(commands);
  if (shell === "zsh") return zsh(commands);
  if (shell === "fish") return fish(commands);
  const near = shell === undefined ? undefined : nearestWord(shell, SHELLS);
  throw new Fault(
    "BadRequest",
    `completion ${shell ?? "needs a shell"}: one of ${SHELLS.join(", ")}${near === undefined ? "" : `; did you mean "${near}"?`}. Example: source <(catamaran completion bash)`,
  );
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, options }) => `    ${name}) words="${options.join(" ")}" ;;`).join("\n");
  return `_catamaran() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases}
    *) words="" ;;
  esac
  if [ "$COMP_CWORD" = 1 ]; then words="${commands.map(({ name }) => name).join(" ")}"; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _catamaran catamaran ctm
`;
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map(({ name, about }) => `    '${name}:${quoted(about)}'`).join("\n");
  const cases = commands.map(({ name, options }) => `    ${name}) compadd -- ${options.join(" ")} ;;`).join("\n");
  return `#compdef catamaran ctm
_catamaran() {
  local -a commands
  commands=(
${names}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case "$words[2]" in
${cases}
  esac
  _files
}
compdef _catamaran catamaran ctm
`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, about, options }) => [
    `complete -c catamaran -n __fish_use_subcommand -f -a ${name} -d '${quoted(about)}'`,
    ...options
      .filter((option) => option.startsWith("--"))
      .map((option) => `complete -c catamaran -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
  ]);
  return `${lines.join("\n")}\ncomplete -c ctm -w catamaran\n`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "").replaceAll(":", " ");
}
