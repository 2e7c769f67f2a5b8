/** The contract of a volume type: one member of core/v1 Volume and how a node provides it. The values are listed in all.ts. */
import type { Fault } from "#base/fault.ts";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import type { PodClaim } from "#kinds/core/pod-claims.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Volume } from "#kinds/core/volume.ts";
import type { VolumeFile, VolumeValues } from "#pods/volumes.ts";
import type { NodeFacts } from "../node-facts.ts";

export type VolumeType = ProvidedVolumeType | RefusedVolumeType;

export interface ProvidedVolumeType {
  /** The member of core/v1 Volume that asks for it: "configMap". */
  readonly type: string;
  /** Where containers' mounts begin: an absolute path on the node. */
  folder(at: PodVolume): string;
  /** Everything that must be there before the pod's first container; may run again after a crash. Throws a Fault that names what is missing. */
  mount(at: PodVolume, sources: VolumeSources): Promise<void>;
  /** Brings changes of its objects into running containers; true when a file changed. Absent: nothing to follow. */
  readonly refresh?: (at: PodVolume, sources: VolumeSources) => Promise<boolean>;
  /** Whether what a restart of the machine takes away is still there: a mount. Absent: nothing is. */
  readonly isThere?: (at: PodVolume) => Promise<boolean>;
  /** Containers may only read it, whatever they ask. */
  readonly isReadOnly?: true;
  /** Shows a folder of the machine itself: links are followed before it is mounted, and the platform's own folders are covered. */
  readonly isOfMachine?: true;
}

export interface RefusedVolumeType {
  readonly type: string;
  /** Why it is not provided; the pod's FailedMount event carries the sentence. */
  refuse(volume: Volume): Fault;
}

/** One volume of one pod on this node. */
export interface PodVolume {
  readonly pod: Pod;
  readonly volume: Volume;
  readonly facts: NodeFacts;
}

/** What volumes are made from. */
export interface VolumeSources {
  readonly values: VolumeValues;
  /** The service account's token; null where the cluster issues none. */
  readonly token: (wanted: NonNullable<VolumeFile["token"]>) => Promise<string | null>;
  /** The volume that a claim of the pod's namespace is bound to. Throws a Fault that names what is missing. */
  readonly claimed: (claim: PodClaim) => Promise<PersistentVolume>;
  /** Folders of the platform's instances, which no volume may show. */
  readonly hidden: () => Promise<readonly string[]>;
}
