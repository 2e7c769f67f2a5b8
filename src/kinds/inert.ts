/** Members of our types that nothing here acts on: a write that sets one is refused by name. */
import { member } from "#base/dictionary.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import type { TypeName } from "#base/schema.ts";

/** For each member the values that ask for what happens anyway. */
type Inert = Readonly<Record<string, readonly Json[]>>;
type Annotations = Readonly<Record<string, readonly string[]>>;

const container: Inert = { resizePolicy: [], restartPolicyRules: [], volumeDevices: [] };
// seLinuxOptions are judged by pod security, and mean nothing on a host without SELinux, upstream too.
const confinement: Inert = { appArmorProfile: [{ type: "Unconfined" }], windowsOptions: [] };

/** Sources of PersistentVolumes that no node here can mount. */
const OTHER_VOLUME_SOURCES = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "glusterfs",
  "iscsi",
  "nfs",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
] as const;

const core: Readonly<Record<string, Inert>> = {
  Container: container,
  EphemeralContainer: container,
  EmptyDirVolumeSource: { medium: ["Memory"] },
  EnvVarSource: { fileKeyRef: [] },
  Lifecycle: { stopSignal: [] },
  NodeSpec: { configSource: [] },
  PersistentVolumeClaimSpec: {
    volumeAttributesClassName: [],
    volumeMode: ["Filesystem"],
  },
  PersistentVolumeSpec: {
    ...Object.fromEntries(OTHER_VOLUME_SOURCES.map((source) => [source, []])),
    mountOptions: [],
    // Deprecated since 1.9: upstream starts a pod that runs "rm -rf".
    persistentVolumeReclaimPolicy: ["Delete", "Retain"],
    volumeAttributesClassName: [],
    volumeMode: ["Filesystem"],
  },
  PodOS: { name: ["linux"] },
  PodSecurityContext: { ...confinement, supplementalGroupsPolicy: ["Merge"], seLinuxChangePolicy: [] },
  PodSpec: { hostnameOverride: [], resourceClaims: [] },
  SecurityContext: confinement,
  ServiceSpec: {
    allocateLoadBalancerNodePorts: [true],
    healthCheckNodePort: [],
    loadBalancerClass: [],
    loadBalancerIP: [],
    loadBalancerSourceRanges: [],
    trafficDistribution: [],
  },
  LocalVolumeSource: { fsType: [] },
  // Its gate, CrossNamespaceVolumeDataSource, is off upstream.
  TypedObjectReference: { namespace: [] },
  VolumeResourceRequirements: { limits: [] },
  VolumeProjection: { clusterTrustBundle: [], podCertificate: [] },
};

const apps: Readonly<Record<string, Inert>> = {
  RollingUpdateStatefulSetStrategy: { maxUnavailable: [1] },
};

const storage: Readonly<Record<string, Inert>> = {
  StorageClass: { mountOptions: [] },
};

export const inertMembers: ReadonlyMap<TypeName, Inert> = new Map([
  ...named("io.k8s.api.core.v1", core),
  ...named("io.k8s.api.apps.v1", apps),
  ...named("io.k8s.api.storage.v1", storage),
]);

function named(home: string, types: Readonly<Record<string, Inert>>): readonly (readonly [TypeName, Inert])[] {
  return Object.entries(types).map(([type, members]) => [`${home}.${type}`, members]);
}

const pods: Annotations = {
  // Runtimes without a bandwidth plugin ignore them.
  "kubernetes.io/egress-bandwidth": [],
  "kubernetes.io/ingress-bandwidth": [],
};

/** Annotations that upstream acts on and nothing here does, with the values that ask for what happens anyway. */
const annotations: ReadonlyMap<TypeName, Annotations> = new Map(
  Object.entries({
    Pod: pods,
    PodTemplateSpec: pods,
    Service: {
      "service.kubernetes.io/topology-aware-hints": ["Disabled", "disabled"],
      "service.kubernetes.io/topology-mode": ["Disabled", "disabled"],
    },
    ServiceAccount: { "kubernetes.io/enforce-mountable-secrets": ["false"] },
  }).map(([type, words]) => [`io.k8s.api.core.v1.${type}`, words]),
);

/** The members and annotations of `value`, a value of the type, that would have no effect. */
export function inertIn(type: TypeName, value: Json): readonly string[] {
  if (!isJsonObject(value)) return [];
  const words = annotations.get(type);
  return [...inertMembersIn(type, value), ...(words === undefined ? [] : inertAnnotations(words, type, value))];
}

function inertAnnotations(words: Annotations, type: TypeName, { metadata }: JsonObject): readonly string[] {
  const set = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  if (!isJsonObject(set)) return [];
  return Object.entries(words)
    .filter(([key, allowed]) => {
      const given = member(set, key);
      return typeof given === "string" && given !== "" && !allowed.includes(given);
    })
    .map(([key]) => `${type.slice(type.lastIndexOf(".") + 1)}.metadata.annotations[${key}]`);
}

function inertMembersIn(type: TypeName, value: JsonObject): readonly string[] {
  const members = inertMembers.get(type);
  if (members === undefined) return [];
  return Object.entries(members)
    .filter(([name, allowed]) => {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      return given !== undefined && !isNothing(given) && !allowed.some((one) => sameJson(one, given));
    })
    .map(([name]) => `${type.slice(type.lastIndexOf(".") + 1)}.${name}`);
}

function isNothing(value: Json): boolean {
  if (value === null || value === "" || value === 0) return true;
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}
