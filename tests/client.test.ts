/** The client over the network against a real Kubernetes door: writes, views, and a server that goes away and comes back. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { silent } from "#base/log.ts";
import { Cluster } from "#client/cluster.ts";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { Deck } from "#deck/deck.ts";
import type { Objects, View } from "#deck/objects.ts";
import { type ConfigMap, configMapKind } from "#kinds/core/config-map.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { type KubeDoor, listenKube } from "#kube/listen.ts";
import { ensurePki, kubeconfigText, type Pki } from "#kube/pki.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import { MemoryJournal } from "#store/memory/journal.ts";

const [clock, random, log] = [realClock, realRandom, silent];
const CLIENTS = { admin: { commonName: "kubernetes-admin", organization: "system:masters" } };

/** A deck that stays, and a door to it that may be closed and opened again at the same port. */
class Stage implements AsyncDisposable {
  readonly deck: Deck;
  readonly direct: Objects;
  readonly #pki: Pki;
  #door: KubeDoor | null = null;
  #port = 0;

  constructor(deck: Deck, pki: Pki) {
    this.deck = deck;
    this.direct = deck.objects("test");
    this.#pki = pki;
  }

  async open(): Promise<void> {
    const [deck, pki, hosts, port] = [this.deck, this.#pki, ["127.0.0.1"], this.#port];
    this.#door = await listenKube({ deck, pki, hosts, port, clock, random, log });
    this.#port = this.#door.port;
  }

  async close(): Promise<void> {
    await this.#door?.[Symbol.asyncDispose]();
    this.#door = null;
  }

  connect(): Cluster {
    const { admin } = this.#pki.clients;
    if (admin === undefined) throw new TypeError("the PKI made no administrator");
    const text = kubeconfigText("test", `https://127.0.0.1:${this.#port}`, this.#pki.ca, admin);
    return Cluster.connect(readKubeconfig(text), { name: "tester", clock, log });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.deck[Symbol.asyncDispose]();
  }
}

function map(name: string, data: Readonly<Record<string, string>> = {}): ConfigMap {
  return { metadata: { name, namespace: "default" }, data };
}

/** Resolves when the view is as wanted, however many changes that takes. */
async function becomes(view: View<ConfigMap>, wanted: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const text = (): string =>
    view
      .list()
      .map(({ metadata, data }) => `${metadata.name}=${data?.["a"] ?? ""}`)
      .toSorted()
      .join(" ");
  using _listening = view.onChange(() => text() === wanted && resolve());
  if (text() === wanted) resolve();
  using _late = clock.after(10_000, () => resolve());
  await promise;
  assert.equal(text(), wanted);
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
  );

describe("the client", () => {
  let folder: string;
  let stage: Stage;
  let journal: MemoryJournal;
  let cluster: Cluster;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ctm-client-"));
    journal = new MemoryJournal(clock);
    const pki = await ensurePki(join(folder, "pki"), { hosts: ["127.0.0.1"], clients: CLIENTS }, clock);
    stage = new Stage(await Deck.open({ journal, clock, random, log, kinds: builtinKinds }), pki);
    await stage.open();
    cluster = stage.connect();
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const key = keyOf("default", "w");

  test("writes as its component and is told what is wrong as a Fault", async () => {
    assert.equal(await cluster.get(configMapKind, key), null);
    const made = await cluster.create(configMapKind, map("w", { a: "1" }));
    assert.equal(made.metadata.managedFields?.[0]?.manager, "tester");
    assert.equal(await code(cluster.create(configMapKind, map("w"))), "AlreadyExists");
    assert.equal(await code(cluster.create(configMapKind, map("Bad_Name"))), "Invalid");
    assert.equal(await code(cluster.create(configMapKind, map("n", { a: "x".repeat(4_000_000) }))), "RequestTooLarge");
    assert.equal(await cluster.change(configMapKind, keyOf("default", "nope"), (live) => live), null);
    assert.equal(await cluster.remove(configMapKind, key, { uid: made.metadata.uid ?? "" }), true);
    assert.equal(await cluster.remove(configMapKind, key), false);
  });

  test("changes that collide are decided again: none is lost", async () => {
    await cluster.create(configMapKind, map("w", { a: "0" }));
    const add = (live: ConfigMap): ConfigMap => ({ ...live, data: { a: String(Number(live.data?.["a"]) + 1) } });
    await Promise.all(Array.from({ length: 12 }, () => cluster.change(configMapKind, key, add)));
    assert.equal((await cluster.get(configMapKind, key))?.data?.["a"], "12");
    await cluster.remove(configMapKind, key);
  });

  test("a status is written by its subresource, and nothing else with it", async () => {
    const spec = { containers: [{ name: "a", image: "x" }] };
    await cluster.create(podKind, { metadata: { name: "p", namespace: "default" }, spec });
    const decide = (live: Pod): Pod => ({
      ...live,
      metadata: { ...live.metadata, labels: { not: "taken" } },
      status: { ...live.status, phase: "Running" },
    });
    await cluster.change(podKind, keyOf("default", "p"), decide, { subresource: "status" });
    const { metadata, status } = (await cluster.get(podKind, keyOf("default", "p"))) ?? {};
    assert.deepEqual([metadata?.labels, status?.phase], [undefined, "Running"]);
  });

  test("a view keeps what it has while the server is away, and is put right afterwards", async () => {
    const { direct } = stage;
    for (const name of ["a", "b", "c"]) await direct.create(configMapKind, map(name, { a: "1" }));
    using view = cluster.view(configMapKind, { namespace: "default" });
    await view.synced;
    await becomes(view, "a=1 b=1 c=1");
    await direct.create(configMapKind, map("d", { a: "1" }));
    await becomes(view, "a=1 b=1 c=1 d=1");
    await stage.close();
    await direct.remove(configMapKind, keyOf("default", "a"));
    await direct.change(configMapKind, keyOf("default", "b"), (live) => ({ ...live, data: { a: "2" } }));
    await direct.create(configMapKind, map("e", { a: "1" }));
    assert.equal(await code(cluster.get(configMapKind, key)), "Unavailable");
    assert.equal(view.list().length, 4);
    await stage.open();
    await becomes(view, "b=2 c=1 d=1 e=1");
    await direct.remove(configMapKind, keyOf("default", "c"));
    await becomes(view, "b=2 d=1 e=1");
  });

  test("a view whose place in history is forgotten lists anew", async () => {
    const { direct, deck } = stage;
    using view = cluster.view(configMapKind, { namespace: "default" });
    await becomes(view, "b=2 d=1 e=1");
    await stage.close();
    await direct.remove(configMapKind, keyOf("default", "d"));
    await direct.change(configMapKind, keyOf("default", "e"), (live) => ({ ...live, data: { a: "3" } }));
    await deck.compact(deck.revision(configMapKind));
    await stage.open();
    await becomes(view, "b=2 e=3");
  });

  test("a view sees only what it selects, also when that changes", async () => {
    const { direct } = stage;
    using view = cluster.view(configMapKind, { labels: [{ key: "tier", operator: "In", values: ["web"] }] });
    using named = cluster.view(configMapKind, { namespace: "default", fields: "metadata.name=b" });
    await becomes(named, "b=2");
    const label = (labels: Readonly<Record<string, string>>): Promise<ConfigMap | null> =>
      direct.change(configMapKind, keyOf("default", "b"), ({ metadata, ...rest }) => ({
        ...rest,
        metadata: { ...metadata, labels },
      }));
    await label({ tier: "web" });
    await becomes(view, "b=2");
    await label({ tier: "db" });
    await becomes(view, "");
  });
});
