/** What a namespace's pod security labels do to writes: refused, warned of, recorded, and what of them is refused itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import type { Kind } from "#kinds/kind.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";

const BY = { manager: "test" };
const PREFIX = "pod-security.kubernetes.io/";

type Labels = Readonly<Record<string, string>>;

class Sample implements AsyncDisposable {
  readonly records: string[] = [];
  readonly deck: Deck;

  private constructor(deck: Deck, records: string[]) {
    this.deck = deck;
    this.records = records;
  }

  static async open(): Promise<Sample> {
    const clock = new FakeClock();
    const records: string[] = [];
    const log: Log = {
      ...silent,
      warn: (_message, { object, user, says } = {}) => void records.push([object, user, says].map(String).join(" ")),
    };
    const parts = { journal: new MemoryJournal(clock), clock, random: seededRandom(1), log, kinds: builtinKinds };
    return new Sample(await Deck.open(parts), records);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deck[Symbol.asyncDispose]();
  }

  async warningsOf(kind: Kind, object: KubeObject): Promise<readonly string[]> {
    return (await this.deck.create(kind, object, BY)).warnings;
  }

  label(labels: Labels): Promise<{ readonly warnings: readonly string[] }> {
    return this.deck.update(
      namespaceKind,
      "/default",
      (live) => ({ ...live, metadata: { ...live.metadata, labels: prefixed(labels) } }),
      BY,
    );
  }
}

function prefixed(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`${PREFIX}${name}`, value]));
}

function pod(name: string, spec: Partial<PodSpec> = {}, owner?: string): KubeObject {
  const references =
    owner === undefined ? [] : [{ apiVersion: "v1", kind: "X", name: owner, uid: owner, controller: true }];
  return {
    metadata: { name, namespace: "default", ownerReferences: references },
    spec: { containers: [{ name: "c", image: "app:1" }], ...spec },
  } as KubeObject;
}

function deployment(spec: Partial<PodSpec>): KubeObject {
  const labels = { app: "web" };
  return {
    metadata: { name: "web", namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "app:1" }], ...spec } },
    },
  } as KubeObject;
}

const HOST = { hostNetwork: true };
const VIOLATION = '"baseline:latest": host namespaces (hostNetwork=true)';

test("enforce: a pod that violates it is refused, in upstream's words; another is not", async () => {
  await using sample = await Sample.open();
  await sample.label({ enforce: "baseline" });
  await assert.rejects(sample.deck.create(podKind, pod("a", HOST), BY), (thrown) => {
    assert.ok(thrown instanceof Fault);
    assert.equal(thrown.code, "Forbidden");
    assert.equal(thrown.message, `pods "a" is forbidden: violates PodSecurity ${VIOLATION}`);
    return true;
  });
  assert.deepEqual(await sample.warningsOf(podKind, pod("b")), []);
});

test("enforce: a pod that is not valid is told that first", async () => {
  await using sample = await Sample.open();
  await sample.label({ enforce: "baseline" });
  const invalid = pod("a", { ...HOST, containers: [] });
  await assert.rejects(sample.deck.create(podKind, invalid, BY), { code: "Invalid" });
});

test("enforce: what makes pods is warned of and made", async () => {
  await using sample = await Sample.open();
  await sample.label({ enforce: "baseline" });
  assert.deepEqual(await sample.warningsOf(deploymentKind, deployment(HOST)), [
    `would violate PodSecurity ${VIOLATION}`,
  ]);
  const { warnings } = await sample.deck.update(
    deploymentKind,
    "default/web",
    (live) => ({ ...live, metadata: { ...live.metadata, labels: { a: "b" } } }),
    BY,
  );
  assert.deepEqual(warnings, [`would violate PodSecurity ${VIOLATION}`]);
});

test("warn: pods and what makes them are warned of; a change of status is not", async () => {
  await using sample = await Sample.open();
  await sample.label({ warn: "baseline" });
  assert.deepEqual(await sample.warningsOf(podKind, pod("a", HOST)), [`would violate PodSecurity ${VIOLATION}`]);
  assert.deepEqual(await sample.warningsOf(deploymentKind, deployment(HOST)), [
    `would violate PodSecurity ${VIOLATION}`,
  ]);
  const { warnings } = await sample.deck.update(
    podKind,
    "default/a",
    (live) => ({ ...live, status: { phase: "Running" as const } }),
    { ...BY, subresource: "status" },
  );
  assert.deepEqual(warnings, []);
  assert.deepEqual(sample.records, []);
});

test("audit: what would violate it is a line of the log, with who wrote it", async () => {
  await using sample = await Sample.open();
  await sample.label({ audit: "baseline" });
  const asked = { ...BY, subject: { name: "ann", groups: [] } };
  const { warnings } = await sample.deck.create(podKind, pod("a", HOST), asked);
  assert.deepEqual(warnings, []);
  await sample.deck.create(deploymentKind, deployment(HOST), BY);
  assert.deepEqual(sample.records, [
    `default/a ann would violate PodSecurity ${VIOLATION}`,
    `default/web test would violate PodSecurity ${VIOLATION}`,
  ]);
});

test("a pod that is there already may be changed, but not to another image", async () => {
  await using sample = await Sample.open();
  await sample.deck.create(podKind, pod("a", HOST), BY);
  await sample.label({ enforce: "baseline" });
  const change = (edit: (live: Pod) => Pod): Promise<unknown> =>
    sample.deck.update(podKind, "default/a", (live) => edit(live as Pod), BY);
  await change((live) => ({ ...live, metadata: { ...live.metadata, labels: { a: "b" } } }));
  const withImage = (live: Pod): Pod => {
    const containers = live.spec.containers.map((container) => ({ ...container, image: "app:2" }));
    return { ...live, spec: { ...live.spec, containers } };
  };
  await assert.rejects(change(withImage), { code: "Forbidden" });
});

test("labels that nobody can read are refused", async () => {
  await using sample = await Sample.open();
  await assert.rejects(sample.label({ enforce: "high", "warn-version": "1.30" }), {
    code: "Invalid",
    message: `Namespace "default" is invalid: [metadata.labels[${PREFIX}enforce]: Invalid value: "high": must be one of privileged, baseline, restricted, metadata.labels[${PREFIX}warn-version]: Invalid value: "1.30": must be "latest" or "v1.x"]`,
  });
  const created = { metadata: { name: "x", labels: prefixed({ audit: "y" }) } };
  await assert.rejects(sample.deck.create(namespaceKind, created, BY), { code: "Invalid" });
});

test("a stricter level names the pods that violate it, those alike together, and each set's first", async () => {
  await using sample = await Sample.open();
  for (const name of ["b", "a", "c"]) await sample.deck.create(podKind, pod(name, HOST), BY);
  for (const name of ["s-2", "s-1"]) await sample.deck.create(podKind, pod(name, { hostPID: true }, "set"), BY);
  await sample.deck.create(
    podKind,
    pod("d", { containers: [{ name: "c", image: "x", securityContext: { privileged: true } }] }),
    BY,
  );
  await sample.deck.create(podKind, pod("good"), BY);
  const { warnings } = await sample.label({ enforce: "baseline" });
  assert.deepEqual(warnings, [
    'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
    "a (and 4 other pods): host namespaces",
    "d: privileged",
  ]);
  assert.deepEqual((await sample.label({ enforce: "baseline", warn: "privileged" })).warnings, []);
  assert.deepEqual((await sample.label({})).warnings, []);
});
