/** What the AWS door does with connections, whatever it thinks of the requests on them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import test from "node:test";
import { openBareDoor } from "./bare-door.ts";

const REFUSED = `POST /nowhere HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}`;

test("a refused request whose small body came with its head leaves the connection open for the next", async () => {
  await using door = await openBareDoor([]);
  const socket = net.connect(door.port, "127.0.0.1").setEncoding("latin1");
  let text = "";
  socket.on("data", (piece: string) => (text += piece));
  socket.write(REFUSED);
  await once(socket, "data");
  assert.match(text, /^HTTP\/1\.1 40[03] /);
  assert.doesNotMatch(text, /connection: close/i);
  text = "";
  socket.write(REFUSED);
  await once(socket, "data");
  assert.match(text, /^HTTP\/1\.1 40[03] /);
  socket.destroy();
});

test("one whose body is still to come is answered, and its connection is closed", async () => {
  await using door = await openBareDoor([]);
  const socket = net.connect(door.port, "127.0.0.1").setEncoding("latin1");
  let text = "";
  socket.on("data", (piece: string) => (text += piece));
  socket.write("POST /nowhere HTTP/1.1\r\nhost: h\r\ncontent-length: 200\r\n\r\n{");
  await once(socket, "close");
  assert.match(text, /connection: close/i);
});
