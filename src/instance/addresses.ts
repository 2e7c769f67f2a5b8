/** Which addresses an instance, its nodes and its doors have: all follow from its facts. Pure. */
import { join } from "node:path";
import { clusterNetwork, type ClusterNetwork, fabricHostIp, nodeNetwork } from "#network/cluster-network.ts";
import type { NodePlace } from "#network/node-network.ts";
import type { Instance } from "./instance.ts";

export function networkOf({ name, networkIndex }: Instance): ClusterNetwork {
  return clusterNetwork(name, networkIndex);
}

export function nodePlace(instance: Instance, node: string): NodePlace {
  const network = networkOf(instance);
  const peers = instance.nodes.map((name, index) => nodeNetwork(network, name, index + 1));
  return {
    network,
    node: nodeNetwork(network, node, instance.nodes.indexOf(node) + 1),
    peers,
    runDir: instance.runDir,
    nodeDir: join(instance.dataDir, "nodes", node),
  };
}

/** Where doors listen: loopback, and the fabric where there are pods to reach them. */
export function doorHosts(instance: Instance): readonly string[] {
  return instance.canRunPods ? ["127.0.0.1", fabricHostIp(networkOf(instance))] : ["127.0.0.1"];
}
