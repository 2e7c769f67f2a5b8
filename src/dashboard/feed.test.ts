/** A feed: gathers, stays small however fast the log and slow the browser, and says what it left out. */
import assert from "node:assert/strict";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { Feed, type FeedLine, LineSplitter } from "./feed.ts";

interface Message {
  readonly skipped: number;
  readonly lines: readonly FeedLine[];
}

function stage(): { clock: FakeClock; feed: Feed; sent: Message[]; outlet: { isFull: boolean; drain: () => void } } {
  const clock = new FakeClock(1_000);
  const sent: Message[] = [];
  const outlet = { isFull: false, drain: (): void => {} };
  const feed = new Feed(
    {
      get writableNeedDrain() {
        return outlet.isFull;
      },
      write: (text: string) => sent.push(JSON.parse(text.replace(/^data: /, "")) as Message) > 0,
      once: ((_event: string, listener: () => void) => (outlet.drain = listener)) as never,
    },
    clock,
  );
  return { clock, feed, sent, outlet };
}

test("lines of one moment are one message, in order of time; nothing is sent when there is nothing", () => {
  const { clock, feed, sent } = stage();
  for (const atMs of [3, 1, 2]) feed.add({ atMs, text: String(atMs) });
  clock.advance(1_000);
  assert.deepEqual(
    sent.map(({ lines }) => lines.map(({ text }) => text)),
    [["1", "2", "3"]],
  );
});

test("a log that is too fast loses its oldest lines, and they are counted", () => {
  const { clock, feed, sent } = stage();
  for (let i = 0; i < 10_000; i++) feed.add({ atMs: i, text: String(i) });
  clock.advance(1_000);
  const [{ skipped, lines } = { skipped: 0, lines: [] }] = sent;
  assert.equal(skipped + lines.length, 10_000);
  assert.ok(lines.length <= 2_000 && lines.at(-1)?.text === "9999");
});

test("long lines count as much as they are", () => {
  const { clock, feed, sent } = stage();
  for (let i = 0; i < 1_000; i++) feed.add({ atMs: i, text: "x".repeat(100_000) });
  clock.advance(1_000);
  assert.ok(JSON.stringify(sent).length < 1_200_000);
  assert.ok(sent[0]?.lines[0]?.text.endsWith("… (cut)"));
});

test("a browser that does not read is not written to until it does", () => {
  const { clock, feed, sent, outlet } = stage();
  outlet.isFull = true;
  feed.add({ atMs: 1, text: "waits" });
  clock.advance(10_000);
  assert.equal(sent.length, 0);
  outlet.isFull = false;
  outlet.drain();
  assert.equal(sent[0]?.lines[0]?.text, "waits");
});

test("a source that can wait does so until half of the room is free, or until the page is closed", async () => {
  const { clock, feed } = stage();
  await feed.room();
  for (let i = 0; i < 1_500; i++) feed.add({ atMs: i, text: "" });
  const events: string[] = [];
  const waiting = feed.room().then(() => events.push("room"));
  await Promise.resolve();
  events.push("sent");
  clock.advance(1_000);
  await waiting;
  assert.deepEqual(events, ["sent", "room"]);
  for (let i = 0; i < 1_500; i++) feed.add({ atMs: i, text: "" });
  const closed = feed.room();
  feed[Symbol.dispose]();
  await closed;
});

for (const { title, pieces, lines } of [
  { title: "a line in two pieces", pieces: ["ab", "c\nd"], lines: ["abc"] },
  { title: "several lines in one piece", pieces: ["a\n\nb\n"], lines: ["a", "", "b"] },
])
  test(`splits ${title}`, () => {
    const splitter = new LineSplitter();
    assert.deepEqual(
      pieces.flatMap((piece) => [...splitter.push(piece)]),
      lines,
    );
  });

test("a line without end is cut, not kept", () => {
  const splitter = new LineSplitter();
  for (let i = 0; i < 1_000; i++) assert.deepEqual([...splitter.push("x".repeat(1_000))], []);
  const [line = ""] = splitter.push("\n");
  assert.ok(line.length < 20_000, `${line.length}`);
});
