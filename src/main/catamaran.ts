#!/usr/bin/env node
/** The program: finds the command, runs it, turns faults into words and exit codes. Commands are loaded when they are asked for. */
import { member } from "#base/dictionary.ts";
import { parseArgs } from "node:util";
import { Fault, type FaultCode, unsupported } from "#base/fault.ts";
import type { Completed } from "#cli/completion.ts";
import { nearestWord } from "#cli/suggest.ts";
import {
  costOptionTable,
  demoOptionTable,
  downOptions,
  imageOptionTable,
  jsonOptions,
  logsOptionTable,
  optionLines,
  type Options,
  optionWords,
  outputOptions,
  placeOptions,
  upOptionTable,
} from "./command-options.ts";
import { type Place, placeOf } from "#instance/place.ts";

type Command = (words: readonly string[]) => Promise<number>;

interface Listed {
  readonly about: string;
  /** What stands after the name, before the options. */
  readonly words?: string;
  /** Besides --name and --data-dir; null: it is about no instance. */
  readonly options: Options | null;
  readonly examples: readonly string[];
  readonly run: Command;
}

const INTERNAL: Readonly<Record<string, Command>> = {
  run: async (words) => (await import("./run.ts")).run(words),
};

const COMMANDS: Readonly<Record<string, Listed>> = {
  up: {
    about: "start the platform",
    options: upOptionTable,
    examples: [
      'catamaran up --detach && eval "$(catamaran env)"',
      "catamaran up --name other --kube-port 0 --aws-port 0 --gateway-port 0 --dashboard-port 0",
      "catamaran up --nodes 3",
    ],
    run: async (words) =>
      (await import("./up.ts")).up(words, async (place, stop) =>
        (await import("./run-demo.ts")).demoAfterUp(place, stop),
      ),
  },
  down: {
    about: "end it",
    options: downOptions,
    examples: ["catamaran down", "catamaran down --name other --purge"],
    run: withPlace(downOptions, async (place, values) =>
      (await import("./up.ts")).down(place, { purge: values["purge"] === true }),
    ),
  },
  env: {
    about: 'print what shells need: eval "$(catamaran env)"',
    options: jsonOptions,
    examples: ['eval "$(catamaran env)"', "catamaran env -o json"],
    run: withPlace(jsonOptions, async (place, values) =>
      (await import("./env.ts")).printEnvironment(place, text(values["output"])),
    ),
  },
  status: {
    about: "what is running",
    options: outputOptions,
    examples: ["catamaran status", "catamaran status -o json"],
    run: withPlace(outputOptions, async (place, values) =>
      (await import("./status.ts")).printStatus(place, text(values["output"])),
    ),
  },
  doctor: {
    about: "what this machine can and cannot run, and how to mend it",
    options: outputOptions,
    examples: ["catamaran doctor"],
    run: withPlace(outputOptions, async (_place, values) =>
      (await import("./doctor.ts")).printDoctor(text(values["output"])),
    ),
  },
  demo: {
    about: "the same workload on both hulls, measured and priced",
    options: demoOptionTable,
    examples: ["catamaran demo", "catamaran demo --requests-per-day 1000000 --seconds 120"],
    run: async (words) => (await import("./run-demo.ts")).demo(words),
  },
  compare: {
    about: "show the last comparison again",
    options: jsonOptions,
    examples: ["catamaran compare", "catamaran compare -o json"],
    run: withPlace(jsonOptions, async (place, values) =>
      (await import("./run-demo.ts")).showComparison(place, values["output"]),
    ),
  },
  cost: {
    about: "what ran and what it costs at list prices",
    options: costOptionTable,
    examples: ["catamaran cost --window 30m", "catamaran cost -o json"],
    run: async (words) => (await import("./cost.ts")).printCost(words),
  },
  image: {
    about: "build, load and list images",
    words: "build DIR | load FILE|NAME | ls",
    options: imageOptionTable,
    examples: ["catamaran image build ./app -t app:1", "catamaran image load app.tar", "catamaran image ls"],
    run: async (words) => (await import("./image.ts")).image(words),
  },
  logs: {
    about: "logs of a pod, a deployment or a function",
    words: "NAME|TYPE/NAME",
    options: logsOptionTable,
    examples: ["catamaran logs -f deployment/web", "catamaran logs function/hello --tail 20"],
    run: async (words) => (await import("./logs.ts")).printLogs(words),
  },
  top: {
    about: "use of pods, nodes and functions",
    options: outputOptions,
    examples: ["catamaran top", "catamaran top -o json"],
    run: withPlace(outputOptions, async (place, values) =>
      (await import("./top.ts")).printTop(place, text(values["output"])),
    ),
  },
  dashboard: {
    about: "print a link that opens the dashboard, once and within ten minutes",
    options: {},
    examples: ["catamaran dashboard"],
    run: withPlace({}, async (place) => (await import("./env.ts")).printDashboard(place)),
  },
  store: {
    about: "is the state of an instance that is down whole, and what is lost",
    words: "check|repair",
    options: outputOptions,
    examples: ["catamaran store check", "catamaran store repair --name other"],
    run: async (words) => (await import("./store.ts")).storeCommand(words),
  },
  completion: {
    about: "teach a shell the commands and their options",
    words: "bash|zsh|fish",
    options: null,
    examples: ["source <(catamaran completion bash)"],
    run: async (words) => (await import("./completion.ts")).printCompletion(words, completed()),
  },
  version: {
    about: "print the version",
    options: null,
    examples: ["catamaran version"],
    run: async () => (await import("./completion.ts")).printVersion(),
  },
};

