/** A TCP connection to a port of a pod of this node, made in the node's network: what the API server's proxies speak HTTP over. */
import { BlockList, connect } from "node:net";
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { type Stop, whenStopped } from "#base/stop.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Answer } from "#relay/upgrade.ts";
import type { Agent } from "./agent.ts";

// Kubernetes' default for connections to pods (DialContext of the API server's proxy transport).
const CONNECT_MS = 30_000;

/** The words of a path: "dial", namespace, pod, port. */
export async function dialPod(
  { pods, facts }: Pick<Agent, "pods" | "facts">,
  [, namespace = "", name = "", text = "", ...rest]: readonly string[],
  { clock, stop }: { readonly clock: Clock; readonly stop: Stop },
): Promise<Answer> {
  const port = Number(text);
  if (rest.length > 0 || !/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new Fault("NotFound", "a port of a pod is at /dial/NAMESPACE/POD/PORT");
  const pod = pods.get(keyOf(namespace, name));
  if (pod === undefined) throw new Fault("NotFound", `pod ${namespace}/${name} is not on this node`);
  const socket = connect({ host: addressOf(pod, facts), port });
  const leave = (): void => void socket.destroy(new Error("nobody waits for the connection"));
  const late = clock.after(CONNECT_MS, () => void socket.destroy(new Error("i/o timeout")));
  try {
    const connected = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (cause) => reject(new Fault("BadRequest", cause.message, { cause })));
    });
    using _leaving = whenStopped(stop, leave);
    await connected;
  } finally {
    late[Symbol.dispose]();
  }
  return { is: "switched", headers: { connection: ["Upgrade"], upgrade: ["tcp"] }, socket };
}

/** Whoever may write a pod's status could name any address: only those that the node gives to pods are dialled. */
function addressOf({ metadata, spec, status }: Pod, { ip, podCidr }: Pick<Agent["facts"], "ip" | "podCidr">): string {
  const { podIP = "" } = status ?? {};
  const isOurs = spec.hostNetwork === true ? podIP === ip : isWithin(podIP, podCidr);
  if (!isOurs) throw new Fault("BadRequest", `pod ${metadata.name} has no address on this node`);
  return podIP;
}

function isWithin(address: string, range: string): boolean {
  const [network = "", bits = ""] = range.split("/");
  const list = new BlockList();
  list.addSubnet(network, Number(bits));
  return list.check(address);
}
