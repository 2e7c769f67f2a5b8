/** What every new pod gets: its service account, its priority and the tolerations that let it sit out a short node failure. */
import { member } from "#base/dictionary.ts";
import { keyOf, nameOf } from "#base/key.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { PriorityClass } from "#kinds/core/priority-class.ts";
import type { AdmissionRequest, Present } from "./admission.ts";
import { forbidden } from "./refusals.ts";
import { storageOf } from "./registry.ts";

const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

// DefaultTolerationSeconds: five minutes on a node that is lost before the pod is moved.
const TOLERATION_SECONDS = 300;
const NODE_TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

export function admitPod(request: AdmissionRequest, present: Present): KubeObject {
  const { kind, object, live } = request;
  if (live !== null || storageOf(kind) !== "core/pods") return object;
  const pod = object as Pod;
  const account = presentAccount(request, pod, present);
  const spec = {
    ...pod.spec,
    serviceAccountName: account,
    serviceAccount: account,
    tolerations: tolerationsOf(pod),
    ...priorityOf(request, pod, present),
  };
  return { ...pod, spec } as Pod;
}

/** "default" may still be on its way: the namespace's controller makes it, and the node waits for it. */
function presentAccount({ kind, key }: AdmissionRequest, pod: Pod, present: Present): string {
  const account = accountOf(pod);
  const { namespace, name } = nameOf(key);
  if (account === "default" || present.get("core/serviceaccounts", keyOf(namespace, account)) !== undefined)
    return account;
  const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
  throw forbidden(kind, name, why);
}

function accountOf({ spec }: Pod): string {
  return spec.serviceAccountName === undefined || spec.serviceAccountName === "" ? "default" : spec.serviceAccountName;
}

function tolerationsOf({ spec }: Pod): Pod["spec"]["tolerations"] {
  const tolerations = spec.tolerations ?? [];
  const missing = NODE_TAINTS.filter(
    (taint) =>
      !tolerations.some(
        ({ key = "", effect = "" }) => (key === "" || key === taint) && (effect === "" || effect === "NoExecute"),
      ),
  );
  return [
    ...tolerations,
    ...missing.map((key) => ({
      key,
      operator: "Exists" as const,
      effect: "NoExecute" as const,
      tolerationSeconds: TOLERATION_SECONDS,
    })),
  ];
}

type Priority = Pick<Pod["spec"], "priorityClassName" | "priority" | "preemptionPolicy">;

function priorityOf({ kind, key }: AdmissionRequest, { spec }: Pod, present: Present): Priority {
  const name = spec.priorityClassName ?? "";
  const system = member(SYSTEM_PRIORITIES, name);
  if (system !== undefined) return { priority: system, preemptionPolicy: "PreemptLowerPriority" };
  if (name === "") return classFacts(defaultClass(present));
  const found = present.get("scheduling.k8s.io/priorityclasses", `/${name}`) as PriorityClass | undefined;
  if (found === undefined) throw forbidden(kind, nameOf(key).name, `no PriorityClass with name ${name} was found`);
  return classFacts(found);
}

/** The lowest, where several say that they are it. */
function defaultClass(present: Present): PriorityClass | undefined {
  const classes = [...(present.list("scheduling.k8s.io/priorityclasses") as Iterable<PriorityClass>)];
  return classes.filter(({ globalDefault }) => globalDefault === true).toSorted((a, b) => a.value - b.value)[0];
}

function classFacts(found: PriorityClass | undefined): Priority {
  if (found === undefined) return { priority: 0, preemptionPolicy: "PreemptLowerPriority" };
  return {
    priorityClassName: found.metadata.name,
    priority: found.value,
    preemptionPolicy: found.preemptionPolicy ?? "PreemptLowerPriority",
  };
}
