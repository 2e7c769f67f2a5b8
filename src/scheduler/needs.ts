/** What one pod asks of a node, read once from its spec: amounts, ports, terms. Never which node. */
import { member } from "#base/dictionary.ts";
import { millis, units } from "#base/quantity.ts";
import { fromLabelSelector, matches, type Labels, type Selector } from "#base/selector.ts";
import type { PodAffinity, PodAffinityTerm, TopologySpreadConstraint } from "#kinds/core/placement.ts";
import type { Container, ResourceList } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";

export interface Amounts {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
  /** Extended resources by name; null for the many pods that ask for none. */
  readonly others: ReadonlyMap<string, number> | null;
}

export interface PodNeeds extends Amounts {
  readonly pod: Pod;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly priority: number;
  /** Pods that ask for nothing are scored as if they asked for a little (upstream's non-zero requests). */
  readonly scoredCpuMillis: number;
  readonly scoredMemoryBytes: number;
  /** "TCP/0.0.0.0/80". */
  readonly hostPorts: readonly string[];
  readonly images: readonly string[];
  readonly isTerminating: boolean;
  /** Equal for pods that the same nodes suit, whatever runs there: selector, node affinity, tolerations, node name. */
  readonly placementKey: string;
  readonly affinity: readonly Term[];
  readonly antiAffinity: readonly Term[];
  readonly preferred: readonly WeightedTerm[];
  readonly spreads: readonly Spread[];
}

/** Pods of these namespaces with these labels, counted by the node label `topologyKey`. */
export interface Term {
  readonly key: string;
  readonly topologyKey: string;
  readonly selects: (namespace: string, labels: Labels) => boolean;
}

/** Negative weights repel. */
export interface WeightedTerm extends Term {
  readonly weight: number;
}

export interface Spread extends Term {
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly isRequired: boolean;
  readonly honorsTaints: boolean;
  readonly honorsAffinity: boolean;
}

/** Labels of namespaces, for terms with a namespaceSelector. */
export type NamespaceLabels = (namespace: string) => Labels | undefined;

const DEFAULT_CPU_MILLIS = 100;
const DEFAULT_MEMORY_BYTES = 200 * 1024 * 1024;

export function needsOf(pod: Pod, namespaceLabels: NamespaceLabels): PodNeeds {
  const { metadata, spec } = pod;
  const { nodeSelector, affinity, tolerations, nodeName } = spec;
  const amounts = requestsOf(pod);
  return {
    ...amounts,
    pod,
    uid: metadata.uid ?? "",
    namespace: metadata.namespace ?? "",
    labels: metadata.labels ?? {},
    priority: spec.priority ?? 0,
    scoredCpuMillis: amounts.cpuMillis === 0 ? DEFAULT_CPU_MILLIS : amounts.cpuMillis,
    scoredMemoryBytes: amounts.memoryBytes === 0 ? DEFAULT_MEMORY_BYTES : amounts.memoryBytes,
    hostPorts: hostPortsOf(pod),
    images: spec.containers.map(({ image = "" }) => imageName(image)),
    isTerminating: metadata.deletionTimestamp !== undefined,
    placementKey: JSON.stringify([nodeSelector, affinity?.nodeAffinity, tolerations, nodeName]),
    ...termsOf(pod, namespaceLabels),
    spreads: (spec.topologySpreadConstraints ?? []).map((constraint) => spreadOf(constraint, pod)),
  };
}

function termsOf(
  pod: Pod,
  namespaceLabels: NamespaceLabels,
): Pick<PodNeeds, "affinity" | "antiAffinity" | "preferred"> {
  const { podAffinity = {}, podAntiAffinity = {} } = pod.spec.affinity ?? {};
  const term = (source: PodAffinityTerm): Term => termOf(source, pod, namespaceLabels);
  const weighted = (
    { preferredDuringSchedulingIgnoredDuringExecution: terms = [] }: PodAffinity,
    sign: 1 | -1,
  ): readonly WeightedTerm[] =>
    terms.map(({ weight, podAffinityTerm }) => ({ ...term(podAffinityTerm), weight: sign * weight }));
  return {
    affinity: (podAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term),
    antiAffinity: (podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term),
    preferred: [...weighted(podAffinity, 1), ...weighted(podAntiAffinity, -1)],
  };
}

/** The sum of the containers and sidecars, or the greediest init container where that is more, plus the overhead. */
export function requestsOf({ spec }: Pod): Amounts {
  let sidecars = NOTHING;
  let peak = NOTHING;
  for (const container of spec.initContainers ?? []) {
    const together = plus(sidecars, amountsOf(requested(container)));
    if (container.restartPolicy === "Always") sidecars = together;
    peak = most(peak, together);
  }
  const running = spec.containers.map((container) => amountsOf(requested(container))).reduce(plus, sidecars);
  const total = most(running, peak);
  return spec.overhead === undefined ? total : plus(total, amountsOf(spec.overhead));
}

const NOTHING: Amounts = { cpuMillis: 0, memoryBytes: 0, ephemeralBytes: 0, others: null };

function requested({ resources }: Container): ResourceList {
  return resources?.limits === undefined ? (resources?.requests ?? {}) : { ...resources.limits, ...resources.requests };
}

