/** Upgrades over real connections: agreed and echoed, nobody there, pod away, one end gone. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer as createPod, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { passUpgrade } from "./upgrade.ts";

const ASK = "GET /chat?room=1 HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Odd: a\r\n\r\n";

async function listening<T extends Server | HttpServer>(
  server: T,
): Promise<{ readonly host: string; readonly port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

/** A client's connection to a gateway that sends upgrades to `pod`. */
async function asking(
  pod: { readonly host: string; readonly port: number } | undefined,
): Promise<{ readonly client: Socket; readonly server: HttpServer }> {
  const server = createServer();
  server.on("upgrade", (request, socket, head) =>
    passUpgrade({ request, socket: socket as Socket, head }, pod, new FakeClock(0)),
  );
  const { port } = await listening(server);
  const client = connect(port, "127.0.0.1");
  client.write(ASK);
  return { client, server };
}

test("the pod gets the head as it was sent, and what both say afterwards", async () => {
  const pod = createPod(
    (socket) => void socket.once("data", (asked) => socket.end(`101 to ${asked.toString("latin1")}`)),
  );
  const { client, server } = await asking(await listening(pod));
  assert.equal(await text(client), `101 to ${ASK}`);
  client.destroy();
  server.close();
  pod.close();
});

test("a pod that ends ends the client, and a client that breaks ends the pod's connection", async () => {
  const pod = createPod();
  const at = await listening(pod);
  for (const ends of ["pod", "client"] as const) {
    const accepted = once(pod, "connection");
    const { client, server } = await asking(at);
    const [podSide] = (await accepted) as [Socket];
    await once(podSide, "data");
    const rest = ends === "pod" ? client : podSide;
    const over = once(rest.resume(), "end");
    (ends === "pod" ? podSide : client).destroy();
    await over;
    rest.destroy();
    server.close();
  }
  pod.close();
});

test("nobody takes upgrades there: 404", async () => {
  const { client, server } = await asking(undefined);
  assert.match(await text(client), /^HTTP\/1\.1 404 Not Found\r\n/);
  server.close();
});

test("a pod that cannot be reached: 502", async () => {
  const gone = createPod();
  const at = await listening(gone);
  gone.close();
  const { client, server } = await asking(at);
  assert.match(await text(client), /^HTTP\/1\.1 502 Bad Gateway\r\n/);
  server.close();
});
