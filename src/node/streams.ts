/** exec, attach and port-forward: which stream of containerd a request means, and the way there. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Stop } from "#base/stop.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { allContainers } from "#pods/references.ts";
import { ask, type Answer, negotiation } from "#relay/upgrade.ts";
import type { Agent } from "./agent.ts";
import { identityOf, labels } from "./container-config.ts";
import type { Cri, StreamOptions } from "./cri.ts";
import { containerState } from "./cri-messages.ts";

/** The words of a path, the first says what is asked for. */
export interface StreamRequest {
  readonly words: readonly string[];
  readonly query: URLSearchParams;
}

/** Asks containerd's streaming server, which listens on the node's loopback only. Paths and parameters are kubelet's. */
export async function openStream(
  agent: Agent,
  asked: StreamRequest,
  { request, ...until }: { readonly request: IncomingMessage; readonly clock: Clock; readonly stop: Stop },
): Promise<Answer> {
  const url = await streamUrl(agent, asked);
  return ask(httpRequest(url, { method: request.method, headers: negotiation(request), agent: false }), until);
}

async function streamUrl({ containerd: { cri }, pods }: Agent, { words, query }: StreamRequest): Promise<string> {
  const [what = "", namespace = "", name = "", container = "", ...rest] = words;
  const isForward = what === "portForward";
  if (name === "" || rest.length > 0 || (container === "") !== isForward)
    throw new Fault("NotFound", `streams are at /exec|attach/NAMESPACE/POD/CONTAINER and /portForward/NAMESPACE/POD`);
  const pod = pods.get(keyOf(namespace, name));
  if (pod === undefined) throw new Fault("NotFound", "pod does not exist");
  if (isForward) return cri.portForwardUrl(await sandboxOf(cri, pod), portsOf(query));
  const id = await containerOf(cri, pod, container);
  const streams = streamsOf(query);
  if (what === "exec") return cri.execUrl(id, query.getAll("command"), streams);
  // Whether a process has a terminal was settled when it started.
  const tty = allContainers(pod).find((each) => each.name === container)?.tty === true;
  return cri.attachUrl(id, { ...streams, tty, stderr: streams.stderr === true && !tty });
}

/** The start that runs. In kubelet's words. */
async function containerOf(cri: Cri, pod: Pod, name: string): Promise<string> {
  const starts = await cri.containers({ [labels.uid]: identityOf(pod).uid, [labels.container]: name });
  const running = starts.find(({ state }) => state === containerState.running);
  if (running === undefined) throw new Fault("NotFound", `container not found ("${name}")`);
  return running.id;
}

async function sandboxOf(cri: Cri, pod: Pod): Promise<string> {
  const sandboxes = await cri.sandboxes({ [labels.uid]: identityOf(pod).uid });
  const ready = sandboxes.find(({ state = 0 }) => state === 0);
  if (ready === undefined) throw new Fault("NotFound", `pod "${pod.metadata.name}" is not running`);
  return ready.id;
}

function streamsOf(query: URLSearchParams): StreamOptions {
  const [stdin, stdout, stderr, tty] = ["input", "output", "error", "tty"].map((name) => query.get(name) === "1");
  if (stdin !== true && stdout !== true && stderr !== true)
    throw new Fault("BadRequest", "you must specify at least 1 of stdin, stdout, stderr");
  // With a terminal there is one output: the CRI refuses both.
  return {
    stdin: stdin === true,
    stdout: stdout === true,
    stderr: stderr === true && tty !== true,
    tty: tty === true,
  };
}

/** Only WebSocket clients name ports here; SPDY's say them stream by stream. */
function portsOf(query: URLSearchParams): readonly number[] {
  return query.getAll("port").map((text) => {
    const port = Number(text);
    if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
      throw new Fault("BadRequest", `invalid port value: "${text}"`);
    return port;
  });
}