function completed(): readonly Completed[] {
  return Object.entries(COMMANDS).map(([name, { about, words = "", options }]) => ({
    name,
    about,
    // Lower-case words are written as they are: "check", "bash".
    options: [
      ...(words.match(/\b[a-z]+\b/g) ?? []),
      ...(options === null ? [] : optionWords(withPlaceOptions(options))),
      "--help",
    ],
  }));
}

function withPlaceOptions(more: Options): Options {
  return { ...more, ...placeOptions };
}

// Promised for later; refused by name until then.
const NOT_YET = ["whatif", "trace"];

type Values = Readonly<Record<string, string | boolean | undefined>>;

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function withPlace(more: Options, run: (place: Place, values: Values) => Promise<number>): Command {
  return async (words) => {
    const { values } = parseArgs({ args: [...words], options: withPlaceOptions(more) });
    return run(placeOf(values as { readonly name?: string }), values as Values);
  };
}

async function main(words: readonly string[]): Promise<number> {
  const [name = "--help", ...rest] = words;
  if (name === "--help" || name === "-h" || name === "help") return help(0);
  if (name === "--version") return main(["version"]);
  if (NOT_YET.includes(name)) throw unsupported(`catamaran ${name}`);
  const command = member(INTERNAL, name) ?? member(COMMANDS, name)?.run;
  if (command === undefined) {
    const near = nearestWord(name, Object.keys(COMMANDS));
    throw new Fault(
      "BadRequest",
      `there is no command "${name}"${near === undefined ? "" : `; did you mean "${near}"?`} (catamaran --help lists them)`,
    );
  }
  if (rest.includes("--help") || rest.includes("-h")) return help(0, name);
  return command(rest);
}

function help(code: number, only?: string): number {
  const command = only === undefined ? undefined : member(COMMANDS, only);
  process.stdout.write(command === undefined ? overview() : helpOf(only ?? "", command));
  return code;
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(11)} ${about}`);
  const examples =
    '  catamaran up --detach && eval "$(catamaran env)"\n  kubectl get nodes; aws lambda list-functions\n  catamaran demo\n  catamaran down';
  return `Examples:\n${examples}\n\nUsage: catamaran <command> [--name NAME] [--data-dir DIR] …\n\n${lines.join("\n")}\n\ncatamaran <command> --help tells its options.\n`;
}

function helpOf(name: string, { about, words, options: own, examples }: Listed): string {
  const hasOptions = own !== null;
  const usage = [
    "Usage: catamaran",
    name,
    ...(words === undefined ? [] : [words]),
    ...(hasOptions ? ["[options]"] : []),
  ];
  return [
    `catamaran ${name}: ${about}`,
    "",
    usage.join(" "),
    ...(own === null ? [] : ["", ...optionLines(withPlaceOptions(own))]),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

function exitCodeOf(code: FaultCode): number {
  switch (code) {
    case "BadRequest":
    case "Unsupported":
    case "MethodNotAllowed":
      return 2;
    case "NotFound":
    case "Gone":
      return 3;
    case "Timeout":
    case "Unavailable":
      return 4;
    case "Conflict":
    case "AlreadyExists":
      return 5;
    case "Unauthorized":
    case "Forbidden":
    case "NotAcceptable":
    case "Expired":
    case "RequestTooLarge":
    case "UnsupportedMediaType":
    case "Invalid":
    case "TooManyRequests":
    case "InternalError":
      return 1;
  }
}

// What the machine said no to, as files and databases tell it: no mistake of this program.
const MACHINE_CODES = /^(E[A-Z]+|ERR_SQLITE_ERROR)$/;

function toldOf(thrown: unknown): { readonly words: string; readonly exitCode: number } {
  if (thrown instanceof Fault) return { words: thrown.message, exitCode: exitCodeOf(thrown.code) };
  if (!(thrown instanceof Error)) return { words: String(thrown), exitCode: 1 };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  if (code.startsWith("ERR_PARSE_ARGS")) return { words: thrown.message, exitCode: 2 };
  if (MACHINE_CODES.test(code)) return { words: `this machine refused it: ${thrown.message}`, exitCode: 1 };
  return { words: [thrown.message, ...(thrown.stack?.split("\n").slice(1, 4) ?? [])].join("\n"), exitCode: 1 };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const { words, exitCode } = toldOf(thrown);
  process.stderr.write(`catamaran: ${words}\n`);
  process.exitCode = exitCode;
}
// Client commands may leave connections behind that nobody needs any more.
if (!process.argv.slice(2).some((word) => word === "run")) process.exit();
