/** The subresources that are actions: a pod's log and binding, an account's token. */
import type { Duplex } from "node:stream";
import { timestamp } from "#base/clock.ts";
import { Fault, unsupported } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { whenStopped } from "#base/stop.ts";
import { conflict, invalid } from "#deck/refusals.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { bindingKind, type TokenRequest, tokenRequestKind } from "#kinds/rbac/reviews.ts";
import { writeRequest } from "./asked.ts";
import { readBody } from "./bodies.ts";
import { type Ask, type Door, sendJson } from "./door.ts";
import { found } from "./read-verbs.ts";
import { restrictToken } from "./restrict-node.ts";
import { success } from "./status.ts";
import { isWebSocket, openWebSocket } from "./web-socket.ts";

/** GET pods/{name}/log: the agent's answer is passed on as it comes. */
export async function podLog(door: Door, { exchange, identity, path }: Ask): Promise<void> {
  const pod = found(door, podKind, path.namespace, path.name).object;
  const container = containerOf(pod, exchange.query.get("container"));
  const nodeName = pod.spec.nodeName;
  if (nodeName === undefined) throw new Fault("BadRequest", `pod ${path.name} does not have a host assigned`);
  const query = new URLSearchParams(exchange.query);
  query.delete("container");
  const response = await door.nodes.get(
    nodeName,
    `/containerLogs/${path.namespace}/${path.name}/${container}?${query.toString()}`,
  );
  const stop = (): void => void response.destroy();
  using _ending = whenStopped(exchange.closed, stop);
  if (response.statusCode !== 200) {
    let text = "";
    for await (const chunk of response) text += String(chunk);
    throw new Fault(
      response.statusCode === 404 ? "NotFound" : "BadRequest",
      text.trim() || `container "${container}" in pod "${path.name}" is waiting to start: ContainerCreating`,
    );
  }
  using room = door.streamRoom.enter(identity.name);
  const { upgrade } = exchange;
  const opened = (socket: Duplex): void => {
    room.hold(socket);
    socket.once("close", stop);
  };
  const outlet =
    upgrade !== undefined && isWebSocket(upgrade)
      ? openWebSocket(upgrade, opened)
      : exchange.stream(200, { "content-type": "text/plain" });
  for await (const chunk of response as AsyncIterable<Buffer>) if (!outlet.write(chunk)) await outlet.drained();
  outlet.end();
}

/** The container that is meant, in upstream's words when it is not clear. */
export function containerOf(pod: Pod, asked: string | null): string {
  const init = (pod.spec.initContainers ?? []).map(({ name }) => name);
  const main = pod.spec.containers.map(({ name }) => name);
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map(({ name }) => name);
  const isKnown = (name: string): boolean => [...init, ...main, ...ephemeral].includes(name);
  if (asked !== null && asked !== "") {
    if (!isKnown(asked)) throw new Fault("BadRequest", `container ${asked} is not valid for pod ${pod.metadata.name}`);
    return asked;
  }
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (preferred !== undefined && isKnown(preferred)) return preferred;
  const [first = "", ...others] = main;
  if (others.length === 0) return first;
  const orInit = init.length === 0 ? "" : ` or one of the init containers: [${init.join(" ")}]`;
  throw new Fault(
    "BadRequest",
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${main.join(" ")}]${orInit}`,
  );
}

/** POST pods/{name}/binding, or bindings with the pod's name in the body: puts an unbound pod on a node. */
export async function bindPod(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const { target, metadata } = await readBody(door, ask, bindingKind);
  const name = path.kind === bindingKind ? metadata.name : path.name;
  if (target.name === undefined || target.name === "")
    throw invalid(bindingKind, name, [
      { reason: "FieldValueRequired", field: "target.name", message: "Required value" },
    ]);
  const nodeName = target.name;
  const bind = (live: Pod): Pod => {
    const { nodeName: bound } = live.spec;
    if (bound !== undefined && bound !== nodeName)
      throw conflict(podKind, name, `pod ${name} is already assigned to node "${bound}"`);
    return { ...live, spec: { ...live.spec, nodeName } };
  };
  await door.deck.update(podKind, keyOf(path.namespace, name), (live) => bind(live), {
    ...writeRequest(exchange, identity),
    subresource: "binding",
  });
  sendJson(exchange, 201, success({}));
}

/** POST serviceaccounts/{name}/token. */
export async function requestToken(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const account = found(door, serviceAccountKind, path.namespace, path.name).object;
  const { spec } = await readBody(door, ask, tokenRequestKind);
  const { expirationSeconds: seconds = DEFAULT_TOKEN_SECONDS } = spec;
  const audiences = spec.audiences.length > 0 ? spec.audiences : [door.tokens.issuer];
  const pod = boundPod(door, ask, spec);
  restrictToken(identity, path.kind, path.name, pod);
  const now = door.clock.now();
  const bound = pod === null ? {} : { pod: { name: pod.metadata.name, uid: pod.metadata.uid ?? "" } };
  const token = door.tokens.issue(
    { namespace: path.namespace, name: path.name, uid: account.metadata.uid ?? "" },
    { now, seconds, audiences, ...bound },
  );
  sendJson(exchange, 201, {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name: path.name, namespace: path.namespace, creationTimestamp: timestamp(now) },
    spec: { ...spec, audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp: timestamp(now + seconds * 1000) },
  });
}

/** The pod that the token is to die with; null when it is bound to none. */
function boundPod(door: Door, { path }: Ask, { boundObjectRef: bound }: TokenRequest["spec"]): Pod | null {
  if (bound === undefined) return null;
  if (bound.kind !== "Pod")
    throw unsupported(`TokenRequest.spec.boundObjectRef.kind ${bound.kind ?? ""}`, "bind to a Pod");
  const pod = found(door, podKind, path.namespace, bound.name ?? "").object;
  const { uid = "" } = bound;
  if (uid !== "" && uid !== pod.metadata.uid)
    throw conflict(
      path.kind,
      path.name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if ((pod.spec.serviceAccountName ?? "default") !== path.name)
    throw new Fault(
      "BadRequest",
      `cannot bind token for serviceaccount "${path.name}" to pod running with different serviceaccount name.`,
    );
  return pod;
}

const DEFAULT_TOKEN_SECONDS = 3_600;
