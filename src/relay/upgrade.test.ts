/** Upgrades over real connections: agreed, refused, given up, and what of the headers goes on. */
import assert from "node:assert/strict";
import { createServer, request as httpRequest, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { stopper } from "#base/stop.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { ask, type Headers, negotiation, plainResponse, switching } from "./upgrade.ts";

const SPDY = { connection: "Upgrade", upgrade: "SPDY/3.1" };

interface Hop extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** What the last upgrade asked for. */
  readonly asked: { headers: Headers };
}

/** Switches to an echo, or answers by `refuse`; with neither it keeps silent. */
async function hop(answer: "echo" | "silence" | RequestListener): Promise<Hop> {
  const sockets = new Set<Duplex>();
  const asked: { headers: Headers } = { headers: {} };
  const server = createServer().on("connection", (socket) => sockets.add(socket));
  server.on("upgrade", (request, socket) => {
    asked.headers = negotiation(request);
    if (typeof answer === "function") answer(request, plainResponse(request, socket));
    if (answer !== "echo") return;
    socket.write(`${switching({ ...SPDY, "x-stream-protocol-version": "v4" })}early `);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    server,
    port: (server.address() as AddressInfo).port,
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function asking({ port }: Hop, headers: Headers = SPDY): ReturnType<typeof httpRequest> {
  return httpRequest({ port, host: "127.0.0.1", method: "POST", headers, agent: false });
}

const patient = (): Parameters<typeof ask>[1] => ({ clock: new FakeClock(0), stop: stopper().stop });

test("who agrees gives the connection, and what came with the answer is not lost", async () => {
  await using next = await hop("echo");
  const answer = await ask(asking(next), patient());
  assert.ok(answer.is === "switched");
  assert.deepEqual(answer.headers["x-stream-protocol-version"], ["v4"]);
  answer.socket.end("hello");
  assert.equal(await text(answer.socket), "early hello");
});

test("who refuses is heard, and the connection is closed", async () => {
  await using next = await hop((_request, response) => void response.writeHead(404).end("no such pod"));
  const answer = await ask(asking(next), patient());
  assert.ok(answer.is === "refused");
  assert.deepEqual([answer.response.statusCode, answer.response.headers.connection], [404, "close"]);
  assert.equal(await text(answer.response), "no such pod");
});

test("credentials stay behind; repeated headers stay apart", async () => {
  await using next = await hop("echo");
  const sent = { ...SPDY, authorization: "Bearer x", cookie: "y", "x-stream-protocol-version": ["v4", "v3"] };
  const answer = await ask(asking(next, sent), patient());
  assert.ok(answer.is === "switched");
  answer.socket.destroy();
  assert.deepEqual(next.asked.headers, {
    upgrade: ["SPDY/3.1"],
    connection: ["Upgrade"],
    "x-stream-protocol-version": ["v4", "v3"],
  });
});

test("nobody waits longer than the client, nor than half a minute", async () => {
  await using next = await hop("silence");
  const [{ stop, fire }, clock] = [stopper(), new FakeClock(0)];
  const left = ask(asking(next), { clock, stop });
  fire();
  await assert.rejects(left, /nobody waits/);
  await assert.rejects(ask(asking(next), { clock, stop }), /nobody waits/);
  const late = ask(asking(next), { clock, stop: stopper().stop });
  clock.advance(30_000);
  await assert.rejects(late, /no answer in time/);
});

test("a hop that is not there is an error", async () => {
  const next = await hop("silence");
  await next[Symbol.asyncDispose]();
  await assert.rejects(ask(asking(next), patient()), /ECONNREFUSED/);
});
