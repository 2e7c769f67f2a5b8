/** The part of proofs.ts that is about storage: claims, volumes and their classes. */
import type { TypeProofs } from "./core-proofs.ts";

export const storageProofs: TypeProofs = {
  "io.k8s.api.core.v1.PersistentVolumeClaim": {
    "src/controllers/storage.test.ts": "metadata spec",
    "tests/storage.test.ts": "kind apiVersion",
  },
  "io.k8s.api.core.v1.PersistentVolumeClaimSpec": {
    "src/scheduler/pod-volumes.test.ts":
      "accessModes selector resources volumeName storageClassName volumeMode dataSource",
    "src/kinds/storage/storage.test.ts": "dataSourceRef",
  },
  "io.k8s.api.core.v1.EphemeralVolumeSource": {
    "src/controllers/storage.test.ts": "volumeClaimTemplate",
  },
  "io.k8s.api.core.v1.PersistentVolumeClaimTemplate": {
    "src/controllers/storage.test.ts": "metadata spec",
  },
  "io.k8s.api.core.v1.TypedLocalObjectReference": {
    "src/kinds/storage/storage.test.ts": "apiGroup kind name",
  },
  "io.k8s.api.core.v1.TypedObjectReference": {
    "src/kinds/storage/storage.test.ts": "apiGroup kind name",
  },
  "io.k8s.api.core.v1.VolumeResourceRequirements": {
    "src/scheduler/pod-volumes.test.ts": "requests",
  },
  "io.k8s.api.core.v1.PersistentVolume": {
    "src/controllers/storage.test.ts": "metadata spec",
    "tests/storage.test.ts": "kind apiVersion",
  },
  "io.k8s.api.core.v1.PersistentVolumeSpec": {
    "src/controllers/storage.test.ts": "capacity claimRef persistentVolumeReclaimPolicy",
    "src/scheduler/pod-volumes.test.ts": "accessModes storageClassName volumeMode nodeAffinity",
    "src/node/volumes.test.ts": "hostPath local",
  },
  "io.k8s.api.core.v1.LocalVolumeSource": {
    "src/node/volumes.test.ts": "path",
  },
  "io.k8s.api.core.v1.VolumeNodeAffinity": {
    "src/scheduler/pod-volumes.test.ts": "required",
  },
  "io.k8s.api.storage.v1.StorageClass": {
    "src/controllers/storage.test.ts": "metadata provisioner volumeBindingMode",
    "tests/storage.test.ts": "kind apiVersion reclaimPolicy parameters",
    "src/deck/admit-storage.test.ts": "allowVolumeExpansion",
    "src/scheduler/pod-volumes.test.ts": "allowedTopologies",
  },
  "io.k8s.api.core.v1.TopologySelectorTerm": {
    "src/scheduler/pod-volumes.test.ts": "matchLabelExpressions",
  },
  "io.k8s.api.core.v1.TopologySelectorLabelRequirement": {
    "src/scheduler/pod-volumes.test.ts": "key values",
  },
};
