/** The server's end of a WebSocket that only tells (RFC 6455): the handshake, frames, and the client's close. */
import { member } from "#base/dictionary.ts";
import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { Fault } from "#base/fault.ts";
import type { Headers, Upgrade } from "#relay/upgrade.ts";
import { drainOf, type Outlet } from "./outlet.ts";

/** How what is told is framed, by subprotocol (apimachinery wsstream, NewDefaultReaderProtocols). */
const PROTOCOLS: Readonly<Record<string, "binary" | "base64">> = {
  "": "binary",
  "binary.k8s.io": "binary",
  "base64.binary.k8s.io": "base64",
};

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3.
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;

export function isWebSocket({ headers }: Upgrade): boolean {
  return one(headers, "upgrade").toLowerCase() === "websocket";
}

/**
 * Switches to a WebSocket on which every write is a message; `opened` is given the connection, which is nobody else's now.
 * Faults: BadRequest for what is none, or none of the subprotocols.
 */
export function openWebSocket(upgrade: Upgrade, opened: (connection: Duplex) => void): Outlet {
  const { headers } = upgrade;
  const key = one(headers, "sec-websocket-key");
  if (key === "" || one(headers, "sec-websocket-version") !== "13")
    throw new Fault("BadRequest", "a WebSocket is opened with a key and the version 13 (RFC 6455)");
  const asked = one(headers, "sec-websocket-protocol");
  const protocol = asked
    .split(",")
    .map((word) => word.trim())
    .find((word) => member(PROTOCOLS, word) !== undefined);
  if (protocol === undefined)
    throw new Fault("BadRequest", `none of the subprotocols is spoken here: ${asked.slice(0, 200)}`);
  const socket = upgrade.accept({
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": createHash("sha1")
      .update(key + GUID)
      .digest("base64"),
    ...(protocol !== "" && { "sec-websocket-protocol": protocol }),
  });
  opened(socket);
  return telling(socket, member(PROTOCOLS, protocol) ?? "binary");
}

function one(headers: Headers, name: string): string {
  return [headers[name] ?? ""].flat().join(",");
}

function telling(socket: Duplex, form: "binary" | "base64"): Outlet {
  // What the client says is nothing but that it goes away, which ends the connection too.
  socket.resume();
  socket.on("error", () => {});
  return {
    write: (bytes) => {
      const message = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
      if (form === "binary") return socket.write(frame(BINARY, message));
      return socket.write(frame(TEXT, Buffer.from(Buffer.from(message).toString("base64"))));
    },
    drained: () => (socket.writableNeedDrain ? drainOf(socket) : Promise.resolve()),
    get waiting() {
      return socket.writableLength;
    },
    end: () => void socket.end(frame(CLOSE, Buffer.from([0x03, 0xe8]))), // 1000, a normal end.
  };
}

/** One unmasked frame that is a whole message (RFC 6455, 5.2). */
export function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (head.length === 2) head[1] = length;
  else if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}
