/** etcd as the peer of the journal's bench: started on a folder of the same disk, written to by unary gRPC over node:http2. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { createServer } from "node:net";

const ETCD = "/usr/bin/etcd";

export function hasEtcd(): boolean {
  return existsSync(ETCD);
}

export class EtcdPeer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #session: ClientHttp2Session;

  /** One member with its default settings: an fsync before every answer. */
  static async start(folder: string): Promise<EtcdPeer> {
    const [client, peer] = [await freePort(), await freePort()];
    const urls = (port: number): string => `http://127.0.0.1:${port}`;
    const words = ["--data-dir", folder, "--listen-client-urls", urls(client), "--advertise-client-urls", urls(client)];
    const raft = ["--listen-peer-urls", urls(peer), "--initial-advertise-peer-urls", urls(peer)];
    const child = spawn(ETCD, [...words, ...raft, "--initial-cluster", `default=${urls(peer)}`, "--logger", "zap"], {
      stdio: "ignore",
    });
    for (let tries = 0; tries < 100; tries++) {
      const isUp = await fetch(`${urls(client)}/health`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (isUp) return new EtcdPeer(child, connect(urls(client), { settings: { initialWindowSize: 1 << 20 } }));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill();
    throw new Error("etcd did not come up within 5 s");
  }

  private constructor(child: ChildProcess, session: ClientHttp2Session) {
    this.#process = child;
    this.#session = session;
  }

  /** KV.Put (etcd API v3, rpc.proto): key is field 1, value field 2. */
  put(key: string, value: Uint8Array): Promise<void> {
    const message = Buffer.concat([field(1, Buffer.from(key)), field(2, value)]);
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ":method": "POST",
        ":path": "/etcdserverpb.KV/Put",
        "content-type": "application/grpc",
        te: "trailers",
      });
      stream.on("trailers", (trailers) =>
        trailers["grpc-status"] === "0" ? resolve() : reject(new Error(`etcd: ${String(trailers["grpc-message"])}`)),
      );
      stream.on("error", reject);
      stream.resume();
      stream.end(Buffer.concat([frame, message]));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.destroy();
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill();
    await ended;
  }
}

function field(number: number, bytes: Uint8Array): Buffer {
  const head = [(number << 3) | 2];
  let length = bytes.length;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), bytes]);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
