/** Doors open on all hosts or on none, and close within their grace. */
import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { listen, listenSocket } from "./listen.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const http = (answer: Answer = (_request, response) => void response.end("ok")) => createServer(answer);

function asked(port: number, host: string): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get({ port, host, agent: false }, (response) => resolve(response.resume().statusCode ?? 0));
    request.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  });
}

test("one free port is taken on every host, and given back", async () => {
  const door = await listen({ server: http, hosts: ["127.0.0.1", "127.0.0.2"], port: 0 });
  assert.deepEqual([await asked(door.port, "127.0.0.1"), await asked(door.port, "127.0.0.2")], [200, 200]);
  await door[Symbol.asyncDispose]();
  assert.equal(await asked(door.port, "127.0.0.1"), "ECONNREFUSED");
});

test("a host that cannot be had leaves none open", async () => {
  const holder = createTcpServer().listen(0, "127.0.0.2");
  await once(holder, "listening");
  const address = holder.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  await assert.rejects(listen({ server: http, hosts: ["127.0.0.1", "127.0.0.2"], port }), /EADDRINUSE/);
  assert.equal(await asked(port, "127.0.0.1"), "ECONNREFUSED");
  holder.close();
});

for (const isAnswered of [true, false])
  test(`a request in flight ${isAnswered ? "is answered within the grace" : "is cut when the grace is over"}`, async () => {
    const clock = new FakeClock();
    const arrived = Promise.withResolvers<ServerResponse>();
    const server = (): ReturnType<typeof http> => http((_request, response) => arrived.resolve(response));
    const door = await listen({ server, hosts: ["127.0.0.1"], port: 0, grace: { ms: 1_000, clock } });
    const answer = asked(door.port, "127.0.0.1");
    const response = await arrived.promise;
    const closing = door[Symbol.asyncDispose]();
    if (isAnswered) response.setHeader("connection", "close").end();
    else clock.advance(1_000);
    await closing;
    assert.equal(await answer, isAnswered ? 200 : "ECONNRESET");
  });

test("a socket is its user's alone, and what was left in its place makes way", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ctm-listen-"));
  const path = join(folder, "a.sock");
  await writeFile(path, "left");
  await using _server = await listenSocket(http(), path);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await rm(folder, { recursive: true });
});
