/** Whom an instance's certificates are for: the hosts of its doors, and the identities of its roles. Pure. */
import { doorHosts } from "#instance/addresses.ts";
import type { Instance } from "#instance/instance.ts";
import type { PkiNames } from "#kube/pki.ts";

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
