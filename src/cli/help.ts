/** What --help prints: of the program, and of one command. Pure. */
import type { Command, Options } from "./command.ts";

export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "Examples:",
    '  catamaran up --detach && eval "$(catamaran env)"',
    "  kubectl get nodes; aws lambda list-functions",
    "  catamaran demo",
    "  catamaran down",
    "",
    "Usage: catamaran <command> [--name NAME] [--data-dir DIR] …",
    "",
    ...commands.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
    "",
    "catamaran <command> --help tells its options.",
    "",
  ].join("\n");
}

export function helpOf(command: Command): string {
  return [
    `catamaran ${command.name}: ${command.about}`,
    "",
    `Usage: ${usageOf(command)}`,
    ...(Object.keys(command.options).length === 0 ? [] : ["", ...optionLines(command.options)]),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

/** "catamaran logs NAME|TYPE/NAME [options]". */
export function usageOf({ name, operands, options }: Command): string {
  const hasOptions = Object.keys(options).length > 0;
  return ["catamaran", name, ...(operands ? [operands.usage] : []), ...(hasOptions ? ["[options]"] : [])].join(" ");
}

/** "-o, --output FORMAT   table, wide …", one line each. */
export function optionLines(options: Options): readonly string[] {
  const rows = optionRows(options);
  const width = Math.max(...rows.map(({ flag, short }) => flag.length + (short === "" ? 4 : 0)));
  return rows.map(({ flag, short, about, usual }) => {
    const padded = `${short === "" ? "    " : ""}${flag}`.padEnd(width);
    return `  ${padded}   ${about}${usual === "" ? "" : ` (default ${usual})`}`;
  });
}

export interface OptionRow {
  /** "-o, --output FORMAT". */
  readonly flag: string;
  readonly short: string;
  readonly about: string;
  /** Empty when there is none, or when it is only off. */
  readonly usual: string;
}

export function optionRows(options: Options): readonly OptionRow[] {
  return Object.entries(options).map(([name, { short = "", value, about, default: usual }]) => ({
    flag: `${short === "" ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`,
    short,
    about,
    usual: typeof usual === "string" ? usual : "",
  }));
}
