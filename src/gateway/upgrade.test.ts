/** WebSockets over real connections: agreed and echoed, refused, nobody there, pod away, one end gone. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer as createPod, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import type { Address } from "./service-backend.ts";
import { isWebSocket, passUpgrade } from "./upgrade.ts";

const ASK =
  "GET /chat?room=1 HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Odd: a\r\nCookie: ctm-x=1; k=v\r\n\r\n";
const AGREED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: x\r\n\r\n";

async function listening<T extends Server | HttpServer>(server: T): Promise<Address> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

/** A client's connection to a gateway that sends WebSockets to `pod`. */
async function asking(
  pod: Address | undefined,
  ask = ASK,
): Promise<{ readonly client: Socket; readonly server: HttpServer }> {
  const server = createServer({ shouldUpgradeCallback: isWebSocket }, (_request, response) => response.end("plain"));
  const target = { host: "shop", path: "/chat", query: "room=1" };
  server.on("upgrade", (request, socket, head) => {
    void passUpgrade({ request, socket: socket as Socket, head, target }, pod, new FakeClock(0));
  });
  const { port } = await listening(server);
  const client = connect(port, "127.0.0.1");
  client.write(ask);
  return { client, server };
}

test("the pod is asked, agrees, and gets what the client says then", async () => {
  let asked = "";
  const pod = createPod((socket) => {
    socket.once("data", (head: Buffer) => {
      asked = head.toString("latin1");
      socket.write(`${AGREED}hello`);
      socket.on("data", (said: Buffer) => socket.end(said));
    });
  });
  const { client, server } = await asking(await listening(pod));
  const [first] = (await once(client, "data")) as [Buffer];
  client.write("echo");
  const answer = first.toString() + (await text(client));
  assert.match(asked, /^GET \/chat\?room=1 HTTP\/1\.1\r\n/);
  assert.match(asked, /\r\nx-odd: a\r\n/i);
  assert.match(asked, /\r\ncookie: k=v\r\n/i);
  assert.match(asked, /\r\nupgrade: websocket\r\n/i);
  assert.match(answer, /^HTTP\/1\.1 101 .*\r\nsec-websocket-extensions: x\r\n.*\r\n\r\nhelloecho$/s);
  server.close();
  pod.close();
});

test("a pod that does not agree answers one request, and nothing behind it reaches it", async () => {
  const asked: string[] = [];
  const pod = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(200, { "content-length": 2 }).end("no");
  });
  const { client, server } = await asking(
    await listening(pod),
    `${ASK}GET /admin HTTP/1.1\r\nHost: shop\r\n\r\nGET /secret HTTP/1.1\r\nHost: shop\r\n\r\n`,
  );
  assert.match(await text(client), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nno$/s);
  assert.deepEqual(asked, ["/chat?room=1"]);
  client.destroy();
  server.close();
  pod.closeAllConnections();
  pod.close();
});

test("another protocol is not switched to: the request is served as if nobody had offered", async () => {
  const { client, server } = await asking(undefined, ASK.replace("websocket", "h2c"));
  const [answer] = (await once(client, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200 OK\r\n/);
  client.destroy();
  server.close();
});

test("a pod that ends ends the client, and a client that breaks ends the pod's connection", async () => {
  const pod = createPod();
  const at = await listening(pod);
  for (const ends of ["pod", "client"] as const) {
    const accepted = once(pod, "connection");
    const { client, server } = await asking(at);
    const [podSide] = (await accepted) as [Socket];
    await once(podSide, "data");
    podSide.write(AGREED);
    await once(client, "data");
    const rest = ends === "pod" ? client : podSide;
    const over = once(rest.resume(), "end");
    (ends === "pod" ? podSide : client).destroy();
    await over;
    rest.destroy();
    server.close();
  }
  pod.close();
});

test("nobody is ready there: 503", async () => {
  const { client, server } = await asking(undefined);
  assert.match(await text(client), /^HTTP\/1\.1 503 /);
  server.close();
});

test("a pod that cannot be reached: 502", async () => {
  const gone = createPod();
  const at = await listening(gone);
  gone.close();
  const { client, server } = await asking(at);
  assert.match(await text(client), /^HTTP\/1\.1 502 /);
  server.close();
});
