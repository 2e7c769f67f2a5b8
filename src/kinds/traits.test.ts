/** What kinds say of themselves: who has which trait, what the paths below an object write, and what the default roles make of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { podKind } from "#kinds/core/pod.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { type Kind, resourceOf } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { builtinKinds } from "./registry.ts";
import { subresourceOf } from "./subresources.ts";

const traits: readonly (readonly [title: string, has: (kind: Kind) => boolean, kinds: readonly string[]])[] = [
  [
    "have a status and count no generations, as upstream's strategies",
    ({ countsGenerations }) => countsGenerations === false,
    [
      "horizontalpodautoscalers.autoscaling",
      "namespaces",
      "nodes",
      "persistentvolumeclaims",
      "persistentvolumes",
      "services",
    ],
  ],
  ["keep the status of a create", ({ createKeepsStatus }) => createKeepsStatus === true, ["nodes"]],
  ["are given time to end", ({ grace }) => grace !== undefined, ["pods"]],
  ["have finalizers in spec", ({ specFinalizers }) => specFinalizers !== undefined, ["namespaces"]],
  ["own nothing and are owned by nothing", ({ isCollected }) => isCollected === false, ["events"]],
  [
    "keep little history",
    ({ isChurning }) => isChurning === true,
    ["leases.coordination.k8s.io", "nodes.metrics.k8s.io", "pods.metrics.k8s.io", "scalingsamples.catamaran.dev"],
  ],
  [
    "ask for pods",
    ({ podTemplate }) => podTemplate !== undefined,
    [
      "cronjobs.batch",
      "daemonsets.apps",
      "deployments.apps",
      "jobs.batch",
      "podtemplates",
      "replicasets.apps",
      "replicationcontrollers",
      "statefulsets.apps",
    ],
  ],
  [
    "are for more than viewers",
    ({ roles }) => roles !== undefined && roles.view === undefined,
    [
      "iamgroups.catamaran.dev",
      "iaminstanceprofiles.catamaran.dev",
      "iamoidcproviders.catamaran.dev",
      "iampolicies.catamaran.dev",
      "iamroles.catamaran.dev",
      "iamusers.catamaran.dev",
      "leases.coordination.k8s.io",
      "rolebindings.rbac.authorization.k8s.io",
      "roles.rbac.authorization.k8s.io",
      "secrets",
    ],
  ],
];

for (const [title, has, kinds] of traits)
  test(`kinds that ${title}`, () =>
    assert.deepEqual(
      builtinKinds
        .filter((kind) => kind.storedAs === undefined && has(kind))
        .map(resourceOf)
        .toSorted(),
      kinds,
    ));

type Any = KubeObject & { readonly spec?: object; readonly status?: object };

const live: Any = { metadata: { name: "a", labels: { v: "1" } }, spec: { a: 1 }, status: { s: 1 } };
const next: Any = {
  metadata: { name: "a", labels: { v: "2" } },
  spec: { a: 2, nodeName: "n", finalizers: ["f"] },
  status: { s: 2 },
};

const writes: readonly (readonly [path: string, kind: Kind, written: object])[] = [
  ["status", nodeKind, { ...live, metadata: next.metadata, status: next.status }],
  ["status", podKind, { ...live, status: next.status }],
  ["scale", deploymentKind, { ...next, status: live.status }],
  ["binding", podKind, { ...live, spec: { a: 1, nodeName: "n" }, status: next.status }],
  ["finalize", namespaceKind, { ...live, spec: { a: 1, finalizers: ["f"] } }],
];

for (const [path, kind, written] of writes)
  test(`${kind.plural}/${path} writes its part and no other`, () =>
    assert.deepEqual(subresourceOf(kind, path)?.writes?.(kind, { live, next }), written));

test("what is connected to writes nothing", () => {
  for (const path of ["log", "exec", "attach", "portforward", "eviction", "proxy"])
    assert.equal(subresourceOf(podKind, path)?.writes, undefined, path);
});
