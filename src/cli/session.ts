/** A command's way into a running instance: its API as the administrator, over one connection. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { silent } from "#base/log.ts";
import type { Cluster } from "#client/cluster.ts";
import { Connection, type Credentials, faultOf } from "#client/connection.ts";
import { ControlClient } from "#control/client.ts";
import { files } from "#instance/files.ts";
import type { Instance } from "#instance/instance.ts";
import { realClock } from "#machine/real-clock.ts";
import { linesOf } from "#client/lines.ts";
import type { KubeObject } from "#kinds/object.ts";

/** Paths and bytes, without kinds: what is there in milliseconds. */
export async function connect(instance: Instance, agent: string): Promise<Connection> {
  return new Connection(await administrator(instance), `${agent}/catamaran`);
}

/** Objects by their kinds; loads what knows all kinds. */
export async function connectCluster(instance: Instance, name: string): Promise<Cluster> {
  const { Cluster: Connected } = await import("#client/cluster.ts");
  return Connected.connect(await administrator(instance), { name, clock: realClock, log: silent });
}

/** As the kubeconfig says it, from the files that it was made of: reading YAML takes a parser. */
async function administrator(instance: Instance): Promise<Credentials> {
  const pem = (file: string): Promise<string> => readFile(join(files.pki(instance), file), "utf8");
  const [ca, cert, key] = await Promise.all([pem("ca.crt"), pem("admin.crt"), pem("admin.key")]);
  return { server: `https://127.0.0.1:${instance.ports.kube}`, ca, cert, key };
}

/** The control process's private API: usage and function logs. */
export function controlOf(instance: Instance): ControlClient {
  return new ControlClient({ socketPath: files.controlSocket(instance), clock: realClock, patienceMs: 0 });
}

type Asked = Pick<Connection, "request">;

/** The objects of a collection, by its path (client/paths.ts). Throws the server's own fault. */
export async function listObjects<T extends KubeObject>(server: Asked, path: string): Promise<readonly T[]> {
  const answer = await server.request("GET", path);
  if (answer.status !== 200) throw faultOf(answer);
  return (JSON.parse(answer.body.toString("utf8")) as { readonly items: readonly T[] }).items;
}

export async function namesAt(server: Asked, path: string): Promise<readonly string[]> {
  return (await listObjects(server, path)).map(({ metadata }) => metadata.name);
}

interface WatchLine<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T & { readonly message?: string };
}

/** First all objects of a collection; then, when it is followed, each that is added or changed, until the server is gone. */
export async function* followList<T extends KubeObject>(
  server: Asked & Pick<Connection, "stream">,
  path: string,
  { follow }: { readonly follow: boolean },
): AsyncGenerator<readonly T[]> {
  const answer = await server.request("GET", path);
  if (answer.status !== 200) throw faultOf(answer);
  const list = JSON.parse(answer.body.toString("utf8")) as {
    readonly metadata: { readonly resourceVersion: string };
    readonly items: readonly T[];
  };
  yield list.items;
  let revision = list.metadata.resourceVersion;
  // The server ends a watch after some minutes; the next one goes on from there (Kubernetes API concepts, "Efficient detection of changes").
  while (follow) {
    const query = new URLSearchParams({ watch: "true", allowWatchBookmarks: "true", resourceVersion: revision });
    const { status, stream } = await server.stream(`${path}?${query.toString()}`);
    if (status !== 200) throw faultOf({ status, body: Buffer.from("the watch was refused") });
    for await (const line of linesOf(stream)) {
      const { type, object } = JSON.parse(line) as WatchLine<T>;
      if (type === "ERROR") throw faultOf({ status: 410, body: Buffer.from(object.message ?? "the watch failed") });
      revision = object.metadata.resourceVersion ?? revision;
      if (type === "ADDED" || type === "MODIFIED") yield [object];
    }
  }
}
