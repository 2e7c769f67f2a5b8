/** Log lines that try to take over a terminal. */
import assert from "node:assert/strict";
import test from "node:test";
import { terminalText } from "./terminal-text.ts";

const lines: readonly (readonly [title: string, line: string, shown: string])[] = [
  ["plain text and tabs", "GET /\t200 ümläut 🐱", "GET /\t200 ümläut 🐱"],
  ["colours, which end with the line", "\u001b[1;31merror\u001b[0m x", "\u001b[1;31merror\u001b[0m x\u001b[0m"],
  ["a new title", "\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
  ["a cleared screen", "\u001b[2J\u001b[H", "\\x1b[2J\\x1b[H"],
  ["a question that the terminal would answer", "\u001b[6n", "\\x1b[6n"],
  ["C1 controls", "\u009b2J\u0090", "\\x9b2J\\x90"],
  ["a carriage return over what was written", "evil\rgood", "evil\\x0dgood"],
  ["a colour without end", `\u001b[${"1;".repeat(40)}m`, `\\x1b[${"1;".repeat(40)}m`],
];
for (const [title, line, shown] of lines)
  test(`a terminal is shown ${title}`, () => assert.equal(terminalText(line), shown));
