/** The node process, inside the node's namespaces: the agent with its endpoint, the node's service rules and DNS. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Cluster } from "#client/cluster.ts";
import { dnsIp, fabricHostIp } from "#network/cluster-network.ts";
import { startNodePlane } from "#network/node-plane.ts";
import { runAgent } from "#node/agent.ts";
import { listenEndpoint } from "#node/endpoint.ts";
import { files } from "#instance/files.ts";
import { networkOf, nodePlace } from "#instance/addresses.ts";
import { instanceFolders } from "#instance/instance-folders.ts";
import type { RoleBasis } from "./role.ts";
import { tokenRequester } from "./token-requester.ts";

export async function startNode(
  { instance, clock, log, stop }: RoleBasis,
  stack: AsyncDisposableStack,
  name: string,
): Promise<void> {
  const network = networkOf(instance);
  const { node, nodeDir } = nodePlace(instance, name);
  const pem = (file: string): Promise<string> => readFile(join(files.pki(instance), file), "utf8");
  const [ca, cert, key] = await Promise.all([pem("ca.crt"), pem(`node-${name}.crt`), pem(`node-${name}.key`)]);
  const objects = stack.use(
    Cluster.connect(
      { server: `https://${fabricHostIp(network)}:${instance.ports.kube}`, ca, cert, key },
      { name: "kubelet", clock, log },
    ),
  );
  const plane = stack.use(
    await startNodePlane({ objects, network, node, kubePort: instance.ports.kube, clock, log, stop }),
  );
  const agent = stack.use(
    await runAgent({
      objects,
      instance: instance.name,
      node: name,
      ip: node.fabricIp,
      podCidr: node.podCidr,
      dnsIp: dnsIp(network),
      nodeDir,
      nodeRunDir: join(instance.runDir, name),
      imagesDir: files.images(instance),
      requestToken: tokenRequester(objects),
      admitPod: (pod, ip) => plane.admitPod(pod, ip),
      clusterCa: ca,
      hiddenPaths: () => instanceFolders(instance),
      clock,
      log,
      stop,
    }),
  );
  const { log: containerdLog, logs: podLogs } = agent.containerd.paths;
  const endpoint = stack.use(
    await listenEndpoint({
      agent,
      host: node.fabricIp,
      port: 0,
      ca,
      cert,
      key,
      shownLogs: {
        "agent.log": files.roleLog(instance, name),
        "containerd.log": containerdLog,
        // Kubelet's name of it in /var/log.
        "pods/": podLogs,
      },
      clock,
      log,
    }),
  );
  await agent.announceEndpoint(endpoint.port);
}
