/** Connections beyond a peer's share are closed; a place that becomes free is given again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { limitConnections } from "./connections.ts";

test("a peer's third connection is closed at once, and taken when another has ended", async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => void accepted.push(socket.resume()));
  limitConnections(server, { total: 10, perPeer: 2 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const seen = once(server, "connection");
    const client = connect(port, "127.0.0.1").on("error", () => {});
    await seen;
    return client;
  };
  const [first] = [await open(), await open()];
  const third = await open();
  if (!third.closed) await once(third, "close");
  const firstGone = once(accepted[0] as Socket, "close");
  first.destroy();
  await firstGone;
  const fourth = await open();
  fourth.write("?");
  await once(accepted.at(-1) as Socket, "data");
  assert.equal(accepted.at(-1)?.destroyed, false);
  for (const socket of accepted) socket.destroy();
  server.close();
});
