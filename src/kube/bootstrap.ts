/** What every cluster has from the start: default roles, system priorities, the service "kubernetes". */
import { Fault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import type { Objects } from "#deck/objects.ts";
import { endpointsKind, type Endpoints } from "#kinds/core/endpoints.ts";
import { endpointSliceKind, type EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { ingressClassKind } from "#kinds/networking/ingress-class.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBindingKind,
  clusterRoleKind,
} from "#kinds/rbac/rbac.ts";
import { BUILTIN_PROVISIONER } from "#kinds/storage/binding.ts";
import { type StorageClass, storageClassKind } from "#kinds/storage/storage-class.ts";
import { serviceKind, type Service } from "#kinds/core/service.ts";
import { bootstrapBindings, bootstrapRoles } from "./bootstrap-roles.ts";

export interface BootstrapFacts {
  /** The address of the service "kubernetes". */
  readonly kubernetesIp: string;
  /** Where the door can be reached from pods; null where there are none. */
  readonly door: { readonly host: string; readonly port: number } | null;
}

/** Creates what is missing; the service's endpoint follows the door. */
export async function bootstrap(objects: Objects, facts: BootstrapFacts): Promise<void> {
  for (const role of bootstrapRoles) await ensureRole(objects, role);
  for (const binding of bootstrapBindings) await ensureBinding(objects, binding);
  await ensure(objects, priorityClassKind, priority("system-cluster-critical", 2_000_000_000));
  await ensure(objects, priorityClassKind, priority("system-node-critical", 2_000_001_000));
  await ensure(objects, ingressClassKind, {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "catamaran" },
    spec: { controller: "catamaran.dev/gateway" },
  } as KubeObject);
  for (const one of [DEFAULT_CLASS, LIMITED_CLASS]) await ensure(objects, storageClassKind, one);
  if (facts.door !== null) await ensureKubernetesService(objects, facts.kubernetesIp, facts.door);
}

/** Folders of the node on which the first pod that uses the claim runs. */
const DEFAULT_CLASS: StorageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: BUILTIN_PROVISIONER,
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
  allowVolumeExpansion: true,
};

/** Each volume is a file system of its own, as large as was asked for. */
const LIMITED_CLASS: StorageClass = {
  ...DEFAULT_CLASS,
  metadata: { name: "local-limited" },
  parameters: { limit: "hard" },
};

async function ensure<T extends KubeObject>(objects: Objects, kind: Kind<T>, object: KubeObject): Promise<void> {
  try {
    if ((await objects.get(kind, keyOfObject(object))) === null) await objects.create(kind, object as T);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "AlreadyExists") throw thrown;
  }
}

const AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate";

/** A default role that an older version made gets what it lacks, unless somebody forbade it. */
async function ensureRole(objects: Objects, role: ClusterRole): Promise<void> {
  await ensure(objects, clusterRoleKind, role);
  await objects.change(clusterRoleKind, keyOfObject(role), (live) => {
    if (live.metadata.annotations?.[AUTO_UPDATE] === "false") return null;
    const { labels, annotations } = live.metadata;
    const rules = withMissing(live.rules ?? [], role.rules ?? []);
    const metadata = {
      ...live.metadata,
      labels: { ...role.metadata.labels, ...labels },
      annotations: { ...role.metadata.annotations, ...annotations },
    };
    const { aggregationRule } = role;
    return { ...live, metadata, rules, ...(aggregationRule !== undefined && { aggregationRule }) };
  });
}

async function ensureBinding(objects: Objects, binding: ClusterRoleBinding): Promise<void> {
  await ensure(objects, clusterRoleBindingKind, binding);
  await objects.change(clusterRoleBindingKind, keyOfObject(binding), (live) =>
    live.metadata.annotations?.[AUTO_UPDATE] === "false"
      ? null
      : { ...live, subjects: withMissing(live.subjects ?? [], binding.subjects ?? []) },
  );
}

function withMissing<T>(live: readonly T[], wanted: readonly T[]): readonly T[] {
  const isThere = (each: T): boolean => live.some((known) => sameJson(known, each));
  return [...live, ...wanted.filter((each) => !isThere(each))];
}

function priority(name: string, value: number): KubeObject {
  return {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    globalDefault: false,
  } as KubeObject;
}

async function ensureKubernetesService(
  objects: Objects,
  ip: string,
  door: { readonly host: string; readonly port: number },
): Promise<void> {
  const metadata = {
    name: "kubernetes",
    namespace: "default",
    labels: { component: "apiserver", provider: "kubernetes" },
  };
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: {
      clusterIP: ip,
      type: "ClusterIP",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: door.port }],
    },
  };
  await ensure(objects, serviceKind, service);
  await objects.change(serviceKind, keyOf("default", "kubernetes"), (live) => ({
    ...live,
    spec: { ...live.spec, ports: service.spec.ports ?? [] },
  }));
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "kubernetes", namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [door.host], conditions: { ready: true } }],
    ports: [{ name: "https", port: door.port, protocol: "TCP" }],
  };
  await ensure(objects, endpointSliceKind, slice);
  const { endpoints, ports } = slice;
  await objects.change(endpointSliceKind, keyOf("default", "kubernetes"), (live) => ({
    ...live,
    endpoints,
    ports: ports ?? [],
  }));
  // Its older twin: no controller makes it, because the service has no selector.
  const subsets = [
    { addresses: [{ ip: door.host }], ports: [{ name: "https", port: door.port, protocol: "TCP" as const }] },
  ];
  const twin: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    },
    subsets,
  };
  await ensure(objects, endpointsKind, twin);
  await objects.change(endpointsKind, keyOf("default", "kubernetes"), (live) => ({ ...live, subsets }));
}
