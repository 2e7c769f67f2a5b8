/** Bodies: whole, too large, too slow, broken off. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { HeldBytes } from "#http/held-bytes.ts";
import { type Exchange, http1Exchange, MAX_BODY_BYTES } from "./exchange.ts";

interface Opened {
  readonly exchange: Exchange;
  readonly source: PassThrough;
  readonly response: PassThrough;
  readonly clock: FakeClock;
}

function opened(
  held = new HeldBytes({ totalBytes: 10 * MAX_BODY_BYTES, peerBytes: 10 * MAX_BODY_BYTES }),
  headers: Readonly<Record<string, string>> = {},
): Opened {
  const [source, clock] = [new PassThrough(), new FakeClock(0)];
  const request = Object.assign(source, { method: "POST", url: "/x?a=b", headers, socket: null });
  const response = new PassThrough();
  const [incoming, outgoing] = [request as unknown as IncomingMessage, response as unknown as ServerResponse];
  const exchange = http1Exchange(incoming, outgoing, { clock, held });
  return { exchange, source, response, clock };
}

async function refusal(body: Promise<Buffer>): Promise<string> {
  return body.then(
    () => "none",
    (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
  );
}

test("a body in pieces is one body", async () => {
  const { exchange, source } = opened();
  const body = exchange.body();
  source.write("ab");
  source.end("c");
  assert.equal((await body).toString(), "abc");
  assert.deepEqual([exchange.path, exchange.query.get("a")], ["/x", "b"]);
});

test("a body that is too large is refused while it comes", async () => {
  const { exchange, source } = opened();
  const body = refusal(exchange.body());
  source.write(Buffer.alloc(MAX_BODY_BYTES));
  source.write("x");
  assert.equal(await body, "RequestTooLarge");
  source.destroy();
});

test("a body that drips is cut off after a minute", async () => {
  const { exchange, source, clock } = opened();
  const body = refusal(exchange.body());
  source.write("a");
  await Promise.resolve();
  clock.advance(59_000);
  assert.equal(source.destroyed, false);
  clock.advance(1_000);
  assert.equal(await body, "Timeout");
  clock.advance(5_000);
  assert.equal(source.destroyed, true);
});

test("a body that nobody asked for is cut off when its answer is out", async () => {
  const { source, response, clock } = opened(undefined, { "content-length": "100" });
  source.write("a");
  response.end();
  response.resume();
  await once(response, "end");
  clock.advance(4_000);
  assert.equal(source.destroyed, false);
  clock.advance(1_000);
  assert.equal(source.destroyed, true);
});

test("a client that goes away ends the wait for its body", async () => {
  const { exchange, source } = opened();
  const body = refusal(exchange.body());
  source.destroy();
  assert.equal(await body, "BadRequest");
});

test("a body is held until its answer is complete, and what would be too much is refused", async () => {
  const held = new HeldBytes({ totalBytes: 10, peerBytes: 6 });
  const bodies = ["ann", "bob", "ann"].map((sender) => {
    const { exchange, source, response } = opened(held);
    exchange.chargeTo(sender);
    const body = refusal(exchange.body());
    source.end("1234");
    return { body, response };
  });
  assert.deepEqual(await Promise.all(bodies.map(({ body }) => body)), ["none", "none", "TooManyRequests"]);
  assert.equal(held.total, 8);
  for (const { response } of bodies) response.destroy();
  await new Promise(setImmediate);
  assert.equal(held.total, 0);
});

test("a small limit is the one that counts", async () => {
  const { exchange, source } = opened();
  const body = refusal(exchange.body(3));
  source.end("1234");
  assert.equal(await body, "RequestTooLarge");
});
