/** The types of what a claim asks: of PersistentVolumeClaims and of the templates that they are made of. */
import type { LabelSelector } from "#base/selector.ts";

export type AccessMode = "ReadWriteOnce" | "ReadOnlyMany" | "ReadWriteMany" | "ReadWriteOncePod";
export type VolumeMode = "Filesystem" | "Block";

export type PersistentVolumeClaimSpec = {
  readonly accessModes?: readonly AccessMode[];
  readonly selector?: LabelSelector;
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
  readonly volumeName?: string;
  readonly storageClassName?: string;
  readonly volumeMode?: VolumeMode;
  readonly dataSource?: DataSource;
  readonly dataSourceRef?: DataSource;
};

/** What a new volume is filled from. */
export type DataSource = { readonly apiGroup?: string; readonly kind: string; readonly name: string };
