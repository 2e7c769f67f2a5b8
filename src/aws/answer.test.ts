/** Answers on a kept connection: what a status without content must not say (RFC 9110 sections 8.6, 15.3.5 and 15.4.5). */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import net, { type AddressInfo } from "node:net";
import test from "node:test";
import { writeReply } from "./answer.ts";

/** All bytes of two answers of that status, one after the other on one connection. */
async function twoAnswers(status: number): Promise<string> {
  const headers = { "content-type": "application/json" };
  const server = createServer((_request, response) => void writeReply(response, { status, headers, body: "{}" }, "id"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1").setEncoding("latin1");
  let text = "";
  socket.on("data", (piece: string) => (text += piece));
  socket.write("DELETE / HTTP/1.1\r\nhost: h\r\n\r\nDELETE / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
  await once(socket, "close");
  server.close();
  return text;
}

for (const status of [204, 304]) {
  test(`${status} has neither a body nor a length`, async () => {
    const text = await twoAnswers(status);
    assert.doesNotMatch(text, /content-length|transfer-encoding|\{\}/i);
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 2);
  });
}

test("200 has the length of its body", async () => {
  assert.match(await twoAnswers(200), /content-length: 2\r\n/);
});
