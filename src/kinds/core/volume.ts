/** The types of pod volumes that our agent knows. */
import type { ObjectMeta } from "#kinds/object.ts";
import type { PersistentVolumeClaimSpec } from "./claim-spec.ts";

export type Volume = {
  readonly name: string;
  readonly emptyDir?: { readonly medium?: "" | "Memory"; readonly sizeLimit?: string };
  readonly configMap?: ConfigMapVolume;
  readonly secret?: SecretVolume;
  readonly downwardAPI?: { readonly items?: readonly DownwardFile[]; readonly defaultMode?: number };
  readonly projected?: { readonly sources?: readonly Projection[] | null; readonly defaultMode?: number };
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly ephemeral?: { readonly volumeClaimTemplate?: ClaimTemplate };
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
};

/** A claim without a name. */
export type ClaimTemplate = { readonly metadata?: Partial<ObjectMeta>; readonly spec: PersistentVolumeClaimSpec };

export type KeyToPath = {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
};

export type ConfigMapVolume = {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly defaultMode?: number;
  readonly optional?: boolean;
};

export type SecretVolume = {
  readonly secretName?: string;
  readonly items?: readonly KeyToPath[];
  readonly defaultMode?: number;
  readonly optional?: boolean;
};

export type DownwardFile = {
  readonly path: string;
  readonly fieldRef?: FieldRef;
  readonly resourceFieldRef?: ResourceFieldRef;
  readonly mode?: number;
};

export type Projection = {
  readonly configMap?: { readonly name?: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean };
  readonly secret?: { readonly name?: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean };
  readonly downwardAPI?: { readonly items?: readonly DownwardFile[] };
  readonly serviceAccountToken?: {
    readonly audience?: string;
    readonly expirationSeconds?: number;
    readonly path: string;
  };
};

export type FieldRef = {
  readonly apiVersion?: string;
  readonly fieldPath: string;
};

export type ResourceFieldRef = {
  readonly containerName?: string;
  readonly resource: string;
  readonly divisor?: string;
};
