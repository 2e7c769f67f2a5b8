/** Carries sandboxes' AWS requests from a socket in their mounts to the AWS door. The only thing beyond itself that a sandbox can reach. */
import { chmod, mkdir, rm } from "node:fs/promises";
import net from "node:net";
import path from "node:path";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export class AwsForwarder implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #live = new Set<net.Socket>();

  static async listen(folder: string, endpoint: Endpoint): Promise<AwsForwarder> {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const file = path.join(folder, "aws.sock");
    await rm(file, { force: true });
    const forwarder = new AwsForwarder(endpoint);
    await new Promise<void>((resolve, reject) => {
      forwarder.#server.once("error", reject);
      forwarder.#server.listen(file, resolve);
    });
    await chmod(file, 0o777);
    return forwarder;
  }

  private constructor(endpoint: Endpoint) {
    this.#server = net.createServer({ allowHalfOpen: true }, (inside) => {
      const door = net.connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true });
      inside.pipe(door);
      door.pipe(inside);
      this.#pair(inside, door);
      this.#pair(door, inside);
    });
  }

  #pair(socket: net.Socket, other: net.Socket): void {
    this.#live.add(socket);
    // A side that breaks takes the other along; the client inside sees a reset, as from any endpoint that went away.
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      this.#live.delete(socket);
      other.destroy();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#live) socket.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}
