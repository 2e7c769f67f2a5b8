/** What a check of the Pod Security Standards is, and the words that all of them share. Pure. */
import type { Container, PodSpec, SecurityContext } from "#kinds/core/pod-spec.ts";

/** A pod, or the template of one. */
export interface PodParts {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export interface Violation {
  /** Succinct: "host namespaces". */
  readonly reason: string;
  /** What exactly: "hostNetwork=true, hostPID=true". */
  readonly detail: string;
}

export type Rule = (pod: PodParts) => Violation | null;

/** As upstream's k8s.io/pod-security-admission/policy: a rule has versions, and namespaces may be pinned to an older one. */
export interface Check {
  readonly id: string;
  /** From which minor version of Kubernetes on which rule applies, oldest first. */
  readonly versions: readonly { readonly since: number; readonly rule: Rule }[];
  /** The baseline check that this one, being stricter, stands in for. */
  readonly overrides?: string;
}

export function containersOf({
  initContainers = [],
  containers,
  ephemeralContainers = [],
}: PodSpec): readonly Container[] {
  return [...initContainers, ...containers, ...ephemeralContainers];
}

/** The names of those for which `test` holds. */
export function namesOf(spec: PodSpec, test: (container: Container) => boolean): readonly string[] {
  return containersOf(spec)
    .filter(test)
    .map(({ name }) => name);
}

/** `container "a"`, `containers "a", "b"`; with the pod itself: `pod and container "a"`. */
export function setters(names: readonly string[], { isPodToo = false }: { readonly isPodToo?: boolean } = {}): string {
  const named = names.length === 0 ? [] : [counted("container", names)];
  return [...(isPodToo ? ["pod"] : []), ...named].join(" and ");
}

/** `volume "a"`, `volumes "a", "b"`. */
export function counted(noun: string, names: readonly string[]): string {
  return `${plural(noun, names)} ${quoted(names)}`;
}

export function plural(noun: string, things: readonly unknown[]): string {
  return things.length === 1 ? noun : `${noun}s`;
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

/** Each once, in the order of Go's sort.Strings. */
export function sortedSet(values: Iterable<string>): readonly string[] {
  return [...new Set(values)].toSorted((a, b) => (a < b ? -1 : 1));
}

/** What pods and containers may both set. */
export type Shared = Pick<
  SecurityContext,
  "runAsUser" | "runAsNonRoot" | "seccompProfile" | "appArmorProfile" | "seLinuxOptions" | "windowsOptions"
>;

/** Who sets a field badly, the pod or some containers, and every value that is bad. */
export function badlySet(
  spec: PodSpec,
  badValues: (context: Shared) => readonly string[],
): { readonly who: string; readonly values: readonly string[] } | null {
  const ofPod = badValues(spec.securityContext ?? {});
  const bad = containersOf(spec).flatMap(({ name, securityContext = {} }) => {
    const values = badValues(securityContext);
    return values.length === 0 ? [] : [{ name, values }];
  });
  if (ofPod.length + bad.length === 0) return null;
  return {
    who: setters(
      bad.map(({ name }) => name),
      { isPodToo: ofPod.length > 0 },
    ),
    values: sortedSet([...ofPod, ...bad.flatMap(({ values }) => values)]),
  };
}