export function amountsOf(list: ResourceList): Amounts {
  let amounts = NOTHING;
  let others: Map<string, number> | null = null;
  for (const [name, quantity] of Object.entries(list)) {
    if (name === "cpu") amounts = { ...amounts, cpuMillis: millis(quantity) };
    else if (name === "memory") amounts = { ...amounts, memoryBytes: units(quantity) };
    else if (name === "ephemeral-storage") amounts = { ...amounts, ephemeralBytes: units(quantity) };
    else if (name !== "pods") (others ??= new Map()).set(name, units(quantity));
  }
  return others === null ? amounts : { ...amounts, others };
}

function plus(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, (x, y) => x + y);
}

function most(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, Math.max);
}

function combine(a: Amounts, b: Amounts, join: (x: number, y: number) => number): Amounts {
  const names =
    a.others === null && b.others === null
      ? []
      : [...new Set([...(a.others?.keys() ?? []), ...(b.others?.keys() ?? [])])];
  return {
    cpuMillis: join(a.cpuMillis, b.cpuMillis),
    memoryBytes: join(a.memoryBytes, b.memoryBytes),
    ephemeralBytes: join(a.ephemeralBytes, b.ephemeralBytes),
    others:
      names.length === 0
        ? null
        : new Map(names.map((name) => [name, join(a.others?.get(name) ?? 0, b.others?.get(name) ?? 0)])),
  };
}

function hostPortsOf({ spec }: Pod): readonly string[] {
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always"),
  ];
  return containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort = 0 }) => hostPort > 0)
      .map(
        ({ hostPort, hostIP = "", protocol = "TCP" }) =>
          `${protocol}/${hostIP === "" ? "0.0.0.0" : hostIP}/${hostPort}`,
      ),
  );
}

/** As nodes list their images: with a tag. */
export function imageName(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.includes(":") || last.includes("@") ? image : `${image}:latest`;
}

function termOf(term: PodAffinityTerm, pod: Pod, namespaceLabels: NamespaceLabels): Term {
  const own = pod.metadata.namespace ?? "";
  const { namespaces = [], namespaceSelector, topologyKey } = term;
  const selector = withLabelKeys(
    term.labelSelector === undefined ? null : fromLabelSelector(term.labelSelector),
    pod,
    term,
  );
  const spaces = namespaces.length === 0 && namespaceSelector === undefined ? [own] : namespaces;
  const spaceSelector = fromLabelSelector(namespaceSelector);
  return {
    key: JSON.stringify([spaces, namespaceSelector, selector, topologyKey]),
    topologyKey,
    selects: (namespace, labels) =>
      selector !== null &&
      (spaces.includes(namespace) || (spaceSelector !== null && matches(spaceSelector, namespaceLabels(namespace)))) &&
      matches(selector, labels),
  };
}

/** matchLabelKeys: the pod's own values of these labels become part of the selector. */
function withLabelKeys(
  selector: Selector | null,
  pod: Pod,
  {
    matchLabelKeys = [],
    mismatchLabelKeys = [],
  }: { readonly matchLabelKeys?: readonly string[]; readonly mismatchLabelKeys?: readonly string[] },
): Selector | null {
  if (selector === null || matchLabelKeys.length + mismatchLabelKeys.length === 0) return selector;
  const valued = (keys: readonly string[]): readonly (readonly [string, string])[] =>
    keys.flatMap((key) => {
      const value = member(pod.metadata.labels, key);
      return value === undefined ? [] : [[key, value] as const];
    });
  const same = valued(matchLabelKeys).map(([key, value]) => ({ key, operator: "In" as const, values: [value] }));
  const other = valued(mismatchLabelKeys).map(([key, value]) => ({ key, operator: "NotIn" as const, values: [value] }));
  return [...selector, ...same, ...other];
}

function spreadOf(constraint: TopologySpreadConstraint, pod: Pod): Spread {
  const selector = withLabelKeys(fromLabelSelector(constraint.labelSelector), pod, constraint);
  return {
    ...spreadTerm(pod.metadata.namespace ?? "", selector, constraint.topologyKey),
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    isRequired: constraint.whenUnsatisfiable === "DoNotSchedule",
    honorsTaints: constraint.nodeTaintsPolicy === "Honor",
    honorsAffinity: constraint.nodeAffinityPolicy !== "Ignore",
  };
}

function spreadTerm(own: string, selector: Selector | null, topologyKey: string): Term {
  return {
    key: JSON.stringify(["spread", own, selector, topologyKey]),
    topologyKey,
    selects: (namespace, labels) => namespace === own && selector !== null && matches(selector, labels),
  };
}

/** Upstream's default constraints: loosely over nodes and, where there are any, zones. */
export function defaultSpreads(namespace: string, selector: Selector): readonly Spread[] {
  const soft = { minDomains: 1, isRequired: false, honorsTaints: false, honorsAffinity: true };
  return [
    { ...spreadTerm(namespace, selector, "kubernetes.io/hostname"), ...soft, maxSkew: 3 },
    { ...spreadTerm(namespace, selector, "topology.kubernetes.io/zone"), ...soft, maxSkew: 5 },
  ];
}
