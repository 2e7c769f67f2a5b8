/** A subset of the Dockerfile language, as data. Everything outside the subset is refused by name. Pure. */
import { Fault, unsupported } from "#base/fault.ts";

export interface Dockerfile {
  readonly from: string;
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly is: "copy"; readonly sources: readonly string[]; readonly target: string }
  | { readonly is: "env"; readonly values: readonly (readonly [string, string])[] }
  | { readonly is: "workdir"; readonly path: string }
  | { readonly is: "cmd" | "entrypoint"; readonly command: readonly string[] }
  | { readonly is: "expose"; readonly ports: readonly string[] }
  | { readonly is: "user"; readonly user: string };

export function parseDockerfile(text: string): Dockerfile {
  const lines = instructions(text);
  const [first, ...rest] = lines;
  if (first?.word !== "FROM") throw new Fault("Invalid", "a Dockerfile must begin with FROM");
  if (/\sAS\s/i.test(` ${first.rest} `)) throw unsupported("Dockerfile FROM … AS (several stages)");
  return { from: first.rest, steps: rest.map(stepOf) };
}

interface Instruction {
  readonly word: string;
  readonly rest: string;
  readonly line: number;
}

function instructions(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let joined = "";
  let start = 0;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (joined === "") start = index + 1;
    joined += line.endsWith("\\") ? `${line.slice(0, -1)} ` : line;
    if (line.endsWith("\\")) continue;
    const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(joined) ?? [];
    found.push({ word: word.toUpperCase(), rest: rest.trim(), line: start });
    joined = "";
  }
  return found;
}

function stepOf({ word, rest, line }: Instruction): Step {
  switch (word) {
    case "COPY":
      return copyOf(rest, line);
    case "ENV":
      return { is: "env", values: envOf(rest, line) };
    case "WORKDIR":
      return { is: "workdir", path: rest };
    case "CMD":
      return { is: "cmd", command: commandOf(rest, line) };
    case "ENTRYPOINT":
      return { is: "entrypoint", command: commandOf(rest, line) };
    case "EXPOSE":
      return { is: "expose", ports: rest.split(/\s+/).map((port) => (port.includes("/") ? port : `${port}/tcp`)) };
    case "USER":
      return { is: "user", user: rest };
    case "FROM":
      throw unsupported("Dockerfile FROM more than once (several stages)");
    default:
      throw unsupported(`Dockerfile ${word}`, `line ${line}; prepare files beforehand and COPY them`);
  }
}

function copyOf(rest: string, line: number): Step {
  const option = /(?:^|\s)(--[a-z]+)/.exec(rest)?.[1];
  if (option !== undefined) throw unsupported(`Dockerfile COPY ${option}`);
  const paths = rest.startsWith("[") ? jsonWords(rest, line) : rest.split(/\s+/);
  const target = paths.at(-1);
  if (target === undefined || paths.length < 2)
    throw new Fault("Invalid", `line ${line}: COPY needs at least one source and a target`);
  return { is: "copy", sources: paths.slice(0, -1), target };
}

/** ENV key=value key2="a b" and the old ENV key value. */
function envOf(rest: string, line: number): readonly (readonly [string, string])[] {
  const pairs = [...rest.matchAll(/([A-Za-z_][\w.-]*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*)/g)];
  if (pairs.length > 0) return pairs.map(([, key = "", value = ""]) => [key, unquoted(value)] as const);
  const [, key, value] = /^([A-Za-z_][\w.-]*)\s+(.*)$/.exec(rest) ?? [];
  if (key === undefined || value === undefined)
    throw new Fault("Invalid", `line ${line}: ENV needs a name and a value`);
  return [[key, value]];
}

function unquoted(value: string): string {
  if (value.startsWith("'")) return value.slice(1, -1);
  const bare = value.startsWith('"') ? value.slice(1, -1) : value;
  return bare.replaceAll(/\\(.)/g, "$1");
}

/** The JSON form, or a line for the shell. */
function commandOf(rest: string, line: number): readonly string[] {
  return rest.startsWith("[") ? jsonWords(rest, line) : ["/bin/sh", "-c", rest];
}

function jsonWords(rest: string, line: number): readonly string[] {
  try {
    const words: unknown = JSON.parse(rest);
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  } catch {
    // Reported below, like every other form that is not a list of texts.
  }
  throw new Fault("Invalid", `line ${line}: not a JSON list of texts: ${rest}`);
}
