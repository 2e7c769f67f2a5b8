/** The door's client of the node agents: their HTTPS endpoint for logs, usage and streams. */
import { Agent, request as httpsRequest } from "node:https";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Stop } from "#base/stop.ts";
import type { View } from "#deck/objects.ts";
import type { Node } from "#kinds/core/node.ts";
import { type Answer, ask, type Headers } from "#relay/upgrade.ts";
import type { KeyPair } from "./pki.ts";

const DEFAULT_PORT = 10_250;
const CONNECT_TIMEOUT_MS = 5_000;

interface Place {
  readonly host: string;
  readonly port: number;
}

interface NodeRequest {
  readonly path: string;
  readonly method: string;
  readonly headers?: Headers;
}

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
    const place = this.#placeOf(nodeName);
    return new Promise((resolve, reject) => {
      const request = this.#request(place, { path, method: "GET" });
      request.on("response", resolve);
      request.on("error", (cause) => reject(unreachable(nodeName, place, cause)));
      request.end();
    });
  }

  /** A request whose body and answer are the caller's. Faults: NotFound. */
  request(nodeName: string, asked: NodeRequest): ClientRequest {
    return this.#request(this.#placeOf(nodeName), asked);
  }

  /** Asks to switch protocols. Faults: NotFound, Unavailable. */
  async upgrade(
    nodeName: string,
    asked: NodeRequest,
    until: { readonly clock: Clock; readonly stop: Stop },
  ): Promise<Answer> {
    const place = this.#placeOf(nodeName);
    try {
      return await ask(this.#request(place, asked), until);
    } catch (cause) {
      throw unreachable(nodeName, place, cause);
    }
  }

  #placeOf(nodeName: string): Place {
    const node = this.#nodes.get(keyOf("", nodeName));
    const host = node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (host === undefined) throw new Fault("NotFound", `node "${nodeName}" has no address`);
    return { host, port: node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? DEFAULT_PORT };
  }

  #request(place: Place, asked: NodeRequest): ClientRequest {
    const request = httpsRequest({ ...place, ...asked, agent: this.#agent });
    request.setTimeout(CONNECT_TIMEOUT_MS, () => {
      // Only the way there is bounded: a followed log may be silent for long.
      if (request.socket?.connecting !== false) request.destroy(new Error("connect timed out"));
    });
    return request;
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

function unreachable(nodeName: string, { host, port }: Place, cause: unknown): Fault {
  return new Fault("Unavailable", `node ${nodeName} at ${host}:${port} does not answer: ${reasonOf(cause)}`, { cause });
}
