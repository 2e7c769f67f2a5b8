/** Where an instance's things are: addresses, files, identities, all derived from its facts. Pure. */
import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { PkiNames } from "#kube/pki.ts";
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

export function pkiNames(instance: Instance, kubernetesIp: string): PkiNames {
  const nodes = Object.fromEntries(
    instance.nodes.map((node) => [`node-${node}`, { commonName: `system:node:${node}`, organization: "system:nodes" }]),
  );
  return {
    hosts: [
      "127.0.0.1",
      "::1",
      "localhost",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
      kubernetesIp,
      ...doorHosts(instance),
    ].filter((host, i, all) => all.indexOf(host) === i),
    clients: {
      admin: { commonName: "kubernetes-admin", organization: "system:masters" },
      // What it may do is its role's (bootstrap-roles.ts).
      gateway: { commonName: "system:catamaran:gateway", organization: "catamaran" },
      // Asks the nodes' agents, which know it by its name; at the API it is nobody.
      "kube-apiserver": { commonName: "kube-apiserver", organization: "catamaran" },
      ...nodes,
    },
  };
}

export const files = {
  pki: (instance: Instance): string => join(instance.dataDir, "pki"),
  kubeconfig: (instance: Instance): string => join(instance.dataDir, "kubeconfig"),
  journal: (instance: Instance): string => join(instance.dataDir, "journal.db"),
  tables: (instance: Instance): string => join(instance.dataDir, "tables.db"),
  usage: (instance: Instance): string => join(instance.dataDir, "usage.db"),
  logs: (instance: Instance): string => join(instance.dataDir, "function-logs.db"),
  events: (instance: Instance): string => join(instance.dataDir, "events.db"),
  reserve: (instance: Instance): string => join(instance.dataDir, "reserve"),
  code: (instance: Instance): string => join(instance.dataDir, "code"),
  images: (instance: Instance): string => join(instance.dataDir, "images"),
  reports: (instance: Instance): string => join(instance.dataDir, "reports"),
  roleLogs: (instance: Instance): string => join(instance.dataDir, "log"),
  roleLog: (instance: Instance, role: string): string => join(instance.dataDir, "log", `${role}.log`),
  roster: (instance: Instance): string => join(instance.runDir, "supervisor.sock"),
  invokeSocket: (instance: Instance): string => join(instance.runDir, "invoke.sock"),
  launcher: (instance: Instance): string => join(instance.runDir, "launcher"),
} as const;

/** Signs the dashboard's links and sessions; derived, so that a restart keeps sessions. */
export function dashboardKey({ rootKey }: Pick<Instance, "rootKey">): string {
  return createHmac("sha256", rootKey.secretAccessKey).update("dashboard").digest("base64url");
}
