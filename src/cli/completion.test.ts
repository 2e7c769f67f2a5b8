/** What shells are offered, and scripts that real shells accept, where they are installed. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { type Command, command } from "./command.ts";
import { completionScript, type Offer, offerOf } from "./completion.ts";

const logs: Command = command({
  name: "logs",
  about: "logs of a pod",
  operands: { usage: "NAME", most: 1, complete: "workloads" },
  options: {
    namespace: { type: "string", short: "n", about: "where", complete: "namespaces" },
    output: { type: "string", about: "the form", complete: ["json", "yaml"] },
    tail: { type: "string", about: "how many" },
    follow: { type: "boolean", short: "f", about: "go on" },
  },
  isOfInstance: false,
  examples: [],
  run: async () => 0,
});
const FLAGS = ["-n", "--namespace", "--output", "--tail", "-f", "--follow", "--help"];

const cases: readonly (readonly [title: string, before: readonly string[], offer: Offer])[] = [
  ["at first its flags and the names that it takes", [], { names: "workloads", words: FLAGS }],
  ["behind an option the names that may be its value", ["-n"], { names: "namespaces", words: [] }],
  ["behind an option the words that may be its value", ["--output"], { words: ["json", "yaml"] }],
  ["behind an option of any value nothing", ["--tail"], { words: [] }],
  ["behind a flag the names still", ["-f"], { names: "workloads", words: FLAGS }],
  ["behind an option and its value the names still", ["-n", "prod"], { names: "workloads", words: FLAGS }],
  ["behind the last name only flags", ["web"], { words: FLAGS }],
];
for (const [title, before, offer] of cases)
  test(`a command is offered ${title}`, () => assert.deepEqual(offerOf(logs, before), offer));

test("bash asks the program for the words that begin as the one that is typed", () => {
  const folder = mkdtempSync(join(tmpdir(), "ctm-complete-"));
  const program = join(folder, "catamaran");
  writeFileSync(program, '#!/bin/sh\necho "$@" >"$0.asked"; echo pod/web; echo pod/db; echo deployment/web\n');
  chmodSync(program, 0o755);
  const words = `COMP_WORDS=(${program} logs -f pod/w); COMP_CWORD=3; _catamaran; echo "\${COMPREPLY[*]}"; cat ${program}.asked`;
  const said = execFileSync("bash", ["-c", `${completionScript("bash")}\n${words}`], { encoding: "utf8" });
  assert.equal(said, "pod/web\ncomplete logs -f pod/w\n");
  rmSync(folder, { recursive: true });
});

for (const shell of ["zsh", "fish"]) {
  const isThere = spawnSync(shell, ["--version"]).status === 0;
  test(`${shell} reads its script`, { skip: isThere ? false : `${shell} is not installed` }, () => {
    assert.equal(spawnSync(shell, ["-n"], { input: completionScript(shell) }).status, 0);
  });
}

test("another shell is refused by name", () =>
  assert.throws(() => completionScript("bsh"), /one of bash, zsh, fish; did you mean "bash"\?/));
