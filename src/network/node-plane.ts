/** What the network needs inside a node while it runs: the DNS address, its server, and the service rules. */
import { reasonOf } from "#base/fault.ts";
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { never, stopper, type Stop } from "#base/stop.ts";
import type { Objects } from "#deck/objects.ts";
import { dnsIp, fabricHostIp, type ClusterNetwork, type NodeNetwork } from "./cluster-network.ts";
import { run } from "#machine/command.ts";
import { serveDns } from "./dns.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { PolicySync } from "./policy-sync.ts";
import { SERVICE_LINK } from "./node-network.ts";
import { syncServices } from "./service-sync.ts";

export interface NodePlaneOptions {
  readonly objects: Objects;
  readonly network: ClusterNetwork;
  readonly node: NodeNetwork;
  /** Where the API server listens on the host's fabric address, for as long as no endpoint slice of default/kubernetes says so. */
  readonly kubePort?: number;
  readonly clusterDomain?: string;
  readonly upstreams?: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly stop?: Stop;
}

export interface NodePlane extends AsyncDisposable {
  /** Resolves once the packet rules for this new pod are in the kernel: before that none of its containers may start. */
  admitPod(pod: Pod, ip: string): Promise<void>;
}

/** The caller is inside the node. Disposing ends the server and the syncing, and leaves the rules to the pods that still run. */
export async function startNodePlane(options: NodePlaneOptions): Promise<NodePlane> {
  const { objects, network, node, kubePort, clusterDomain, upstreams, clock, log, stop = never } = options;
  const ending = stopper();
  if (stop.aborted) ending.fire();
  else stop.addEventListener("abort", () => ending.fire(), { once: true });
  const dns = dnsIp(network);
  await run(["ip", "addr", "replace", `${dns}/32`, "dev", SERVICE_LINK]);
  const server = await serveDns({
    objects,
    host: dns,
    log,
    ...(clusterDomain !== undefined && { domain: clusterDomain }),
    ...(upstreams !== undefined && { upstreams }),
  });
  const apiServer = kubePort === undefined ? {} : { apiServer: { ip: fabricHostIp(network), port: kubePort } };
  const facts = { name: node.name, podCidr: network.podCidr, localIps: [dns], ...apiServer };
  const syncing = syncServices({ objects, node: facts, clock, log, stop: ending.stop }).catch((thrown: unknown) =>
    log.error("service rules are no longer kept", { reason: reasonOf(thrown) }),
  );
  const policies = new PolicySync({
    objects,
    node: { name: node.name, podCidr: node.podCidr },
    clock,
    log,
    stop: ending.stop,
  });
  const keeping = policies
    .keep()
    .catch((thrown: unknown) =>
      log.error("the rules of network policies are no longer kept", { reason: reasonOf(thrown) }),
    );
  return {
    admitPod: (pod, ip) => policies.admit(pod, ip),
    [Symbol.asyncDispose]: async () => {
      ending.fire();
      await server[Symbol.asyncDispose]();
      await Promise.all([syncing, keeping]);
    },
  };
}
