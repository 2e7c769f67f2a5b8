/** A command's way into a running instance: clients of both doors, lists of objects. */
import { readFile } from "node:fs/promises";
import { silent } from "#base/log.ts";
import { faultOf } from "#client/connection.ts";
import { Cluster } from "#client/cluster.ts";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { collectionPath } from "#client/paths.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Instance } from "#instance/instance.ts";
import { files } from "#instance/files.ts";
import { realClock } from "#machine/real-clock.ts";

/** As the administrator, over the instance's own kubeconfig. */
export async function connectCluster(instance: Instance, name: string): Promise<Cluster> {
  return Cluster.connect(readKubeconfig(await readFile(files.kubeconfig(instance), "utf8")), {
    name,
    clock: realClock,
    log: silent,
  });
}

/** In all namespaces unless one is named. Throws the server's own fault. */
export async function listObjects<T extends KubeObject>(
  cluster: Cluster,
  kind: Kind<T>,
  namespace = "",
): Promise<readonly T[]> {
  const answer = await cluster.request("GET", collectionPath(kind, namespace));
  if (answer.status !== 200) throw faultOf(answer);
  return (JSON.parse(answer.body.toString("utf8")) as { readonly items: readonly T[] }).items;
}
