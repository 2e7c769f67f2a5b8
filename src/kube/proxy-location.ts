/** Which pod and port, or which node, the name in a proxy's path means ("web", "web:http", "https:web:443"). Reads only. */
import { Fault, unsupported } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { type EndpointAddress, endpointsKind } from "#kinds/core/endpoints.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { serviceKind } from "#kinds/core/service.ts";
import type { Door } from "./door.ts";
import { found } from "./read-verbs.ts";

export type Location =
  | { readonly is: "node"; readonly node: string; readonly host: string }
  | {
      readonly is: "pod";
      readonly scheme: "http" | "https";
      /** The node that the pod runs on: the way there leads through its agent. */
      readonly node: string;
      readonly namespace: string;
      readonly pod: string;
      readonly port: number;
      readonly host: string;
    };

interface Named {
  readonly scheme: "http" | "https";
  readonly name: string;
  readonly port: string;
}

/** NAME, NAME:PORT or SCHEME:NAME:PORT (apimachinery util/net, SplitSchemeNamePort); null for what is none of them. */
export function splitName(id: string): Named | null {
  const parts = id.split(":");
  if (parts.length > 3) return null;
  const [scheme = "", name = "", port = ""] = parts.length === 3 ? parts : ["", ...parts];
  if (name === "" || !["", "http", "https"].includes(scheme)) return null;
  return { scheme: scheme === "https" ? "https" : "http", name, port };
}

function named(what: string, id: string): Named {
  const split = splitName(id);
  if (split === null) throw new Fault("BadRequest", `invalid ${what} request ${JSON.stringify(id)}`);
  return split;
}

type Reads = Pick<Door, "deck" | "random">;

/** Without a port: the first that a container of the pod declares, else the scheme's. */
export function locatePod(door: Reads, namespace: string, id: string): Location {
  const { scheme, name, port } = named("pod", id);
  const pod = found(door, podKind, namespace, name).object;
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const number = port === "" ? (declared ?? (scheme === "https" ? 443 : 80)) : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new Fault(
      "BadRequest",
      `invalid port ${JSON.stringify(port)} of pod ${JSON.stringify(name)}: a number is expected`,
    );
  return locationOf(pod, scheme, number);
}

function locationOf(pod: Pod, scheme: "http" | "https", port: number): Location {
  const { name, namespace = "" } = pod.metadata;
  const { nodeName } = pod.spec;
  const { podIP } = pod.status ?? {};
  if (nodeName === undefined || podIP === undefined) throw new Fault("BadRequest", "address not allowed");
  return { is: "pod", scheme, node: nodeName, namespace, pod: name, port, host: `${podIP}:${port}` };
}

/** One of the ready pods behind the service, by its Endpoints. */
export function locateService(door: Reads, namespace: string, id: string): Location {
  const { scheme, name, port } = named("service", id);
  const portName = /^\d+$/.test(port) ? portNamed(door, namespace, { name, number: Number(port) }) : port;
  const { subsets = [] } = found(door, endpointsKind, namespace, name).object;
  if (subsets.length === 0)
    throw new Fault("Unavailable", `no endpoints available for service ${JSON.stringify(name)}`);
  const reachable = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const target = ports.find((each) => (each.name ?? "") === portName);
    return target === undefined
      ? []
      : addresses.flatMap((address) => podAt(door, address, { scheme, port: target.port }));
  });
  const chosen = reachable[Math.floor(door.random.number() * reachable.length)];
  if (chosen === undefined) throw new Fault("Unavailable", `no endpoints available for service ${JSON.stringify(id)}`);
  return chosen;
}

function portNamed(
  door: Reads,
  namespace: string,
  { name, number }: { readonly name: string; readonly number: number },
): string {
  const { spec } = found(door, serviceKind, namespace, name).object;
  const port = (spec.ports ?? []).find((each) => each.port === number);
  if (port !== undefined) return port.name ?? "";
  throw new Fault("Unavailable", `no service port ${number} found for service ${JSON.stringify(name)}`);
}

/** Whoever may write Endpoints could name any address: only those of pods that have them are gone to (isValidAddress). */
function podAt(
  door: Reads,
  { ip, targetRef }: EndpointAddress,
  { scheme, port }: { readonly scheme: "http" | "https"; readonly port: number },
): readonly Location[] {
  if (targetRef?.kind !== "Pod") return [];
  const { namespace = "", name = "" } = targetRef;
  const pod = door.deck.read(podKind, keyOf(namespace, name))?.object;
  return pod === undefined || pod.status?.podIP !== ip ? [] : [locationOf(pod, scheme, port)];
}

// Several agents share a machine, each at a port of its own: kubelet's own one always means the agent's.
const KUBELET_PORT = "10250";

export function locateNode(door: Reads, id: string): Location {
  const { name, port } = named("node", id);
  const { status } = found(door, nodeKind, "", name).object;
  const agentPort = status?.daemonEndpoints?.kubeletEndpoint?.Port;
  if (!["", KUBELET_PORT, String(agentPort)].includes(port))
    throw unsupported("nodes/proxy to a port that is not the agent's", `use the port ${agentPort ?? "of the agent"}`);
  return { is: "node", node: name, host: `${name}:${agentPort ?? ""}` };
}
