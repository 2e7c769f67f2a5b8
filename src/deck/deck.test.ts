/** The deck over a memory journal: writing, reading and removing, as every door and controller relies on it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "#base/json.ts";
import { reasonOf } from "#base/fault.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { podMetricsKind } from "#kinds/autoscaling/metrics.ts";
import { namespaceKind, type Namespace } from "#kinds/core/namespace.ts";
import type { KubeObject } from "#kinds/object.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import type { Written } from "./write-request.ts";
import { object, openSampleDeck, pod, present } from "./sample-deck.ts";

const me = { manager: "test" };
const labelled =
  (app: string) =>
  <T extends KubeObject>(live: T): T => ({ ...live, metadata: { ...live.metadata, labels: { app } } });

function freshJournal(): MemoryJournal {
  return new MemoryJournal(new FakeClock());
}

function deployment(name: string): KubeObject {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "busybox" }] } };
  return object(name, { spec: { replicas: 1, selector: { matchLabels: { app: name } }, template } });
}

test("a new object gets uid, time, generation and a revision; its bytes are its object", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const { stored, isNew } = await deck.create(podKind, pod("web"), me);
  const { metadata, apiVersion, kind } = stored.object;
  assert.equal(isNew, true);
  assert.deepEqual({ apiVersion, kind }, { apiVersion: "v1", kind: "Pod" });
  assert.match(metadata.uid ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(metadata.creationTimestamp, "2026-01-02T03:04:05Z");
  assert.equal(metadata.generation, 1);
  assert.equal(metadata.resourceVersion, String(stored.revision));
  assert.deepEqual(JSON.parse(decodeUtf8(stored.bytes)), stored.object);
  assert.ok(Object.isFrozen(stored.object.metadata));
  assert.equal(deck.read(podKind, "default/web"), stored);
});

test("what clients say about the system's metadata is ignored", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const lies = {
    uid: "mine",
    creationTimestamp: "2000-01-01T00:00:00Z",
    generation: 9,
    deletionTimestamp: "2000-01-01T00:00:00Z",
  };
  const { stored } = await deck.create(podKind, pod("web", lies), me);
  assert.notEqual(stored.object.metadata.uid, "mine");
  assert.equal(stored.object.metadata.deletionTimestamp, undefined);
  const { stored: changed } = await deck.update(
    podKind,
    "default/web",
    (live) => ({ ...live, metadata: { ...live.metadata, generation: 9, labels: { a: "b" } } }),
    me,
  );
  assert.equal(changed.object.metadata.generation, 1);
});

test("generateName makes a free name", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const make = (): Promise<string> =>
    deck.create(podKind, pod("", { generateName: "web-" }), me).then(({ stored }) => stored.object.metadata.name);
  const names = await Promise.all(Array.from({ length: 20 }, make));
  assert.equal(new Set(names).size, 20);
  for (const name of names) assert.match(name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

const refusals: readonly { readonly title: string; readonly object: KubeObject; readonly fault: object }[] = [
  {
    title: "no name",
    object: pod(""),
    fault: {
      code: "Invalid",
      message: 'Pod "" is invalid: metadata.name: Required value: name or generateName is required',
    },
  },
  {
    title: "a revision",
    object: pod("web", { resourceVersion: "1" }),
    fault: { code: "BadRequest", message: "resourceVersion should not be set on objects to be created" },
  },
  {
    title: "an unknown namespace",
    object: pod("web", { namespace: "nowhere" }),
    fault: { code: "NotFound", message: 'namespaces "nowhere" not found' },
  },
  {
    title: "a service account that is not there",
    object: pod("web", {}, { serviceAccountName: "robot" }),
    fault: {
      code: "Forbidden",
      message:
        'pods "web" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    },
  },
  {
    title: "a priority class that is not there",
    object: pod("web", {}, { priorityClassName: "urgent" }),
    fault: { code: "Forbidden", message: 'pods "web" is forbidden: no PriorityClass with name urgent was found' },
  },
];
for (const { title, object: refused, fault } of refusals) {
  test(`refuses to create: ${title}`, async () => {
    const { deck } = await openSampleDeck(freshJournal());
    await assert.rejects(deck.create(podKind, refused, me), fault);
  });
}

test("one of two with the same name is told that it exists", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const both = await Promise.allSettled([deck.create(podKind, pod("web"), me), deck.create(podKind, pod("web"), me)]);
  const reasons = both.flatMap((result) => (result.status === "rejected" ? [reasonOf(result.reason)] : []));
  assert.deepEqual(reasons, ['pods "web" already exists']);
  await assert.rejects(deck.create(podKind, pod("web"), me), { code: "AlreadyExists" });
});

test("replacing an old revision conflicts in upstream's words; without a revision it wins", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const { stored: old } = await deck.create(deploymentKind, deployment("web"), me);
  await deck.update(deploymentKind, "default/web", labelled("a"), me);
  await assert.rejects(deck.replace(deploymentKind, "default/web", labelled("b")(old.object), me), {
    code: "Conflict",
    message:
      'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
  });
  const { resourceVersion: _revision, ...unconditional } = old.object.metadata;
  const { stored } = await deck.replace(
    deploymentKind,
    "default/web",
    labelled("b")({ ...old.object, metadata: unconditional }),
    me,
  );
  assert.equal(stored.object.metadata.labels?.["app"], "b");
});

test("concurrent changes of one object all happen", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  await deck.create(configMapKind, object("counter", { data: { n: "0" } }), me);
  const objects = deck.objects("counter");
  const count = (): Promise<unknown> =>
    objects.change(configMapKind, "default/counter", (live) => ({
      ...live,
      data: { n: String(Number(live.data?.["n"]) + 1) },
    }));
  await Promise.all(Array.from({ length: 30 }, count));
  assert.equal((await objects.get(configMapKind, "default/counter"))?.data?.["n"], "30");
});

test("a write that changes nothing keeps the revision", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const { stored } = await deck.create(deploymentKind, deployment("web"), me);
  const same = await deck.replace(deploymentKind, "default/web", stored.object, me);
  assert.equal(same.stored.revision, stored.revision);
  for (const type of ["merge", "strategic"] as const) {
    const patched = await deck.patch(deploymentKind, "default/web", { type, body: { spec: { replicas: 1 } } }, me);
    assert.equal(patched.stored.revision, stored.revision, type);
  }
});

test("generation counts changes of the desire alone; each path writes its own part", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  await deck.create(deploymentKind, deployment("web"), me);
  const patch = (body: object, subresource?: "status" | "scale"): Promise<KubeObject> =>
    deck
      .patch(
        deploymentKind,
        "default/web",
        { type: "merge", body: body as never },
        { ...me, ...(subresource && { subresource }) },
      )
      .then(({ stored }) => stored.object);
  assert.equal((await patch({ metadata: { labels: { a: "b" } } })).metadata.generation, 1);
  const both = { spec: { replicas: 5 }, status: { replicas: 7 } };
  const status = (await patch(both, "status")) as KubeObject & {
    spec: { replicas: number };
    status: { replicas: number };
  };
  assert.deepEqual([status.metadata.generation, status.spec.replicas, status.status.replicas], [1, 1, 7]);
  const spec = (await patch({ spec: { replicas: 2 }, status: { replicas: 9 } })) as typeof status;
  assert.deepEqual([spec.metadata.generation, spec.spec.replicas, spec.status.replicas], [2, 2, 7]);
  const scaled = (await patch({ spec: { replicas: 4 } }, "scale")) as typeof status;
  assert.deepEqual([scaled.metadata.generation, scaled.spec.replicas, scaled.status.replicas], [3, 4, 7]);
});

test("a dry run does everything but store", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const dry = { ...me, dryRun: true };
  const { stored } = await deck.create(podKind, pod("web"), dry);
  assert.equal(stored.object.metadata.resourceVersion, undefined);
  assert.equal(deck.read(podKind, "default/web"), null);
  const { stored: live } = await deck.create(podKind, pod("web"), me);
  assert.equal(
    (await deck.update(podKind, "default/web", labelled("x"), dry)).stored.object.metadata.labels?.["app"],
    "x",
  );
  await deck.remove(podKind, "default/web", {}, dry);
  assert.equal(deck.read(podKind, "default/web"), live);
});

test("an object with finalizers goes when the last one is taken", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  await deck.create(configMapKind, object("held", {}, { finalizers: ["example.com/a", "example.com/b"] }), me);
  const { isGone, stored } = await deck.remove(configMapKind, "default/held", {}, me);
  assert.equal(isGone, false);
  assert.equal(stored.object.metadata.deletionTimestamp, "2026-01-02T03:04:05Z");
  const finalize = (...finalizers: string[]): Promise<unknown> =>
    deck.update(configMapKind, "default/held", (live) => ({ ...live, metadata: { ...live.metadata, finalizers } }), me);
  await assert.rejects(finalize("example.com/a", "example.com/c"), {
    code: "Invalid",
    message: /no new finalizers can be added if the object is being deleted/,
  });
  await finalize("example.com/a");
  assert.notEqual(deck.read(configMapKind, "default/held"), null);
  await finalize();
  assert.equal(deck.read(configMapKind, "default/held"), null);
});

const bound = { nodeName: "node-1" };
const removals: readonly {
  readonly title: string;
  readonly spec: object;
  readonly grace?: number;
  readonly isGone: boolean;
  readonly left?: number;
}[] = [
  { title: "not scheduled: at once", spec: {}, isGone: true },
  { title: "30 seconds by default", spec: bound, isGone: false, left: 30 },
  { title: "as the pod says", spec: { ...bound, terminationGracePeriodSeconds: 5 }, isGone: false, left: 5 },
  { title: "as the request says", spec: bound, grace: 7, isGone: false, left: 7 },
  { title: "0 is at once", spec: bound, grace: 0, isGone: true },
];
for (const { title, spec, grace, isGone, left } of removals) {
  test(`a pod's grace period: ${title}`, async () => {
    const { deck } = await openSampleDeck(freshJournal());
    await deck.create(podKind, pod("web", {}, spec), me);
    const removed = await deck.remove(
      podKind,
      "default/web",
      grace === undefined ? {} : { gracePeriodSeconds: grace },
      me,
    );
    assert.equal(removed.isGone, isGone);
    assert.equal(removed.stored.object.metadata.deletionGracePeriodSeconds, left);
    if (isGone) return;
    const revision = deck.read(podKind, "default/web")?.revision;
    await deck.remove(podKind, "default/web", { gracePeriodSeconds: 300 }, me);
    assert.equal(deck.read(podKind, "default/web")?.revision, revision, "a later wish for more time is not heard");
    assert.equal((await deck.remove(podKind, "default/web", { gracePeriodSeconds: 0 }, me)).isGone, true);
  });
}

test("propagation is left to the garbage collector as a finalizer", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  for (const [propagation, finalizers] of [
    ["Foreground", ["foregroundDeletion"]],
    ["Orphan", ["orphan"]],
  ] as const) {
    await deck.create(deploymentKind, deployment(propagation.toLowerCase()), me);
    const { stored } = await deck.remove(deploymentKind, `default/${propagation.toLowerCase()}`, { propagation }, me);
    assert.deepEqual(stored.object.metadata.finalizers, finalizers);
  }
  await deck.create(deploymentKind, deployment("background"), me);
  assert.equal(
    (await deck.remove(deploymentKind, "default/background", { propagation: "Background" }, me)).isGone,
    true,
  );
});

test("preconditions of a delete bind", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  await deck.create(podKind, pod("web"), me);
  await assert.rejects(deck.remove(podKind, "default/web", { uid: "other" }, me), {
    code: "Conflict",
    message: /Precondition failed: UID in precondition: other/,
  });
  await assert.rejects(deck.remove(podKind, "default/web", { revision: 1 }, me), { code: "Conflict" });
  await assert.rejects(deck.remove(podKind, "default/none", {}, me), {
    code: "NotFound",
    message: 'pods "none" not found',
  });
});

test("a namespace ends in two steps, and nothing is created in one that ends", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const { stored } = await deck.create(namespaceKind, { metadata: { name: "team" } }, me);
  assert.equal((stored.object as Namespace).status?.phase, "Active");
  assert.equal(stored.object.metadata.labels?.["kubernetes.io/metadata.name"], "team");
  await deck.remove(namespaceKind, "/team", {}, me);
  assert.equal(present(deck, namespaceKind, "/team").status?.phase, "Terminating");
  await assert.rejects(deck.create(podKind, pod("web", { namespace: "team" }), me), {
    code: "Forbidden",
    message: 'pods "web" is forbidden: unable to create new content in namespace team because it is being terminated',
  });
  await deck.update(namespaceKind, "/team", (live) => ({ ...live, spec: { finalizers: [] } }) as Namespace, {
    ...me,
    subresource: "finalize",
  });
  assert.equal(deck.read(namespaceKind, "/team"), null);
  await assert.rejects(deck.remove(namespaceKind, "/default", {}, me), {
    code: "Forbidden",
    message: 'namespaces "default" is forbidden: this namespace may not be deleted',
  });
});

test("removes all that a selection means", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  for (const name of ["a", "b", "c"])
    await deck.create(podKind, pod(name, { labels: { keep: name === "b" ? "yes" : "no" } }), me);
  const { stored } = await deck.removeAll(
    podKind,
    { namespace: "default", labels: [{ key: "keep", operator: "In", values: ["no"] }] },
    {},
    me,
  );
  assert.deepEqual(
    stored.map(({ key }) => key),
    ["default/a", "default/c"],
  );
  assert.deepEqual(
    deck.list(podKind).stored.map(({ key }) => key),
    ["default/b"],
  );
});

test("a new pod gets what upstream's admission gives it", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const { stored } = await deck.create(podKind, pod("web", {}, { priorityClassName: "system-node-critical" }), me);
  const { spec } = stored.object as Pod;
  assert.equal(spec.serviceAccountName, "default");
  assert.equal(spec.priority, 2_000_001_000);
  assert.deepEqual(
    spec.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]),
    [
      ["node.kubernetes.io/not-ready", 300],
      ["node.kubernetes.io/unreachable", 300],
    ],
  );
});

test("a binding sets the node and nothing else of the spec", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  await deck.create(podKind, pod("web"), me);
  await deck.update(
    podKind,
    "default/web",
    (live) => ({ ...live, spec: { ...(live as Pod).spec, nodeName: "node-1", hostNetwork: true } }) as Pod,
    { ...me, subresource: "binding" },
  );
  const { spec } = present(deck, podKind, "default/web");
  assert.deepEqual([spec.nodeName, spec.hostNetwork], ["node-1", undefined]);
});

test("everything is there again when the deck is opened again; ephemeral kinds are not in the journal", async () => {
  const journal = freshJournal();
  const ephemeral = freshJournal();
  const { deck } = await openSampleDeck(journal, { ephemeral });
  await deck.create(podKind, pod("web"), me);
  await deck.create(
    podMetricsKind,
    object("web", { timestamp: "2026-01-02T03:04:05Z", window: "5s", containers: [] }),
    me,
  );
  await deck[Symbol.asyncDispose]();
  const { deck: again } = await openSampleDeck(journal, { ephemeral: freshJournal() });
  assert.deepEqual(again.read(podKind, "default/web")?.object, deck.read(podKind, "default/web")?.object);
  assert.equal(deck.list(podMetricsKind).stored.length, 1);
  assert.equal(again.list(podMetricsKind).stored.length, 0);
  assert.equal(again.revision(podKind), journal.revision());
});

test("server-side apply creates, owns, conflicts, is forced, and stays idle", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  const configuration = (data: object): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    ...object("a", { data }),
  });
  const apply = (manager: string, data: object, isForced = false): Promise<Written> =>
    deck.apply(configMapKind, "default/a", configuration(data), { manager, isForced });
  const first = await apply("one", { x: "1" });
  assert.equal(first.isNew, true);
  const again = await apply("one", { x: "1" });
  assert.deepEqual([again.isNew, again.stored.revision], [false, first.stored.revision]);
  await apply("two", { y: "2" });
  assert.deepEqual(present(deck, configMapKind, "default/a").data, { x: "1", y: "2" });
  await assert.rejects(apply("two", { x: "other", y: "2" }), {
    code: "Conflict",
    message: /conflict with "one": \.data\.x/,
  });
  await apply("two", { x: "other", y: "2" }, true);
  await apply("one", {});
  assert.deepEqual(present(deck, configMapKind, "default/a").data, { x: "other", y: "2" });
  await apply("two", { y: "2" });
  assert.deepEqual(present(deck, configMapKind, "default/a").data, { y: "2" });
});

test("other writes are owned by their managers, until a client wipes the list", async () => {
  const { deck } = await openSampleDeck(freshJournal());
  await deck.create(configMapKind, object("a", { data: { x: "1" } }), { manager: "one" });
  await deck.patch(configMapKind, "default/a", { type: "merge", body: { data: { x: "2" } } }, { manager: "two" });
  const owners = (): readonly string[] =>
    (present(deck, configMapKind, "default/a").metadata.managedFields ?? []).map(
      ({ manager, operation }) => `${manager} ${operation}`,
    );
  assert.ok(owners().includes("two Update"));
  // As kubectl goes over from client-side to server-side apply: the record alone is written.
  const kept = present(deck, configMapKind, "default/a").metadata.managedFields?.filter((it) => it.manager === "two");
  const body = [{ op: "replace", path: "/metadata/managedFields", value: kept as unknown as Json }];
  await deck.patch(configMapKind, "default/a", { type: "json", body }, { manager: "one" });
  assert.deepEqual(owners(), ["two Update"]);
  await deck.patch(
    configMapKind,
    "default/a",
    { type: "merge", body: { metadata: { managedFields: [] } } },
    { manager: "three" },
  );
  assert.deepEqual(owners(), []);
});
