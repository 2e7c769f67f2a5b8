/** Completion scripts that real shells accept, where they are installed. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import test from "node:test";
import { completionScript } from "./completion.ts";

const commands = [
  { name: "up", about: "start the platform: don't wait", options: ["--detach", "--name"] },
  { name: "down", about: "end it", options: ["--purge"] },
];

test("bash completes commands, then the options of the command", () => {
  const ask = (words: string, at: number): string =>
    execFileSync(
      "bash",
      [
        "-c",
        `${completionScript("bash", commands)}\nCOMP_WORDS=(${words}); COMP_CWORD=${at}; _catamaran; echo "\${COMPREPLY[*]}"`,
      ],
      { encoding: "utf8" },
    ).trim();
  assert.equal(ask("catamaran u", 1), "up");
  assert.equal(ask("catamaran up --d", 2), "--detach");
});

for (const shell of ["zsh", "fish"]) {
  const isThere = spawnSync(shell, ["--version"]).status === 0;
  test(`${shell} reads its script`, { skip: isThere ? false : `${shell} is not installed` }, () => {
    assert.equal(spawnSync(shell, ["-n"], { input: completionScript(shell, commands) }).status, 0);
  });
}

test("another shell is refused by name", () =>
  assert.throws(() => completionScript("bsh", commands), /one of bash, zsh, fish; did you mean "bash"\?/));
