/** The subresources that are actions: a pod's log, binding and eviction, an account's token. */
import { Fault, unsupported } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Pod } from "#kinds/pod.ts";
import { readDocument, removeOptions, writeRequest } from "./asked.ts";
import { type Ask, type Door, sendJson } from "./door.ts";
import { found } from "./read-verbs.ts";
import { success } from "./status.ts";

/** GET pods/{name}/log: the agent's answer is passed on as it comes. */
export async function podLog(door: Door, { exchange, path }: Ask): Promise<void> {
  const pod = found(door, path.kind, path.namespace, path.name).object as Pod;
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
  exchange.closed.addEventListener("abort", stop, { once: true });
  if (response.statusCode !== 200) {
    let text = "";
    for await (const chunk of response) text += String(chunk);
    throw new Fault(
      response.statusCode === 404 ? "NotFound" : "BadRequest",
      text.trim() || `container "${container}" in pod "${path.name}" is waiting to start: ContainerCreating`,
    );
  }
  const outlet = exchange.stream(200, { "content-type": "text/plain" });
  for await (const chunk of response as AsyncIterable<Buffer>) if (!outlet.write(chunk)) await outlet.drained();
  outlet.end();
}

function containerOf(pod: Pod, asked: string | null): string {
  const names = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ name }) => name);
  if (asked !== null && asked !== "") {
    if (!names.includes(asked))
      throw new Fault("BadRequest", `container ${asked} is not valid for pod ${pod.metadata.name}`);
    return asked;
  }
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (preferred !== undefined && names.includes(preferred)) return preferred;
  const [first = "", ...others] = pod.spec.containers.map(({ name }) => name);
  if (others.length > 0)
    throw new Fault(
      "BadRequest",
      `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(" ")}]`,
    );
  return first;
}

/** POST pods/{name}/eviction: a delete; no disruption budget can forbid it, since there is no such kind yet. */
export async function evictPod(door: Door, { exchange, identity, path }: Ask): Promise<void> {
  const document = await readDocument(exchange, door.decodeProtobuf);
  const options = removeOptions(exchange, (document?.["deleteOptions"] ?? null) as Parameters<typeof removeOptions>[1]);
  await door.deck.remove(path.kind, keyOf(path.namespace, path.name), options, writeRequest(exchange, identity));
  sendJson(exchange, 201, success({}));
}

/** POST pods/{name}/binding: puts an unbound pod on a node. */
export async function bindPod(door: Door, { exchange, identity, path }: Ask): Promise<void> {
  const document = await readDocument(exchange, door.decodeProtobuf);
  const nodeName = (document?.["target"] as { readonly name?: string } | undefined)?.name;
  if (nodeName === undefined || nodeName === "")
    throw new Fault("Invalid", "Binding is invalid: target.name: Required value");
  const bind = (live: Pod): Pod => {
    if (live.spec.nodeName !== undefined && live.spec.nodeName !== nodeName)
      throw new Fault("Conflict", `pod ${path.name} is already assigned to node "${live.spec.nodeName}"`);
    return { ...live, spec: { ...live.spec, nodeName } };
  };
  await door.deck.update(path.kind, keyOf(path.namespace, path.name), (live) => bind(live as Pod), {
    ...writeRequest(exchange, identity),
    subresource: "binding",
  });
  sendJson(exchange, 201, success({}));
}

const DEFAULT_TOKEN_SECONDS = 3_600;
const LEAST_TOKEN_SECONDS = 600;

/** POST serviceaccounts/{name}/token. */
export async function requestToken(door: Door, { exchange, path }: Ask): Promise<void> {
  const account = found(door, path.kind, path.namespace, path.name).object;
  const document = await readDocument(exchange, door.decodeProtobuf);
  const spec = (document?.["spec"] ?? {}) as {
    readonly audiences?: readonly string[];
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  };
  const seconds = spec.expirationSeconds ?? DEFAULT_TOKEN_SECONDS;
  if (seconds < LEAST_TOKEN_SECONDS)
    throw new Fault(
      "Invalid",
      `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${seconds}: may not specify a duration less than 10 minutes`,
    );
  const { boundObjectRef: bound } = spec;
  if (bound !== undefined && bound.kind !== "Pod")
    throw unsupported(`TokenRequest.spec.boundObjectRef.kind ${bound.kind}`, "bind to a Pod");
  const now = door.clock.now();
  const token = door.tokens.issue(
    { namespace: path.namespace, name: path.name, uid: account.metadata.uid ?? "" },
    {
      now,
      seconds,
      audiences: spec.audiences ?? [],
      ...(bound !== undefined && { pod: { name: bound.name ?? "", uid: bound.uid ?? "" } }),
    },
  );
  const status = { token, expirationTimestamp: new Date(now + seconds * 1000).toISOString().replace(/\.\d{3}Z$/, "Z") };
  sendJson(exchange, 201, {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name: path.name, namespace: path.namespace },
    spec: { ...spec, audiences: spec.audiences ?? [door.tokens.issuer], expirationSeconds: seconds },
    status,
  });
}

export async function refuseStream(_door: Door, { path }: Ask): Promise<void> {
  throw unsupported(`pods/${path.subresource}`, "read logs, or run commands through the container runtime of the node");
}
