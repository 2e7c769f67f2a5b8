/** Makes the volumes of claims that the scheduler has sent to this node, and removes them when they are released: folders of the node. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import { units } from "#base/quantity.ts";
import type { Keeper } from "#deck/controller.ts";
import { EventRecorder, type Happening } from "#deck/events.ts";
import type { Objects } from "#deck/objects.ts";
import {
  classOf,
  clonedClaimOf,
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
  requestedBytes,
} from "#kinds/core/persistent-volume-claim.ts";
import type { ResourceList } from "#kinds/core/pod-spec.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { isTrueOf } from "#kinds/conditions.ts";
import { namespaceOf } from "#kinds/object.ts";
import {
  annotationOf,
  BUILTIN_PROVISIONER,
  claimReference,
  isFullyBound,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from "#kinds/storage/binding.ts";
import { RESIZE_PENDING } from "#kinds/storage/resize.ts";
import { type StorageClass, storageClassKind } from "#kinds/storage/storage-class.ts";
import { claimFolder, isMadeHere, makeClaimFolder, removeClaimFolder } from "./claim-folders.ts";
import { attachLimited, growLimited, isLimited } from "./limited-volume.ts";
import type { NodeFacts } from "./node-facts.ts";

export interface ProvisionerParts {
  readonly objects: Objects;
  readonly facts: NodeFacts;
  readonly clock: Clock;
}

/** sig-storage-lib-external-provisioner: keeps the object of a volume until what it stands for is removed. */
const DATA_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer";

/** A claim is asked for once more after a failure of ours; what the class asks and we do not do is told and left. */
export function claimProvisioner({ objects, facts, clock }: ProvisionerParts): Keeper<PersistentVolumeClaim> {
  const recorder = new EventRecorder(objects, `${BUILTIN_PROVISIONER}_${facts.name}`);
  const tell = (about: PersistentVolumeClaim, told: Omit<Happening, "about">): Promise<void> =>
    recorder.record({ about: { ...about, apiVersion: "v1", kind: "PersistentVolumeClaim" }, ...told }, clock.now());
  return {
    name: "local-provisioner",
    kind: persistentVolumeClaimKind,
    async keep(_key, claim) {
      if (claim === undefined || !isWanted(claim, facts)) return undefined;
      const found = await objects.get(storageClassKind, keyOf("", classOf(claim)));
      if (found === null) return undefined;
      const refusal = refusalOf(claim, found);
      if (refusal !== null) {
        await tell(claim, { type: "Warning", reason: "ProvisioningFailed", message: refusal });
        return undefined;
      }
      const name = `pvc-${claim.metadata.uid ?? ""}`;
      // Made before a crash, and not yet seen by the binder.
      if ((await objects.get(persistentVolumeKind, keyOf("", name))) !== null) return undefined;
      const failure = await fill(claim, { name, storageClass: found, facts }, objects).catch(reasonOf);
      if (failure !== null) {
        await tell(claim, { type: "Warning", reason: "ProvisioningFailed", message: failed(found, failure) });
        return clock.now() + AGAIN_MS;
      }
      await objects.create(persistentVolumeKind, volumeFor(claim, { name, storageClass: found, facts }));
      await tell(claim, {
        type: "Normal",
        reason: "ProvisioningSucceeded",
        message: `Successfully provisioned volume ${name}`,
      });
      return undefined;
    },
  };
}

function isWanted(claim: PersistentVolumeClaim, { name }: NodeFacts): boolean {
  return (
    annotationOf(claim, STORAGE_PROVISIONER) === BUILTIN_PROVISIONER &&
    annotationOf(claim, SELECTED_NODE) === name &&
    (claim.spec.volumeName ?? "") === "" &&
    claim.metadata.deletionTimestamp === undefined
  );
}

// What failed may be mended by then: a full disk, a source that was not there.
const AGAIN_MS = 15_000;
const LIMIT = "limit";

function failed({ metadata }: StorageClass, why: string): string {
  return `failed to provision volume with StorageClass "${metadata.name}": ${why}`;
}

/** Null when we can do what is asked. */
function refusalOf(claim: PersistentVolumeClaim, found: StorageClass): string | null {
  const { parameters = {} } = found;
  const unknown = Object.keys(parameters).find((parameter) => parameter !== LIMIT);
  if (unknown !== undefined) return failed(found, `unknown parameter "${unknown}"`);
  if (!["hard", undefined].includes(parameters[LIMIT]))
    return failed(found, `the parameter "${LIMIT}" may be "hard" or left out`);
  if (claim.spec.selector !== undefined) return failed(found, "claim Selector is not supported");
  const { dataSource } = claim.spec;
  if (dataSource !== undefined && clonedClaimOf(claim) === undefined)
    return failed(found, `a ${dataSource.kind} is no data source that volumes here can be made of`);
  return null;
}

