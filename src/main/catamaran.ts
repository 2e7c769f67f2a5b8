#!/usr/bin/env node
/** The program: finds the command, runs it, turns faults into words and exit codes. Commands are loaded when they are asked for. */
import { parseArgs } from "node:util";
import { Fault, type FaultCode, unsupported } from "#base/fault.ts";
import { nearestWord } from "#cli/suggest.ts";
import { type Place, placeOf, placeOptions } from "./options.ts";

type Command = (words: readonly string[]) => Promise<number>;

const INTERNAL: Readonly<Record<string, Command>> = {
  run: async (words) => (await import("./run.ts")).run(words),
};

const COMMANDS: Readonly<Record<string, { readonly about: string; readonly run: Command }>> = {
  up: {
    about: "start the platform (--detach, --nodes N, --kube-port N …)",
    run: async (words) =>
      (await import("./up.ts")).up(words, async (place, stop) =>
        (await import("./run-demo.ts")).demoAfterUp(place, stop),
      ),
  },
  down: {
    about: "end it (--purge also forgets its data)",
    run: withPlace({ purge: { type: "boolean" } }, async (place, values) =>
      (await import("./up.ts")).down(place, { purge: values["purge"] === true }),
    ),
  },
  env: {
    about: 'print what shells need: eval "$(catamaran env)" (-o json)',
    run: withPlace({ output: { type: "string", short: "o" } }, async (place, values) =>
      (await import("./env.ts")).printEnvironment(place, text(values["output"])),
    ),
  },
  status: {
    about: "what is running",
    run: withPlace({ output: { type: "string", short: "o" } }, async (place, values) =>
      (await import("./status.ts")).printStatus(place, text(values["output"])),
    ),
  },
  doctor: {
    about: "what this machine can and cannot run, and how to mend it",
    run: withPlace({ output: { type: "string", short: "o" } }, async (_place, values) =>
      (await import("./doctor.ts")).printDoctor(text(values["output"])),
    ),
  },
  demo: {
    about: "the same workload on both hulls, measured and priced",
    run: async (words) => (await import("./run-demo.ts")).demo(words),
  },
  compare: {
    about: "show the last comparison again (-o json)",
    run: withPlace({ output: { type: "string", short: "o" } }, async (place, values) =>
      (await import("./run-demo.ts")).showComparison(place, values["output"]),
    ),
  },
  cost: {
    about: "what ran and what it costs at list prices (--window 24h, --price-book ID)",
    run: async (words) => (await import("./cost.ts")).printCost(words),
  },
  image: {
    about: "build DIR -t NAME | load FILE | ls",
    run: async (words) => (await import("./image.ts")).image(words),
  },
  logs: {
    about: "logs of a pod, a deployment or a function (-f)",
    run: async (words) => (await import("./logs.ts")).printLogs(words),
  },
  top: {
    about: "use of pods, nodes and functions",
    run: withPlace({ output: { type: "string", short: "o" } }, async (place, values) =>
      (await import("./top.ts")).printTop(place, text(values["output"])),
    ),
  },
  dashboard: {
    about: "print a link that opens the dashboard, once and within ten minutes",
    run: withPlace({}, async (place) => (await import("./env.ts")).printDashboard(place)),
  },
  store: {
    about: "check | repair: is the state of an instance that is down whole, and what is lost",
    run: async (words) => (await import("./store.ts")).storeCommand(words),
  },
  completion: {
    about: "bash | zsh | fish",
    run: async (words) => (await import("./completion.ts")).printCompletion(words, COMMANDS),
  },
  version: { about: "print the version", run: async () => (await import("./completion.ts")).printVersion() },
};

// Promised for later; refused by name until then.
const NOT_YET = ["whatif", "trace"];

type Values = Readonly<Record<string, string | boolean | undefined>>;

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function withPlace(
  more: Readonly<Record<string, { readonly type: "string" | "boolean"; readonly short?: string }>>,
  run: (place: Place, values: Values) => Promise<number>,
): Command {
  return async (words) => {
    const { values } = parseArgs({ args: [...words], options: { ...placeOptions, ...more } });
    return run(placeOf(values as { readonly name?: string }), values as Values);
  };
}

async function main(words: readonly string[]): Promise<number> {
  const [name = "--help", ...rest] = words;
  if (name === "--help" || name === "-h" || name === "help") return help(0);
  if (name === "--version") return main(["version"]);
  if (NOT_YET.includes(name)) throw unsupported(`catamaran ${name}`);
  const command = INTERNAL[name] ?? COMMANDS[name]?.run;
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
  const shown = Object.entries(COMMANDS).filter(([name]) => only === undefined || name === only);
  const lines = shown.map(([name, { about }]) => `  ${name.padEnd(11)} ${about}`);
  const examples =
    only === undefined
      ? 'Examples:\n  catamaran up --detach && eval "$(catamaran env)"\n  kubectl get nodes; aws lambda list-functions\n  catamaran demo\n  catamaran down\n\n'
      : "";
  process.stdout.write(
    `${examples}Usage: catamaran <command> [--name NAME] [--data-dir DIR] …\n\n${lines.join("\n")}\n`,
  );
  return code;
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

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const isUsage = (thrown as { readonly code?: string }).code?.startsWith("ERR_PARSE_ARGS") === true;
  process.stderr.write(`catamaran: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  if (!(thrown instanceof Fault) && !isUsage && thrown instanceof Error)
    process.stderr.write(`${thrown.stack?.split("\n").slice(1, 4).join("\n")}\n`);
  process.exitCode = thrown instanceof Fault ? exitCodeOf(thrown.code) : isUsage ? 2 : 1;
}
// Client commands may leave connections behind that nobody needs any more.
if (!process.argv.slice(2).some((word) => word === "run")) process.exit();
