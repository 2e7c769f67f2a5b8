/** Bodies within limits: size, time, memory, and what is given back. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { HeldBytes } from "./held-bytes.ts";
import { type Body, type BodyRefusal, BodyRefused, readBody } from "./read-body.ts";

const LIMITS = { maxBytes: 10, deadlineMs: 1_000 };

function reading(held: HeldBytes, contentLength?: string) {
  const [stream, clock] = [new PassThrough(), new FakeClock()];
  const body = readBody(stream, { peer: "a", contentLength }, { ...LIMITS, held, clock });
  return { stream, clock, body };
}

const roomy = (): HeldBytes => new HeldBytes({ totalBytes: 100, peerBytes: 100 });

async function refusedFor(body: Promise<Body>, reason: BodyRefusal): Promise<void> {
  await assert.rejects(body, (thrown) => thrown instanceof BodyRefused && thrown.reason === reason);
}

test("a body is whole, counts as held while it is used, and no longer", async () => {
  const held = roomy();
  const { stream, body } = reading(held);
  stream.write("hel");
  stream.end("lo");
  {
    using whole = await body;
    assert.equal(whole.bytes.toString(), "hello");
    assert.equal(held.total, 5);
  }
  assert.equal(held.total, 0);
});

test("a body that came whole with its head is taken as it is, without a listener", async () => {
  const held = roomy();
  const { stream, body } = reading(held, "5");
  stream.end("hello");
  {
    using whole = await body;
    assert.equal(whole.bytes.toString(), "hello");
    assert.equal(held.total, 5);
    assert.equal(stream.listenerCount("data"), 0);
  }
  assert.equal(held.total, 0);
});

test("a body that came whole is refused where others hold too much", async () => {
  const held = new HeldBytes({ totalBytes: 4, peerBytes: 100 });
  const { stream, body } = reading(held, "5");
  stream.end("hello");
  await refusedFor(body, "too many");
  assert.equal(held.total, 0);
});

test("a connection that ended before anybody listened is told at once", async () => {
  const { stream, body } = reading(roomy(), "5");
  process.nextTick(() => stream.destroy());
  await refusedFor(body, "cut off");
});

test("a large body is joined in pieces, between which others have their turn", async () => {
  const stream = new PassThrough();
  const held = new HeldBytes({ totalBytes: 1e8, peerBytes: 1e8 });
  const limits = { maxBytes: 1e8, deadlineMs: 1_000, held, clock: new FakeClock() };
  const reading = readBody(stream, { peer: "a" }, limits);
  for (let i = 0; i < 200; i++) stream.write(Buffer.alloc(65_536, i));
  stream.end();
  await once(stream, "end");
  let turns = 0;
  const others = setImmediate(function turn() {
    turns++;
    setImmediate(turn).unref();
  });
  using whole = await reading;
  clearImmediate(others);
  assert.ok(turns >= 3, `others had ${turns} turns`);
  assert.equal(whole.bytes.length, 200 * 65_536);
  assert.ok(Array.from({ length: 200 }, (_, i) => i).every((i) => whole.bytes[i * 65_536 + 7] === i));
});

test("a body that declares too much is not waited for", async () => {
  await refusedFor(reading(roomy(), "11").body, "too large");
});

test("a body that becomes too large is refused, and what was held is given back", async () => {
  const held = roomy();
  const { stream, body } = reading(held);
  stream.write("12345678");
  stream.write("9012");
  await refusedFor(body, "too large");
  assert.equal(held.total, 0);
});

test("a slow body is refused when its time is over", async () => {
  const { stream, clock, body } = reading(roomy());
  stream.write("1");
  await Promise.resolve();
  clock.advance(1_000);
  await refusedFor(body, "too slow");
});

test("a peer that ends early is told apart from one that is late", async () => {
  const { stream, body } = reading(roomy());
  stream.write("1");
  stream.destroy();
  await refusedFor(body, "cut off");
});

for (const [title, limits] of [
  ["the peer holds too much", { totalBytes: 100, peerBytes: 8 }],
  ["all together hold too much", { totalBytes: 8, peerBytes: 100 }],
] as const)
  test(`refused: ${title}`, async () => {
    const held = new HeldBytes(limits);
    assert.ok(held.take(title.startsWith("all") ? "b" : "a", 6));
    const { stream, body } = reading(held);
    stream.write("123");
    await refusedFor(body, "too many");
    assert.equal(held.total, 6);
  });

test("an empty body costs nothing", async () => {
  const held = roomy();
  using body = await reading(held, "0").body;
  assert.equal(body.bytes.length, 0);
  assert.equal(held.total, 0);
});
