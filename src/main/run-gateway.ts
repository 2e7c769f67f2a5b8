/** The gateway process: user traffic from views of the API, so that it serves on while the control process is away. */
import { Cluster } from "#client/cluster.ts";
import { listenGateway } from "#gateway/listen.ts";
import { ensurePki } from "#kube/pki.ts";
import { kubernetesIp } from "#network/cluster-network.ts";
import { files } from "#instance/files.ts";
import { networkOf } from "#instance/addresses.ts";
import { pkiNames } from "./pki-names.ts";
import type { World } from "./role.ts";

export async function startGateway(
  { instance, clock, random, log }: World,
  stack: AsyncDisposableStack,
): Promise<void> {
  const pki = await ensurePki(files.pki(instance), pkiNames(instance, kubernetesIp(networkOf(instance))), clock);
  const client = pki.clients["gateway"] ?? pki.server;
  const objects = stack.use(
    Cluster.connect(
      { server: `https://127.0.0.1:${instance.ports.kube}`, ca: pki.ca, ...client },
      { name: "catamaran-gateway", clock, log },
    ),
  );
  const { accountId, ports } = instance;
  stack.use(
    await listenGateway({
      objects,
      askServer: () => objects.request("GET", "/livez"),
      invokeSocket: files.invokeSocket(instance),
      host: "127.0.0.1",
      port: ports.gateway,
      accountId,
      clock,
      random,
      log,
    }),
  );
}
