/** What `up` refuses before it starts anything. */
import assert from "node:assert/strict";
import test from "node:test";
import { up } from "./commands/up.ts";

const refused: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [["--name", "Not A Name"], /lower-case letters/],
  [["--nodes", "99"], /--nodes 99: a whole number from 0 to 16/],
  [["--kube-port", "70000"], /--kube-port/],
  [["--join", "https://x"], /not supported by Catamaran/],
  [["--nonsense"], /nonsense/],
];
for (const [words, message] of refused)
  test(`up refuses ${words.join(" ")}`, () =>
    assert.rejects(up.run(words, { print: () => {}, say: () => {} }), message));
