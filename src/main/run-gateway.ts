/** The gateway process: user traffic from views of the API, so that it serves on while the control process is away. */
import { Cluster } from "#client/cluster.ts";
import { ControlClient } from "#control/client.ts";
import { listenGateway } from "#gateway/listen.ts";
import { ensurePki } from "#kube/pki.ts";
import { kubernetesIp } from "#network/cluster-network.ts";
import { files } from "#instance/files.ts";
import { networkOf } from "#instance/addresses.ts";
import { pkiNames } from "./pki-names.ts";
import type { RoleBasis } from "./role.ts";

// A control process that restarts is back within a second or two, on a busy machine within some more.
const PATIENCE_MS = 15_000;

export async function startGateway(
  { instance, clock, random, log }: RoleBasis,
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
  const control = stack.use(
    new ControlClient({ socketPath: files.controlSocket(instance), clock, patienceMs: PATIENCE_MS }),
  );
  const { accountId, region, ports } = instance;
  stack.use(
    await listenGateway({
      objects,
      askServer: () => objects.request("GET", "/livez"),
      control,
      host: "127.0.0.1",
      port: ports.gateway,
      accountId,
      region,
      clock,
      random,
      log,
    }),
  );
}
