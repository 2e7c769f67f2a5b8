/** A command line from its words to its exit code: found, parsed, refused, helped. */
import assert from "node:assert/strict";
import test from "node:test";
import { Fault } from "#base/fault.ts";
import { command, type CommandList } from "./command.ts";
import { failureOf } from "./exit-codes.ts";
import { runCommand } from "./run-command.ts";

const list: CommandList = {
  sail: async () =>
    command({
      name: "sail",
      about: "set sail",
      operands: { usage: "PORT", most: 1 },
      options: {
        knots: { type: "string", short: "k", default: "8", value: "N", about: "how fast" },
        night: { type: "boolean", default: false, about: "also in the dark" },
      },
      examples: ["catamaran sail Kiel --knots 12"],
      run: async ({ values, operands, place, print, say }) => {
        if (operands[0] === "Atlantis") throw new Fault("NotFound", "there is no such port");
        print(`${operands[0]} ${values.knots} ${values.night} ${place.name}\n`);
        say("ahoy\n");
        return 0;
      },
    }),
};

interface Ended {
  readonly out: string;
  readonly said: string;
  readonly code: number;
}

async function ended(...line: readonly string[]): Promise<Ended> {
  const [out, said]: [string[], string[]] = [[], []];
  const terminal = { print: (text: string) => void out.push(text), say: (text: string) => void said.push(text) };
  const code = await runCommand(list, line, terminal).catch((thrown: unknown) => {
    const { words, exitCode } = failureOf(thrown);
    said.push(words);
    return exitCode;
  });
  return { out: out.join(""), said: said.join(""), code };
}

test("data goes to standard output, words to standard error", async () =>
  assert.deepEqual(await ended("sail", "Kiel", "-k", "12", "--name", "dev"), {
    out: "Kiel 12 false dev\n",
    said: "ahoy\n",
    code: 0,
  }));

const failures: readonly (readonly [line: readonly string[], code: number, words: RegExp])[] = [
  [["sale"], 2, /there is no command "sale"; did you mean "sail"\?/],
  [["__proto__"], 2, /there is no command/],
  [["whatif"], 2, /catamaran whatif/],
  [["sail", "--wings"], 2, /--wings/],
  [["sail", "Kiel", "Oslo"], 2, /"Oslo" is one word too many/],
  [["sail", "--name", "Not A Name"], 2, /lower-case letters/],
  [["sail", "Atlantis"], 3, /no such port/],
];
for (const [line, code, words] of failures)
  test(`catamaran ${line.join(" ")} ends with ${code}`, async () => {
    const { code: got, said, out } = await ended(...line);
    assert.equal(got, code);
    assert.match(said, words);
    assert.equal(out, "");
  });

test("help tells usage, every option with its default, and examples", async () =>
  assert.equal(
    (await ended("sail", "--help")).out,
    `catamaran sail: set sail

Usage: catamaran sail PORT [options]

  -k, --knots N        how fast (default 8)
      --night          also in the dark
      --name NAME      which instance; default "default", or $CATAMARAN_NAME
      --data-dir DIR   where its state is; default below $XDG_DATA_HOME

Examples:
  catamaran sail Kiel --knots 12
`,
  ));

test("the overview lists each command", async () => assert.match((await ended()).out, /^ {2}sail {2}set sail$/m));

test("complete offers commands, then what the command takes", async () => {
  assert.equal((await ended("complete", "s")).out, "sail\n");
  assert.equal((await ended("complete", "sail", "--k")).out, "--knots\n");
  assert.equal((await ended("complete", "nothing", "")).out, "");
});

const codes: readonly (readonly [thrown: unknown, code: number])[] = [
  [new Fault("Invalid", "x"), 1],
  [new Fault("BadRequest", "x"), 2],
  [new Fault("Unsupported", "x"), 2],
  [new Fault("NotFound", "x"), 3],
  [new Fault("Gone", "x"), 3],
  [new Fault("Unavailable", "x"), 4],
  [new Fault("Timeout", "x"), 4],
  [new Fault("Conflict", "x"), 5],
  [new Fault("AlreadyExists", "x"), 5],
  [Object.assign(new Error("full"), { code: "ENOSPC" }), 1],
  ["thrown text", 1],
];
for (const [thrown, code] of codes)
  test(`${thrown instanceof Fault ? thrown.code : String(thrown)} ends with ${code}`, () =>
    assert.equal(failureOf(thrown).exitCode, code));

test("what the machine refuses is told without a stack", () =>
  assert.equal(
    failureOf(Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" })).words,
    "this machine refused it: ENOSPC: no space",
  ));
