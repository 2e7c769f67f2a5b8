/** The Kubernetes door with its deck in one process and nothing behind it, for tests that drive it with real clients. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "#base/log.ts";
import { Deck } from "#deck/deck.ts";
import type { Objects } from "#deck/objects.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { bootstrap } from "#kube/bootstrap.ts";
import { type KubeOptions, listenKube } from "#kube/listen.ts";
import { ensurePki, kubeconfigText, type Pki } from "#kube/pki.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import { SqliteJournal } from "#store/sqlite/journal.ts";

export interface TestKubeDoor extends AsyncDisposable {
  readonly server: string;
  readonly port: number;
  readonly folder: string;
  /** The file that kubectl reads, of the cluster's administrator. */
  readonly kubeconfig: string;
  readonly pki: Pki;
  readonly deck: Deck;
  readonly objects: Objects;
}

const CLIENTS = {
  admin: { commonName: "kubernetes-admin", organization: "system:masters" },
  "kube-apiserver": { commonName: "kube-apiserver", organization: "catamaran" },
  "node-one": { commonName: "system:node:one", organization: "system:nodes" },
};

export async function openKubeDoor(options: Pick<KubeOptions, "patience"> = {}): Promise<TestKubeDoor> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "ctm-kube-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const [clock, random, log] = [realClock, realRandom, silent];
  const journal = opening.use(SqliteJournal.open(join(folder, "journal.db"), { clock }));
  const deck = opening.use(await Deck.open({ journal, clock, random, log, kinds: builtinKinds }));
  const objects = deck.objects("test");
  await bootstrap(objects, { kubernetesIp: "10.128.0.1", door: null });
  const pki = await ensurePki(join(folder, "pki"), { hosts: ["127.0.0.1", "localhost"], clients: CLIENTS }, clock);
  const door = opening.use(
    await listenKube({ ...options, deck, pki, hosts: ["127.0.0.1"], port: 0, clock, random, log }),
  );
  const server = `https://127.0.0.1:${door.port}`;
  const kubeconfig = join(folder, "kubeconfig");
  const admin = pki.clients["admin"];
  if (admin === undefined) throw new TypeError("the PKI made no administrator");
  await writeFile(kubeconfig, kubeconfigText("test", server, pki.ca, admin), { mode: 0o600 });
  const stack = opening.move();
  return {
    server,
    port: door.port,
    folder,
    kubeconfig,
    pki,
    deck,
    objects,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
