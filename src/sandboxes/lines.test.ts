/** Lines survive any cutting of the pipe, and none is longer than its limit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LineSplitter, MAX_LINE_BYTES } from "./lines.ts";

function split(text: string, step: number): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => void lines.push(line));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) splitter.push(bytes.subarray(at, at + step));
  splitter.end();
  return lines;
}

const cases: readonly { readonly title: string; readonly text: string; readonly lines: readonly string[] }[] = [
  { title: "none", text: "", lines: [] },
  { title: "one without its newline", text: "a", lines: ["a"] },
  { title: "two, one of them empty", text: "\nb\n", lines: ["", "b"] },
  { title: "characters of four bytes", text: "😀😀\n😀", lines: ["😀😀", "😀"] },
  { title: "one longer than the usual room", text: `${"x".repeat(200_000)}\ny\n`, lines: ["x".repeat(200_000), "y"] },
];

for (const { title, text, lines } of cases)
  for (const step of [1, 3, 65_536])
    test(`lines in pieces of ${step} bytes: ${title}`, () => assert.deepEqual(split(text, step), lines));

for (const unit of ["x", "ü", "€", "😀"]) {
  test(`a line that never ends comes in pieces that are whole characters: ${unit}`, () => {
    const text = unit.repeat(3 * MAX_LINE_BYTES);
    const lines = split(`a${text}`, 65_536);
    assert.equal(lines.join(""), `a${text}`);
    assert.ok(lines.every((line) => Buffer.byteLength(line) <= MAX_LINE_BYTES));
  });
}

// What other tests of the process left for the collector must not count.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heldBytes(): number {
  // V8 sweeps buffers beside the program; the second collection waits for the first one's sweep.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}

test("80 MB without a newline hold no more than one line", () => {
  let bytes = 0;
  const splitter = new LineSplitter((line) => void (bytes += line.length));
  const chunk = Buffer.alloc(65_536, 0x78);
  const before = heldBytes();
  for (let i = 0; i < 1_280; i++) splitter.push(chunk);
  assert.ok(heldBytes() - before < 32 * 1024 * 1024);
  splitter.end();
  assert.equal(bytes, 1_280 * 65_536);
});
