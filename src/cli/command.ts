/** What a command is: one value that says everything about itself, from which parsing, help, completion and the reference are made. */
import { parseArgs } from "node:util";
import { type Place, placeOf } from "#instance/place.ts";
import { type LiveNames, placeOptions } from "./options.ts";

/** An option as node:util parseArgs takes it, with words for people and shells. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly default?: string | boolean;
  /** What stands after it: "N", "FILE". */
  readonly value?: string;
  readonly about: string;
  /** What a shell offers as its value: these words, or names that are looked up when they are wanted. */
  readonly complete?: LiveNames | readonly string[];
}

export type Options = Readonly<Record<string, Option>>;

/** What may stand beside options: `DIR`, `NAME|TYPE/NAME`. */
export interface Operands {
  readonly usage: string;
  /** More are refused. */
  readonly most: number;
  /** What a shell offers for the first of them. */
  readonly complete?: LiveNames | readonly string[];
}

/** Where a command writes: data to `print`, which programs read, and words for people to `say`. */
export interface Terminal {
  readonly print: (text: string) => void;
  readonly say: (text: string) => void;
}

/** A command line, understood. */
export interface Given<O extends Options> extends Terminal {
  readonly values: Values<O>;
  readonly operands: readonly string[];
  readonly place: Place;
  /** As it came, for a command that starts itself again. */
  readonly line: readonly string[];
}

type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: boolean }>
>["values"];

/** What its file says of a command. */
interface Definition<O extends Options> {
  readonly name: string;
  /** One line, without a full stop. */
  readonly about: string;
  readonly operands?: Operands;
  /** Besides --name and --data-dir. */
  readonly options: O;
  /** False for those that are about the program or the machine: they take no --name. */
  readonly isOfInstance?: boolean;
  /** Each is a whole line for a shell. */
  readonly examples: readonly string[];
  /** Resolves with the exit code (exit-codes.ts); a Fault that it throws is words and an exit code, too. */
  readonly run: (given: Given<O>) => Promise<number>;
}

/** A command whatever its options are. */
export interface Command extends Omit<Definition<Options>, "run"> {
  /** All that it takes, in the order of its help. */
  readonly options: Options;
  readonly run: (line: readonly string[], terminal: Terminal) => Promise<number>;
}

/**
 * The file of a command holds this value and imports only what describes it; what its work needs is imported in `run`, so that
 * `catamaran --help` and completion load no platform (tools/tidy.test.ts looks).
 */
export function command<const O extends Options>(definition: Definition<O>): Command {
  const { options: own, operands, run, isOfInstance = true } = definition;
  const options: O = isOfInstance ? { ...own, ...placeOptions } : own;
  return {
    ...definition,
    options,
    run: async (line, terminal) => {
      const parsed = parseArgs({ args: [...line], options, allowPositionals: operands !== undefined });
      const { positionals } = parsed;
      if (positionals.length > (operands?.most ?? 0)) throw new TooManyOperands(positionals.at(-1) ?? "");
      const asked: { readonly name?: string; readonly "data-dir"?: string } = parsed.values;
      return run({
        ...terminal,
        values: parsed.values,
        operands: positionals,
        place: placeOf(isOfInstance ? asked : {}),
        line,
      });
    },
  };
}

/** Told like the faults of parseArgs: a mistake in the command line. */
export class TooManyOperands extends Error {
  constructor(operand: string) {
    super(`"${operand}" is one word too many`);
  }
}

/** The list of all commands: each is loaded when it is asked for. */
export type CommandList = Readonly<Record<string, () => Promise<Command>>>;
