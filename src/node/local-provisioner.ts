/** Makes the volumes of claims that the scheduler has sent to this node, and removes them when they are released: folders of the node. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Keeper } from "#deck/controller.ts";
import { EventRecorder, type Happening } from "#deck/events.ts";
import type { Objects } from "#deck/objects.ts";
import { classOf, type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import {
  annotationOf,
  BUILTIN_PROVISIONER,
  claimReference,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from "#kinds/storage/binding.ts";
import { type StorageClass, storageClassKind } from "#kinds/storage/storage-class.ts";
import { claimFolder, isMadeHere, makeClaimFolder, removeClaimFolder } from "./claim-folders.ts";
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
      await makeClaimFolder(facts, name);
      if (!(await createVolume(objects, volumeFor(claim, { name, storageClass: found, facts })))) return undefined;
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

/** Null when we can do what is asked. */
function refusalOf({ spec }: PersistentVolumeClaim, { metadata, parameters = {} }: StorageClass): string | null {
  const [parameter] = Object.keys(parameters);
  if (parameter !== undefined)
    return `failed to provision volume with StorageClass "${metadata.name}": unknown parameter "${parameter}"`;
  if (spec.selector !== undefined)
    return `failed to provision volume with StorageClass "${metadata.name}": claim Selector is not supported`;
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

/** False when it is there already: made before a crash, and not yet seen by the binder. */
async function createVolume(objects: Objects, volume: PersistentVolume): Promise<boolean> {
  try {
    await objects.create(persistentVolumeKind, volume);
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "AlreadyExists") return false;
    throw thrown;
  }
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
