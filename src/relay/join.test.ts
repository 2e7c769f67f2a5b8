/** Two connections as one: bytes, ends, breaks, and slow readers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { duplexPair, type Duplex } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FakeClock } from "#deck/fake-clock.ts";
import { join } from "./join.ts";

interface Joined {
  /** The far ends. */
  readonly client: Duplex;
  readonly server: Duplex;
  readonly near: readonly [Duplex, Duplex];
  readonly clock: FakeClock;
  readonly over: Promise<void>;
}

function joined(): Joined {
  const [[client, one], [server, other], clock] = [duplexPair(), duplexPair(), new FakeClock(0)];
  return { client, server, near: [one, other], clock, over: join(one, other, clock) };
}

test("bytes go both ways, and the end of one is the end of the other", async () => {
  const { client, server, over } = joined();
  const [atClient, atServer] = [text(client), text(server)];
  client.write("question");
  server.write("answer");
  server.end(" and bye");
  assert.equal(await atClient, "answer and bye");
  client.end("!");
  assert.equal(await atServer, "question!");
  await over;
});

test("what was sent before the end arrives, however much", async () => {
  const { client, server, over } = joined();
  const sent = Buffer.alloc(5_000_000, "x");
  server.end(sent);
  assert.ok(sent.equals(await buffer(client)));
  client.end();
  server.resume();
  await over;
});

for (const side of [0, 1] as const)
  test(`a connection that breaks closes the other one: ${side === 0 ? "the client's" : "the server's"}`, async () => {
    const { client, server, near, over } = joined();
    const rest = side === 0 ? server : client;
    const ended = once(rest, "end");
    near[side].destroy(new Error("reset"));
    rest.resume();
    await ended;
    rest.end();
    await over;
    assert.deepEqual(
      near.map(({ destroyed }) => destroyed),
      [true, true],
    );
  });

test("who does not take the end is cut off after a while", async () => {
  const { near, clock, over } = joined();
  near[0].destroy();
  await turn();
  clock.advance(29_999);
  assert.equal(near[1].destroyed, false);
  clock.advance(1);
  await over;
});

test("a side is read no faster than the other takes", async () => {
  const { client, near, over } = joined();
  const chunk = Buffer.alloc(16_384);
  let taken = 0;
  // Nobody reads at the server's end: after what the buffers hold, the client has to wait.
  for (let i = 0; i < 1_000; i++) {
    if (!client.writableNeedDrain) {
      client.write(chunk);
      taken += chunk.length;
    }
    await turn();
  }
  assert.ok(taken > 0 && taken < 1_000_000, `${taken} bytes were taken`);
  for (const each of near) each.destroy();
  await over;
});

test("sides that were closed before are over at once", async () => {
  const [[, one], [, other]] = [duplexPair(), duplexPair()];
  one.destroy();
  other.destroy();
  await Promise.all([once(one, "close"), once(other, "close")]);
  await join(one, other, new FakeClock(0));
});
