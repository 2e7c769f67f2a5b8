/** Lines survive any cutting of the pipe, and none is longer than its limit. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LineSplitter, MAX_LINE_BYTES, readInTurns } from "./lines.ts";

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

test("what is passed over is counted, and the line that it begins is kept", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => void lines.push(line));
  splitter.push(Buffer.from("a\nb"));
  assert.deepEqual([splitter.skip(Buffer.from("c")), splitter.skip(Buffer.from("d\ne\nf"))], [0, 2]);
  splitter.push(Buffer.from("g\n"));
  assert.deepEqual(lines, ["a", "fg"]);
});

test("whoever else has something to do has his turn between two chunks of a flood", async () => {
  const order: string[] = [];
  const pipe = new PassThrough();
  const read = once(pipe, "end");
  readInTurns(pipe, (chunk) => {
    order.push(chunk.toString("utf8", 0, 1));
    setImmediate(() => order.push("else"));
  });
  for (const text of ["a", "b"]) pipe.write(text.repeat(65_536));
  pipe.end();
  await read;
  assert.deepEqual(order.slice(0, 3), ["a", "else", "b"]);
});

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
