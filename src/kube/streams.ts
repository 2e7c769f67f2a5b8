/** pods/exec, pods/attach and pods/portforward: checked here, then a raw connection between the client and the pod's node. */
import type { IncomingMessage } from "node:http";
import { Fault } from "#base/fault.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { join } from "#relay/join.ts";
import type { Headers, Upgrade } from "#relay/upgrade.ts";
import { isTrue } from "./asked.ts";
import type { Ask, Door } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { found } from "./read-verbs.ts";
import { containerOf } from "./subresources.ts";

/** POST by SPDY clients, GET by WebSocket clients. */
export async function streamPod(door: Door, asking: Ask): Promise<void> {
  const { exchange, identity, path } = asking;
  // Upstream since 1.35 for GET too: who may read may not yet run commands.
  const { kind, namespace, name, subresource = "exec" } = path;
  const attributes = { group: kind.group, resource: kind.plural, subresource, namespace, name };
  door.authorizer.check(identity, { is: "resource", verb: "create", ...attributes });
  const pod = found(door, podKind, namespace, name).object;
  const nodePath = pathOnNode(pod, subresource, exchange.query);
  const { upgrade } = exchange;
  if (upgrade === undefined) throw new Fault("BadRequest", "Upgrade request required");
  const headers = spoken(upgrade);
  const { nodeName } = pod.spec;
  if (nodeName === undefined) throw new Fault("BadRequest", `pod ${name} does not have a host assigned`);
  using room = door.streamRoom.enter(identity.name);
  const answer = await door.nodes.upgrade(
    nodeName,
    { path: nodePath, method: exchange.method, headers },
    { clock: door.clock, stop: exchange.closed },
  );
  if (answer.is === "refused") return await passRefusal(exchange, answer.response);
  const client = upgrade.accept(answer.headers);
  room.hold(client, answer.socket);
  door.log.info("a stream into a pod was opened", { user: identity.name, subresource, namespace, pod: name });
  await join(client, answer.socket, door.clock);
}

/** The same question in kubelet's words. */
function pathOnNode(pod: Pod, subresource: string, query: URLSearchParams): string {
  const { namespace = "", name } = pod.metadata;
  if (subresource === "portforward") {
    const ports = query.getAll("ports").flatMap((value) => value.split(","));
    const parameters = ports.map((port) => `port=${encodeURIComponent(port)}`);
    return `/portForward/${namespace}/${name}?${parameters.join("&")}`;
  }
  const container = containerOf(pod, query.get("container"));
  const command = subresource === "exec" ? query.getAll("command") : [];
  if (subresource === "exec" && command.length === 0)
    throw new Fault("BadRequest", "you must specify at least one command for the container");
  const words = FLAGS.filter(([flag]) => isTrue(query, flag)).map(([, word]) => word);
  if (!words.some((word) => word !== "tty"))
    throw new Fault("BadRequest", "you must specify at least 1 of stdin, stdout, stderr");
  const parameters = [
    ...words.map((word) => `${word}=1`),
    ...command.map((word) => `command=${encodeURIComponent(word)}`),
  ];
  return `/${subresource}/${namespace}/${name}/${container}?${parameters.join("&")}`;
}

const FLAGS = [
  ["stdin", "input"],
  ["stdout", "output"],
  ["stderr", "error"],
  ["tty", "tty"],
] as const;

// What containerd's streaming server speaks over WebSocket.
const SUBPROTOCOLS = ["channel.k8s.io", "base64.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io"];

/**
 * DIFFERS: newer subprotocols over WebSocket (v5.channel.k8s.io, SPDY/3.1+portforward.k8s.io) are refused; clients that
 * speak them go on with SPDY, as kubectl does, or with an older one. Over SPDY kubectl exec takes a connection that broke for a success.
 */
function spoken({ headers }: Upgrade): Headers {
  const { "sec-websocket-protocol": wished, ...others } = headers;
  if (wished === undefined) return others;
  const words = [wished].flat().flatMap((value) => value.split(",").map((word) => word.trim()));
  const known = words.filter((word) => SUBPROTOCOLS.includes(word));
  if (known.length === 0)
    throw new Fault("BadRequest", `none of the subprotocols is spoken here: ${words.join(", ").slice(0, 200)}`);
  return { ...others, "sec-websocket-protocol": known.join(", ") };
}

/** The node's own words reach the client: kubectl prints them behind "unable to upgrade connection". */
async function passRefusal(exchange: Exchange, response: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  exchange.send(response.statusCode ?? 502, { "content-type": "text/plain" }, Buffer.concat(chunks));
}
