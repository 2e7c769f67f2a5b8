/** Quotas and limit ranges at the deck: what is refused, in upstream's words, what is given, and that writes at the same time take no more than there is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import { type LimitRange, limitRangeKind } from "#kinds/core/limit-range.ts";
import { type ResourceQuota, resourceQuotaKind } from "#kinds/core/resource-quota.ts";
import { persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { serviceKind } from "#kinds/core/service.ts";
import type { KubeObject } from "#kinds/object.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { openSampleDeck } from "./sample-deck.ts";

const request = { manager: "test" };
const metadata = (name: string): KubeObject["metadata"] => ({ name, namespace: "default" });

function podOf(name: string, resources: object, rest: Partial<PodSpec> = {}): Pod {
  return { metadata: metadata(name), spec: { containers: [{ name: "c", image: "app:1", resources }], ...rest } };
}

function quotaOf(hard: Readonly<Record<string, string>>, rest: Partial<ResourceQuota["spec"]> = {}): ResourceQuota {
  return { metadata: metadata("q"), spec: { hard, ...rest } };
}

async function deckWith(...objects: readonly (ResourceQuota | LimitRange)[]): Promise<Deck> {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  for (const object of objects)
    await deck.create("hard" in object.spec ? resourceQuotaKind : limitRangeKind, object, request);
  return deck;
}

const small = { requests: { cpu: "100m" } };
const refused: readonly (readonly [
  title: string,
  quota: ResourceQuota,
  pods: readonly Pod[],
  message: RegExp | null,
])[] = [
  ["as many as there may be", quotaOf({ pods: "2" }), [podOf("a", {}), podOf("b", {})], null],
  [
    "one pod more",
    quotaOf({ pods: "1" }),
    [podOf("a", {}), podOf("b", {})],
    /pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1$/,
  ],
  [
    "more memory and CPU, in the order of their names",
    quotaOf({ "requests.memory": "1Gi", "requests.cpu": "1" }),
    [
      podOf("a", { requests: { memory: "512Mi", cpu: "600m" } }),
      podOf("b", { requests: { memory: "768Mi", cpu: "500m" } }),
    ],
    /exceeded quota: q, requested: requests.cpu=500m,requests.memory=768Mi, used: requests.cpu=600m,requests.memory=512Mi, limited: requests.cpu=1,requests.memory=1Gi$/,
  ],
  [
    "who is limited must say something",
    quotaOf({ "limits.cpu": "2", "requests.memory": "1Gi" }),
    [podOf("a", { requests: { cpu: "1" } })],
    /failed quota: q: must specify limits.cpu for: c; requests.memory for: c$/,
  ],
  [
    "extended resources by their requests",
    quotaOf({ "requests.example.com/gpu": "1" }),
    [podOf("a", { limits: { "example.com/gpu": "2" } })],
    /exceeded quota: q, requested: requests.example.com\/gpu=2, used: requests.example.com\/gpu=0, limited: requests.example.com\/gpu=1$/,
  ],
  ["a scope that leaves it out", quotaOf({ pods: "0" }, { scopes: ["BestEffort"] }), [podOf("a", small)], null],
  ["a scope that has it", quotaOf({ pods: "0" }, { scopes: ["NotBestEffort"] }), [podOf("a", small)], /exceeded quota/],
  [
    "Terminating",
    quotaOf({ pods: "0" }, { scopes: ["Terminating"] }),
    [podOf("a", {}, { activeDeadlineSeconds: 5 })],
    /exceeded/,
  ],
  [
    "NotTerminating",
    quotaOf({ pods: "0" }, { scopes: ["NotTerminating"] }),
    [podOf("a", {}, { activeDeadlineSeconds: 5 })],
    null,
  ],
  [
    "PriorityClass by name",
    quotaOf(
      { pods: "0" },
      {
        scopeSelector: {
          matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["system-node-critical"] }],
        },
      },
    ),
    [podOf("a", {}), podOf("b", {}, { priorityClassName: "system-node-critical" })],
    /pods "b" is forbidden: exceeded quota/,
  ],
  [
    "CrossNamespacePodAffinity",
    quotaOf({ pods: "0" }, { scopes: ["CrossNamespacePodAffinity"] }),
    [
      podOf(
        "a",
        {},
        {
          affinity: {
            podAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: "kubernetes.io/hostname", namespaces: ["other"], labelSelector: {} },
              ],
            },
          },
        },
      ),
    ],
    /exceeded quota/,
  ],
];
for (const [title, quota, pods, message] of refused)
  test(`quota: ${title}`, async () => {
    const deck = await deckWith(quota);
    const write = async (): Promise<void> => {
      for (const pod of pods) await deck.create(podKind, pod, request);
    };
    if (message === null) await write();
    else await assert.rejects(write(), message);
  });

test("a hundred creates at once take what there is and no more; what goes gives back", async () => {
  const deck = await deckWith(quotaOf({ pods: "7" }));
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, at) => deck.create(podKind, podOf(`p${at}`, {}), request)),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 7);
  await deck.update(podKind, "default/p0", (pod) => ({ ...pod, status: { phase: "Succeeded" as const } }), {
    ...request,
    subresource: "status",
  });
  await deck.create(podKind, podOf("next", {}), request);
  await assert.rejects(deck.create(podKind, podOf("after", {}), request), /exceeded quota/);
});

test("a dry run and a write that fails take nothing", async () => {
  const deck = await deckWith(quotaOf({ pods: "1" }));
  await deck.create(podKind, podOf("a", {}), { ...request, dryRun: true });
  await assert.rejects(deck.create(podKind, podOf("Not a name", {}), request));
  await deck.create(podKind, podOf("a", {}), request);
  await assert.rejects(deck.create(podKind, podOf("a", {}), { ...request, dryRun: true }), /exceeded quota/);
});

test("a quota counts what is there before it, and other kinds: by name, by group, ports and balancers of services", async () => {
  const deck = await deckWith();
  await deck.create(secretKind, { metadata: metadata("s") }, request);
  await deck.create(
    resourceQuotaKind,
    quotaOf({ "count/secrets": "1", "services.nodeports": "1", resourcequotas: "1" }),
    request,
  );
  await assert.rejects(
    deck.create(secretKind, { metadata: metadata("t") }, request),
    /requested: count\/secrets=1, used: count\/secrets=1/,
  );
  const service = {
    metadata: metadata("w"),
    spec: {
      type: "NodePort",
      ports: [
        { name: "a", port: 1 },
        { name: "b", port: 2 },
      ],
    },
  } as KubeObject;
  await assert.rejects(deck.create(serviceKind, service, request), /requested: services.nodeports=2/);
  await assert.rejects(
    deck.create(resourceQuotaKind, { ...quotaOf({}), metadata: metadata("r") }, request),
    /resourcequotas=1/,
  );
});

test("claims by their number and storage, also of one class, and by what a limit range lets them ask for", async () => {
  const ofGold = "gold.storageclass.storage.k8s.io/requests.storage";
  const range = rangeOf({ type: "PersistentVolumeClaim", max: { storage: "4Gi" } });
  const deck = await deckWith(quotaOf({ "requests.storage": "5Gi", [ofGold]: "2Gi" }), range);
  const claim = (name: string, storage: string, storageClassName: string): Promise<unknown> => {
    const spec = { accessModes: ["ReadWriteOnce"], storageClassName, resources: { requests: { storage } } };
    return deck.create(persistentVolumeClaimKind, { metadata: metadata(name), spec } as KubeObject, request);
  };
  await claim("a", "2Gi", "gold");
  await assert.rejects(claim("b", "1Gi", "gold"), {
    message: `persistentvolumeclaims "b" is forbidden: exceeded quota: q, requested: ${ofGold}=1Gi, used: ${ofGold}=2Gi, limited: ${ofGold}=2Gi`,
  });
  await assert.rejects(claim("b", "4Gi", "iron"), /requested: requests.storage=4Gi, used: requests.storage=2Gi/);
  await assert.rejects(
    claim("b", "5Gi", "iron"),
    /maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 5Gi/,
  );
  await claim("b", "3Gi", "iron");
});

test("an update is refused only for what it adds", async () => {
  const deck = await deckWith();
  const ports = [{ name: "a", port: 1 }];
  await deck.create(serviceKind, { metadata: metadata("w"), spec: { ports } } as KubeObject, request);
  await deck.create(resourceQuotaKind, quotaOf({ services: "0", "services.nodeports": "0" }), request);
  await deck.update(
    serviceKind,
    "default/w",
    (live) => ({ ...live, metadata: { ...live.metadata, labels: { a: "b" } } }),
    request,
  );
  const asNodePort = (live: KubeObject): KubeObject => ({ ...live, spec: { ports, type: "NodePort" } }) as KubeObject;
  await assert.rejects(deck.update(serviceKind, "default/w", asNodePort, request), /services.nodeports=1/);
});

const rangeOf = (...limits: LimitRange["spec"]["limits"]): LimitRange => ({
  metadata: metadata("l"),
  spec: { limits },
});

test("a limit range gives requests and limits to containers that say nothing, and the class of service follows", async () => {
  const deck = await deckWith(
    rangeOf({
      type: "Container",
      default: { cpu: "200m" },
      defaultRequest: { cpu: "100m", memory: "1Mi" },
      max: { memory: "2Mi" },
    }),
  );
  const { stored } = await deck.create(podKind, podOf("a", {}), request);
  const pod = stored.object as Pod;
  assert.deepEqual(pod.spec.containers[0]?.resources, {
    limits: { cpu: "200m", memory: "2Mi" },
    requests: { cpu: "100m", memory: "1Mi" },
  });
  assert.equal(pod.status?.qosClass, "Burstable");
  assert.equal(
    pod.metadata.annotations?.["kubernetes.io/limit-ranger"],
    "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c",
  );
});

const limits: readonly (readonly [title: string, range: LimitRange, pod: Pod, message: string])[] = [
  [
    "too little",
    rangeOf({ type: "Container", min: { cpu: "100m" } }),
    podOf("a", { requests: { cpu: "50m" } }),
    "minimum cpu usage per Container is 100m, but request is 50m",
  ],
  [
    "too much",
    rangeOf({ type: "Container", max: { cpu: "1" } }),
    podOf("a", { limits: { cpu: "2" } }),
    "maximum cpu usage per Container is 1, but limit is 2",
  ],
  [
    "the whole pod",
    rangeOf({ type: "Pod", max: { memory: "1Gi" } }),
    podOf("a", { limits: { memory: "2Gi" } }),
    "maximum memory usage per Pod is 1Gi, but limit is 2Gi",
  ],
  [
    "nothing said",
    rangeOf({ type: "Pod", max: { memory: "1Gi" }, min: { cpu: "1" } }),
    podOf("a", {}),
    "[minimum cpu usage per Pod is 1.  No request is specified, maximum memory usage per Pod is 1Gi.  No limit is specified]",
  ],
  [
    "too steep",
    rangeOf({ type: "Container", maxLimitRequestRatio: { cpu: "2" } }),
    podOf("a", { requests: { cpu: "100m" }, limits: { cpu: "300m" } }),
    "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
  ],
];
for (const [title, range, pod, message] of limits)
  test(`limit range: ${title}`, async () => {
    const deck = await deckWith(range);
    await assert.rejects(deck.create(podKind, pod, request), { message: `pods "a" is forbidden: ${message}` });
  });