/** Makes the folder; what keeps it from being made, or null. */
async function fill(claim: PersistentVolumeClaim, wanted: Wanted, objects: Objects): Promise<string | null> {
  const { name, storageClass, facts } = wanted;
  const limit = storageClass.parameters?.[LIMIT] === "hard" ? { limitBytes: requestedBytes(claim) } : {};
  const source = clonedClaimOf(claim);
  if (source === undefined) {
    await makeClaimFolder(facts, name, limit);
    return null;
  }
  const cloned = await objects.get(persistentVolumeClaimKind, keyOf(namespaceOf(claim), source));
  const volume = await objects.get(persistentVolumeKind, keyOf("", cloned?.spec.volumeName ?? ""));
  if (cloned === null || volume === null || !isFullyBound(cloned)) return `the claim ${source} is not bound`;
  if (!isMadeHere(volume, facts)) return `the volume of the claim ${source} is not on node ${facts.name}`;
  if (requestedBytes(claim) < units(cloned.status?.capacity?.["storage"] ?? "0"))
    return "new PVC request must be greater than or equal in size to the specified PVC data source";
  const from = claimFolder(facts, volume.metadata.name);
  await attachLimited(from);
  await makeClaimFolder(facts, name, { ...limit, from });
  return null;
}

interface Wanted {
  readonly name: string;
  readonly storageClass: StorageClass;
  readonly facts: NodeFacts;
}

function volumeFor(claim: PersistentVolumeClaim, { name, storageClass, facts }: Wanted): PersistentVolume {
  const { accessModes, resources, volumeMode } = claim.spec;
  const onThisNode = { key: "kubernetes.io/hostname", operator: "In" as const, values: [facts.name] };
  return {
    metadata: {
      name,
      annotations: { [PROVISIONED_BY]: BUILTIN_PROVISIONER },
      finalizers: [DATA_FINALIZER],
    },
    spec: {
      capacity: { storage: resources?.requests?.["storage"] ?? "0" },
      ...(accessModes && { accessModes }),
      ...(volumeMode && { volumeMode }),
      claimRef: claimReference(claim),
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: storageClass.metadata.name,
      local: { path: claimFolder(facts, name) },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onThisNode] }] } },
    },
  };
}

/** Makes the file system as large as the volume has become, and tells the claim (kubelet's NodeExpandVolume). */
export function claimGrower({ objects, facts, clock }: ProvisionerParts): Keeper<PersistentVolumeClaim> {
  const recorder = new EventRecorder(objects, `${BUILTIN_PROVISIONER}_${facts.name}`);
  return {
    name: "local-volume-grower",
    kind: persistentVolumeClaimKind,
    async keep(key, claim) {
      if (claim === undefined || !isTrueOf(claim.status?.conditions, RESIZE_PENDING)) return undefined;
      const volume = await objects.get(persistentVolumeKind, keyOf("", claim.spec.volumeName ?? ""));
      if (volume === null || !isMadeHere(volume, facts)) return undefined;
      const { name } = volume.metadata;
      const { capacity = {} } = volume.spec;
      const folder = claimFolder(facts, name);
      const bytes = units(capacity["storage"] ?? "0");
      if ((await isLimited(folder)) && !(await growLimited(folder, bytes))) return clock.now() + AGAIN_MS;
      await objects.change(persistentVolumeClaimKind, key, (live) => grown(live, capacity), { subresource: "status" });
      const message = `MountVolume.NodeExpandVolume succeeded for volume "${name}"`;
      const about = { ...claim, apiVersion: "v1", kind: persistentVolumeClaimKind.kind };
      await recorder.record({ about, type: "Normal", reason: "FileSystemResizeSuccessful", message }, clock.now());
      return undefined;
    },
  };
}

function grown(claim: PersistentVolumeClaim, capacity: ResourceList): PersistentVolumeClaim {
  const conditions = (claim.status?.conditions ?? []).filter(({ type }) => type !== RESIZE_PENDING);
  return { ...claim, status: { ...claim.status, capacity, conditions } };
}

/** The data goes with a volume whose policy says so, when its object is deleted; of another it stays. */
export function volumeRemover({ objects, facts }: ProvisionerParts): Keeper<PersistentVolume> {
  return {
    name: "local-volume-remover",
    kind: persistentVolumeKind,
    async keep(key, volume) {
      if (volume === undefined || !isMadeHere(volume, facts)) return undefined;
      if (volume.metadata.deletionTimestamp === undefined || volume.status?.phase === "Bound") return undefined;
      if (volume.spec.persistentVolumeReclaimPolicy === "Delete") await removeClaimFolder(facts, volume.metadata.name);
      await letGo(objects, key);
      return undefined;
    },
  };
}

async function letGo(objects: Objects, key: ObjectKey): Promise<void> {
  await objects.change(persistentVolumeKind, key, (live) => {
    const { finalizers = [] } = live.metadata;
    if (!finalizers.includes(DATA_FINALIZER)) return null;
    return {
      ...live,
      metadata: { ...live.metadata, finalizers: finalizers.filter((each) => each !== DATA_FINALIZER) },
    };
  });
}
