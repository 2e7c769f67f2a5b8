/** docs/reference/commands.md, made of the commands themselves. Pure; written by tools/gen-commands.ts. */
import type { Command } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { optionRows, usageOf } from "./help.ts";

const MEANS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "done",
  failed: "it failed",
  usage: "the command line is wrong, or asks for what is not supported",
  notFound: "what was named is not there",
  notReady: "not ready, not reachable, or not in time",
  conflict: "something else holds it already",
  budgetExceeded: "a limit of money was passed",
};

export function reference(commands: readonly Command[]): string {
  return [
    "# Commands",
    "",
    "Made by `tools/gen-commands.ts` from `src/cli/commands/` and `src/main/commands/`; a test proves that it is current.",
    "Data goes to standard output, words for people to standard error.",
    "",
    "| exit code | means |",
    "| --------- | ----- |",
    ...Object.entries(MEANS).map(([name, words]) => `| ${EXIT[name as keyof typeof EXIT]} | ${words} |`),
    "",
    ...commands.flatMap(sectionOf),
  ].join("\n");
}

function sectionOf(command: Command): readonly string[] {
  const rows = optionRows(command.options);
  return [
    `## catamaran ${command.name}`,
    "",
    `${command.about.charAt(0).toUpperCase()}${command.about.slice(1)}.`,
    "",
    "```",
    usageOf(command),
    "```",
    "",
    ...(rows.length === 0
      ? []
      : [
          "| option | does | default |",
          "| ------ | ---- | ------- |",
          ...rows.map(({ flag, about, usual }) => `| \`${cell(flag)}\` | ${cell(about)} | ${cell(usual)} |`),
          "",
        ]),
    "```sh",
    ...command.examples,
    "```",
    "",
  ];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
