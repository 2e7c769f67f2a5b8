/** What every new pod gets: its service account, its priority and the tolerations that let it sit out a short node failure. */
import { member } from "#base/dictionary.ts";
import { keyOf, nameOf } from "#base/key.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type PriorityClass, priorityClassKind } from "#kinds/core/priority-class.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import type { Admission, AdmissionRequest, Present } from "./admission.ts";
import { forbidden } from "./refusals.ts";

const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

// DefaultTolerationSeconds: five minutes on a node that is lost before the pod is moved.
const TOLERATION_SECONDS = 300;
const NODE_TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

export const podAccount: Admission<Pod> = {
  name: "ServiceAccount",
  kinds: [podKind],
  on: ["create"],
  admit(request, present) {
    const account = presentAccount(request, present);
    return withSpec(request.object, { serviceAccountName: account, serviceAccount: account });
  },
};

export const defaultTolerations: Admission<Pod> = {
  name: "DefaultTolerationSeconds",
  kinds: [podKind],
  on: ["create"],
  admit: ({ object: pod }) => withSpec(pod, { tolerations: tolerationsOf(pod) }),
};

export const podPriority: Admission<Pod> = {
  name: "Priority",
  kinds: [podKind],
  on: ["create"],
  admit: (request, present) => withSpec(request.object, priorityOf(request, present)),
};

function withSpec(pod: Pod, part: Partial<Pod["spec"]>): Pod {
  return { ...pod, spec: { ...pod.spec, ...part } };
}

/** "default" may still be on its way: the namespace's controller makes it, and the node waits for it. */
function presentAccount({ kind, key, object: pod }: AdmissionRequest<Pod>, present: Present): string {
  const account = accountOf(pod);
  const { namespace, name } = nameOf(key);
  if (account === "default" || present.get(serviceAccountKind, keyOf(namespace, account)) !== undefined) return account;
  const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
  throw forbidden(kind, name, why);
}

function accountOf({ spec }: Pod): string {
  return spec.serviceAccountName === undefined || spec.serviceAccountName === "" ? "default" : spec.serviceAccountName;
}

function tolerationsOf({ spec }: Pod): NonNullable<Pod["spec"]["tolerations"]> {
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

function priorityOf({ kind, key, object: { spec } }: AdmissionRequest<Pod>, present: Present): Priority {
  const name = spec.priorityClassName ?? "";
  const system = member(SYSTEM_PRIORITIES, name);
  if (system !== undefined) return { priority: system, preemptionPolicy: "PreemptLowerPriority" };
  if (name === "") return classFacts(defaultClass(present));
  const found = present.get(priorityClassKind, `/${name}`);
  if (found === undefined) throw forbidden(kind, nameOf(key).name, `no PriorityClass with name ${name} was found`);
  return classFacts(found);
}

/** The lowest, where several say that they are it. */
function defaultClass(present: Present): PriorityClass | undefined {
  const classes = [...present.list(priorityClassKind)];
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
