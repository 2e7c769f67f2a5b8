/** What nothing acts on is refused by name when it is asked for, and does not stand in the way of what is asked otherwise. */
import assert from "node:assert/strict";
import test from "node:test";
import type { KubeObject } from "#kinds/object.ts";
import { podKind } from "#kinds/core/pod.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { statefulSetKind } from "#kinds/apps/stateful-set.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { serviceKind } from "#kinds/core/service.ts";
import type { Kind } from "#kinds/kind.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck } from "./sample-deck.ts";

const me = { manager: "test" };
const podSpec = (rest: object, own: object = {}): object => ({
  containers: [{ name: "c", image: "i", ...own }],
  ...rest,
});
const service = (rest: object): object => ({ ports: [{ port: 80 }], type: "LoadBalancer", ...rest });
const template = (spec: object): object => ({
  selector: { matchLabels: { a: "b" } },
  template: { metadata: { labels: { a: "b" } }, spec },
});

const cases: readonly (readonly [kind: Kind, spec: object, refused: string | null])[] = [
  [serviceKind, service({ loadBalancerSourceRanges: ["10.0.0.0/8"] }), "ServiceSpec.loadBalancerSourceRanges"],
  [serviceKind, service({ allocateLoadBalancerNodePorts: false }), "ServiceSpec.allocateLoadBalancerNodePorts"],
  [serviceKind, service({ allocateLoadBalancerNodePorts: true, loadBalancerIP: "" }), null],
  [podKind, podSpec({ os: { name: "windows" } }), "PodOS.name"],
  [podKind, podSpec({ os: { name: "linux" } }), null],
  [
    podKind,
    podSpec({ volumes: [{ name: "v", emptyDir: { medium: "HugePages-2Mi" } }] }),
    "EmptyDirVolumeSource.medium",
  ],
  [podKind, podSpec({ volumes: [{ name: "v", emptyDir: { medium: "Memory" } }] }), null],
  [podKind, podSpec({ hostnameOverride: "x" }), "PodSpec.hostnameOverride"],
  [
    podKind,
    podSpec({}, { securityContext: { appArmorProfile: { type: "RuntimeDefault" } } }),
    "SecurityContext.appArmorProfile",
  ],
  [podKind, podSpec({}, { securityContext: { appArmorProfile: { type: "Unconfined" } } }), null],
  [podKind, podSpec({}, { lifecycle: { stopSignal: "SIGUSR1" } }), "Lifecycle.stopSignal"],
  [deploymentKind, template(podSpec({ resourceClaims: [{ name: "x" }] })), "PodSpec.resourceClaims"],
  [
    statefulSetKind,
    { ...template(podSpec({})), updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 2 } } },
    "RollingUpdateStatefulSetStrategy.maxUnavailable",
  ],
  [
    persistentVolumeKind,
    { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], nfs: { server: "x", path: "/" } },
    "PersistentVolumeSpec.nfs",
  ],
  [
    persistentVolumeKind,
    {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      hostPath: { path: "/x" },
      persistentVolumeReclaimPolicy: "Recycle",
    },
    "PersistentVolumeSpec.persistentVolumeReclaimPolicy",
  ],
];

const annotated: readonly (readonly [kind: Kind, annotation: string, value: string, isTaken: boolean])[] = [
  [podKind, "kubernetes.io/ingress-bandwidth", "1M", false],
  [podKind, "kubernetes.io/egress-bandwidth", "1M", false],
  [podKind, "kubernetes.io/config.seen", "1M", true],
  [serviceKind, "service.kubernetes.io/topology-mode", "Auto", false],
  [serviceKind, "service.kubernetes.io/topology-mode", "Disabled", true],
  [serviceKind, "service.kubernetes.io/topology-aware-hints", "auto", false],
  [serviceAccountKind, "kubernetes.io/enforce-mountable-secrets", "true", false],
  [serviceAccountKind, "kubernetes.io/enforce-mountable-secrets", "false", true],
];

for (const [kind, annotation, value, isTaken] of annotated)
  test(`${kind.kind} with the annotation ${annotation}=${value} is ${isTaken ? "taken" : "refused"}`, async () => {
    const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    const spec = kind === podKind ? podSpec({}) : { ports: [{ port: 80 }] };
    const rest = kind === serviceAccountKind ? {} : { spec };
    const created = deck.create(kind, object("x", rest, { annotations: { [annotation]: value } }), me);
    if (isTaken) await created;
    else await assert.rejects(created, { code: "Unsupported", message: new RegExp(annotation) });
  });

test("a template's annotations are those of its pods", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
  const metadata = { labels: { a: "b" }, annotations: { "kubernetes.io/ingress-bandwidth": "1M" } };
  const spec = { selector: { matchLabels: { a: "b" } }, template: { metadata, spec: podSpec({}) } };
  await assert.rejects(deck.create(deploymentKind, object("x", { spec }), me), {
    message: /PodTemplateSpec.*bandwidth/,
  });
});

for (const [kind, spec, refused] of cases)
  test(`${kind.kind} with ${refused ?? "values that change nothing"} is ${refused === null ? "taken" : "refused"}`, async () => {
    const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    const namespace = kind.scope === "Cluster" ? "" : "default";
    const created = deck.create(kind, object("x", { spec }, { namespace }), me);
    if (refused === null) await created;
    else await assert.rejects(created, { code: "Unsupported", message: new RegExp(refused) });
  });

test("a member that came before it was refused keeps nobody from taking a finalizer", async () => {
  const clock = new FakeClock(0);
  const journal = new MemoryJournal(clock);
  const old = {
    metadata: { name: "x", namespace: "default", uid: "u", finalizers: ["a/b"] },
    spec: service({ loadBalancerIP: "1.2.3.4" }),
  };
  const bytes = new TextEncoder().encode(JSON.stringify({ apiVersion: "v1", kind: "Service", ...old }));
  await journal.append("core/services/default/x", bytes, "absent");
  const { deck } = await openSampleDeck(journal);
  const untied = (live: KubeObject): KubeObject => ({ ...live, metadata: { ...live.metadata, finalizers: [] } });
  await deck.update(serviceKind, "default/x", untied, me);
  assert.deepEqual(deck.read(serviceKind, "default/x")?.object.metadata.finalizers ?? [], []);
});
