/** How many connections a server keeps open, for each peer and in all: sockets are memory and descriptors that all share. */
import type { Server, Socket } from "node:net";

export interface ConnectionLimits {
  readonly total: number;
  readonly perPeer: number;
}

/** Whoever connects beyond the limits is closed at once, without an answer: there is no room to say one. */
export function limitConnections(server: Server, { total, perPeer }: ConnectionLimits): void {
  const byPeer = new Map<string, number>();
  server.maxConnections = total;
  server.on("connection", (socket: Socket) => {
    const peer = socket.remoteAddress ?? "";
    const open = (byPeer.get(peer) ?? 0) + 1;
    if (open > perPeer) return void socket.destroy();
    byPeer.set(peer, open);
    socket.once("close", () => {
      const left = (byPeer.get(peer) ?? 0) - 1;
      if (left > 0) byPeer.set(peer, left);
      else byPeer.delete(peer);
    });
  });
}
