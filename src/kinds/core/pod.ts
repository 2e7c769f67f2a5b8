/** Pod: the kind. The types of its parts are in pod-spec.ts and pod-status.ts. */
import { builtinKind } from "#kinds/builtin.ts";
import { podCharges } from "./pod-charges.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost, keptFromViewers } from "#kinds/roles.ts";
import {
  attachPath,
  bindingPath,
  ephemeralContainersPath,
  evictionPath,
  execPath,
  logPath,
  portForwardPath,
  proxyPath,
  statusPath,
} from "#kinds/subresources.ts";
import { podGrace } from "./grace.ts";
import { podColumns } from "./pod-columns.ts";
import { defaultPodSpec } from "./pod-defaults.ts";
import { podFaults } from "./pod-rules.ts";
import type { PodObject } from "./pod-status.ts";
import { qosClassOf } from "./qos.ts";

export type Pod = PodObject;

export const podKind: Kind<Pod> = builtinKind<Pod>({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  shortNames: ["po"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "io.k8s.api.core.v1.Pod",
  charges: podCharges,
  // DIFFERS: a write of a pod's status leaves its labels alone; upstream refuses such a change to nodes only.
  statusKeeps: ["labels", "ownerReferences"],
  subresources: [
    statusPath,
    logPath,
    execPath,
    attachPath,
    portForwardPath,
    evictionPath,
    ephemeralContainersPath,
    bindingPath,
    proxyPath(keptFromViewers),
  ],
  grace: podGrace,
  columns: podColumns,
  defaults: (pod) => ({ ...pod, spec: defaultPodSpec(pod.spec) }),
  onCreate: (pod) => ({ ...pod, status: { phase: "Pending", qosClass: qosClassOf(pod.spec) } }),
  validate: podFaults,
  selectableFields: {
    "spec.nodeName": (pod) => pod.spec.nodeName ?? "",
    "spec.restartPolicy": (pod) => pod.spec.restartPolicy ?? "",
    "spec.schedulerName": (pod) => pod.spec.schedulerName ?? "",
    "spec.serviceAccountName": (pod) => pod.spec.serviceAccountName ?? "",
    "spec.hostNetwork": (pod) => String(pod.spec.hostNetwork ?? false),
    "status.phase": (pod) => pod.status?.phase ?? "",
    "status.podIP": (pod) => pod.status?.podIP ?? "",
    "status.nominatedNodeName": (pod) => pod.status?.nominatedNodeName ?? "",
  },
});
