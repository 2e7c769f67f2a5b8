/** The door's client of the node agents: their HTTPS endpoint for logs and usage. */
import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { View } from "#deck/objects.ts";
import type { Node } from "#kinds/node.ts";
import type { KeyPair } from "./pki.ts";

const DEFAULT_PORT = 10_250;
const CONNECT_TIMEOUT_MS = 5_000;

export class NodeEndpoint implements Disposable {
  readonly #nodes: View<Node>;
  readonly #agent: Agent;

  constructor(nodes: View<Node>, ca: string, client: KeyPair) {
    this.#nodes = nodes;
    // Agents present a certificate of our own authority under their node's name, not their address.
    this.#agent = new Agent({
      keepAlive: true,
      ca,
      cert: client.cert,
      key: client.key,
      checkServerIdentity: () => undefined,
    });
  }

  /** A running answer; the caller reads or destroys it. Faults: NotFound, Unavailable. */
  get(nodeName: string, path: string): Promise<IncomingMessage> {
    const node = this.#nodes.get(keyOf("", nodeName));
    const host = node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (host === undefined) throw new Fault("NotFound", `node "${nodeName}" has no address`);
    const port = node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? DEFAULT_PORT;
    return new Promise((resolve, reject) => {
      const request = httpsRequest({ host, port, path, agent: this.#agent }, resolve);
      request.setTimeout(CONNECT_TIMEOUT_MS, () => {
        // Only the way there is bounded: a followed log may be silent for long.
        if (request.socket?.connecting !== false) request.destroy(new Error("connect timed out"));
      });
      request.on("error", (cause) =>
        reject(
          new Fault("Unavailable", `node ${nodeName} at ${host}:${port} does not answer: ${cause.message}`, { cause }),
        ),
      );
      request.end();
    });
  }

  async getJson(nodeName: string, path: string): Promise<unknown> {
    const response = await this.get(nodeName, path);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    if (response.statusCode !== 200)
      throw new Fault("Unavailable", `node ${nodeName} answered ${response.statusCode}: ${text.slice(0, 200)}`);
    return JSON.parse(text);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
