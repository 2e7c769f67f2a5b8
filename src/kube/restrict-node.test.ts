/** What a node may read and write: itself, and what belongs to its pods. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { pod } from "#deck/sample-deck.ts";
import { IndexedView } from "#deck/views.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import type { Kind } from "#kinds/kind.ts";
import { leaseKind } from "#kinds/core/lease.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import type { ApiPath } from "./api-path.ts";
import { byNode, restrictCreation, restrictNode, restrictToken, restrictWrite } from "./restrict-node.ts";

const one = { name: "system:node:one", groups: ["system:nodes"] };
const stranger = { name: "one", groups: ["system:nodes"] };
const [pods, nodes, leases, secrets, maps] = [podKind, nodeKind, leaseKind, secretKind, configMapKind] as Kind[] as [
  Kind,
  Kind,
  Kind,
  Kind,
  Kind,
];

const containers = [{ name: "a", image: "x", envFrom: [{ secretRef: { name: "keys" } }] }];
const volumes = [{ name: "v", configMap: { name: "settings" } }];
const mine = pod("mine", {}, { nodeName: "one", containers, volumes, imagePullSecrets: [{ name: "registry" }] });
const other = pod("other", {}, { nodeName: "two", containers });
const free = pod("free", {}, { containers });

function view(): IndexedView<Pod> {
  const indexed = new IndexedView<Pod>(byNode);
  for (const each of [mine, other, free]) indexed.put(keyOfObject(each), each);
  return indexed;
}

function isAllowed(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (thrown) {
    assert.ok(thrown instanceof Fault && thrown.code === "Forbidden", String(thrown));
    return false;
  }
}

type At = Partial<ApiPath> & { readonly query?: string };

const cases: readonly (readonly [title: string, verb: string, kind: Kind, at: At, isAllowed: boolean])[] = [
  ["patches its own status", "patch", nodes, { name: "one", subresource: "status" }, true],
  ["patches another node", "patch", nodes, { name: "two" }, false],
  ["reads another node", "get", nodes, { name: "two" }, true],
  ["renews its own lease", "update", leases, { namespace: "kube-node-lease", name: "one" }, true],
  ["renews another node's lease", "update", leases, { namespace: "kube-node-lease", name: "two" }, false],
  ["writes a lease elsewhere", "update", leases, { name: "one" }, false],
  ["reads a lease elsewhere", "get", leases, { name: "one" }, false],
  ["lists pods", "list", pods, {}, true],
  ["reports its pod's status", "patch", pods, { name: "mine", subresource: "status" }, true],
  ["reports another node's pod's status", "update", pods, { name: "other", subresource: "status" }, false],
  ["reports the status of a pod that is bound to none", "patch", pods, { name: "free", subresource: "status" }, false],
  ["changes its pod's spec", "patch", pods, { name: "mine" }, false],
  ["deletes its pod that ended", "delete", pods, { name: "mine" }, true],
  ["deletes another node's pod", "delete", pods, { name: "other" }, false],
  ["deletes pods by the dozen", "deletecollection", pods, {}, false],
  ["reads a secret of its pod", "get", secrets, { name: "keys" }, true],
  ["reads a secret to pull images with", "get", secrets, { name: "registry" }, true],
  ["watches a secret of its pod", "watch", secrets, { query: "fieldSelector=metadata.name%3Dkeys" }, true],
  ["reads a secret of nobody", "get", secrets, { name: "other" }, false],
  ["reads a secret of that name elsewhere", "get", secrets, { namespace: "b", name: "keys" }, false],
  ["lists secrets", "list", secrets, {}, false],
  ["lists all but one secret", "list", secrets, { query: "fieldSelector=metadata.name!%3Dkeys" }, false],
  ["lists secrets of all namespaces", "list", secrets, { namespace: "" }, false],
  ["reads a config map of its pod", "get", maps, { name: "settings" }, true],
  ["reads the cluster's certificate", "list", maps, { query: "fieldSelector=metadata.name=kube-root-ca.crt" }, true],
  ["reads a config map of nobody", "get", maps, { name: "keys" }, false],
];

for (const [title, verb, kind, { query = "", ...at }, answer] of cases) {
  test(`a node ${title}: ${answer ? "allowed" : "forbidden"}`, () => {
    const path: ApiPath = {
      kind,
      group: kind.group,
      plural: kind.plural,
      namespace: "default",
      name: "",
      subresource: undefined,
      ...at,
    };
    const question = { path, verb, query: new URLSearchParams(query) };
    assert.equal(
      isAllowed(() => restrictNode(one, question, view())),
      answer,
    );
    restrictNode({ name: "somebody", groups: [] }, question, view());
  });
}

test("a member of the group that is no node has no pods and is no node", () => {
  const path: ApiPath = { kind: nodes, group: "", plural: "nodes", namespace: "", name: "one", subresource: undefined };
  const question = { path, verb: "patch", query: new URLSearchParams() };
  assert.equal(
    isAllowed(() => restrictNode(stranger, question, view())),
    false,
  );
});

test("a node creates itself and its lease, nobody else", () => {
  const made = (kind: Kind, name: string, namespace = ""): boolean =>
    isAllowed(() => restrictCreation(one, kind, { metadata: { name, namespace } }));
  assert.deepEqual([made(nodes, "one"), made(nodes, "two")], [true, false]);
  const namespaces = ["kube-node-lease", "default"];
  assert.deepEqual(
    namespaces.map((namespace) => made(leases, "one", namespace)),
    [true, false],
  );
  assert.equal(made(leases, "two", "kube-node-lease"), false);
  assert.equal(
    isAllowed(() => restrictCreation(stranger, nodes, { metadata: { name: "one" } })),
    false,
  );
});

const labelled = (labels: Readonly<Record<string, string>>, taints: readonly object[] = []): KubeObject =>
  ({ metadata: { name: "one", labels }, spec: { taints } }) as KubeObject;
const RESTRICTED = "node-restriction.kubernetes.io/secure";
const noSchedule = { key: "k", effect: "NoSchedule" };
const writes: readonly (readonly [title: string, live: KubeObject, next: KubeObject, isAllowed: boolean])[] = [
  ["labels of its own", labelled({}), labelled({ colour: "red", "example.com/x": "1" }), true],
  [
    "labels of kubelets",
    labelled({}),
    labelled({ "kubernetes.io/os": "linux", "node.kubernetes.io/x": "1", "a.kubelet.kubernetes.io/x": "1" }),
    true,
  ],
  ["a label for restriction", labelled({}), labelled({ [RESTRICTED]: "1" }), false],
  ["a label for restriction of others", labelled({}), labelled({ [`x.${RESTRICTED}`]: "1" }), false],
  ["the removal of one", labelled({ [RESTRICTED]: "1" }), labelled({}), false],
  ["one that stays", labelled({ [RESTRICTED]: "1" }), labelled({ [RESTRICTED]: "1", a: "b" }), true],
  ["a role", labelled({}), labelled({ "node-role.kubernetes.io/control-plane": "" }), false],
  ["another label of Kubernetes", labelled({}), labelled({ "x.k8s.io/y": "1" }), false],
  ["a taint that goes", labelled({}, [noSchedule]), labelled({}), false],
  ["a taint that comes", labelled({}), labelled({}, [noSchedule]), false],
  ["a taint that stays", labelled({}, [noSchedule]), labelled({ a: "b" }, [noSchedule]), true],
];
for (const [title, live, next, answer] of writes)
  test(`a node writes ${title}: ${answer ? "allowed" : "forbidden"}`, () => {
    assert.equal(
      isAllowed(() => restrictWrite(one, nodes, { live, next })),
      answer,
    );
    if (title.includes("taint") || Object.keys(live.metadata.labels ?? {}).length > 0) return;
    assert.equal(
      isAllowed(() => restrictCreation(one, nodes, next)),
      answer,
    );
  });

test("a node changes no labels of pods by their status", () => {
  const written = (after: Readonly<Record<string, string>>): boolean =>
    isAllowed(() => restrictWrite(one, pods, { live: labelled({ a: "b" }), next: labelled(after) }));
  assert.deepEqual([written({ a: "b" }), written({ a: "c" }), written({})], [true, false, false]);
});

const pvs = persistentVolumeKind as Kind;
const MAKER = "pv.kubernetes.io/provisioned-by";
function volumeOn(
  node: string,
  more: object = {},
  annotations: object = { [MAKER]: "catamaran.dev/local" },
): KubeObject {
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }];
  const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions }] } };
  return { metadata: { name: "v", annotations }, spec: { local: { path: "/x" }, nodeAffinity, ...more } } as KubeObject;
}

test("a node makes pvs of its own folders, and only lets go of them", () => {
  const made = (volume: KubeObject): boolean => isAllowed(() => restrictCreation(one, pvs, volume));
  assert.deepEqual(
    [volumeOn("one"), volumeOn("two"), volumeOn("one", {}, {}), volumeOn("one", { local: undefined })].map(made),
    [true, false, false, false],
  );
  const written = (live: KubeObject, next: KubeObject): boolean =>
    isAllowed(() => restrictWrite(one, pvs, { live, next }));
  const held = volumeOn("one");
  const free = { ...held, metadata: { ...held.metadata, finalizers: [] } };
  assert.equal(written(held, free), true);
  assert.equal(written(held, volumeOn("one", { claimRef: { name: "x" } })), false);
  assert.equal(written(volumeOn("two"), volumeOn("two")), false);
});

test("a pod that is gone is not found, also by a node", () => {
  const path: ApiPath = {
    kind: pods,
    group: "",
    plural: "pods",
    namespace: "default",
    name: "gone",
    subresource: undefined,
  };
  for (const asked of [path, { ...path, subresource: "status" as const }])
    assert.throws(
      () =>
        restrictNode(
          one,
          { path: asked, verb: asked === path ? "delete" : "update", query: new URLSearchParams() },
          view(),
        ),
      (thrown) => thrown instanceof Fault && thrown.code === "NotFound",
    );
});

test("a node gets tokens for its pods only", () => {
  const got = [mine, other, null].map((bound) =>
    isAllowed(() => restrictToken(one, serviceAccountKind, "default", bound)),
  );
  assert.deepEqual(got, [true, false, false]);
  restrictToken({ name: "ann", groups: [] }, serviceAccountKind, "default", null);
});
