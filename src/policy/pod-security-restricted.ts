/** The checks of the Pod Security Standards' restricted level, beyond baseline: how pods should be hardened. Upstream's, with its words. */
import {
  CAPABILITIES_BASELINE,
  forbiddenCapabilities,
  HOST_PATH_VOLUMES,
  isConfined,
  SECCOMP_BASELINE,
  verb,
} from "./pod-security-baseline.ts";
import {
  badlySet,
  type Check,
  counted,
  namesOf,
  type PodParts,
  quoted,
  type Rule,
  setters,
  sortedSet,
  type Violation,
} from "./pod-security-check.ts";

/** By id, as upstream orders them. */
export const restrictedChecks: readonly Check[] = [
  {
    id: "allowPrivilegeEscalation",
    versions: [
      { since: 8, rule: allowPrivilegeEscalation },
      { since: 25, rule: unlessWindows(allowPrivilegeEscalation) },
    ],
  },
  {
    id: "capabilities_restricted",
    versions: [
      { since: 22, rule: capabilities },
      { since: 25, rule: unlessWindows(capabilities) },
    ],
    overrides: CAPABILITIES_BASELINE,
  },
  { id: "restrictedVolumes", versions: [{ since: 0, rule: volumes }], overrides: HOST_PATH_VOLUMES },
  { id: "runAsNonRoot", versions: [{ since: 0, rule: runAsNonRoot }] },
  { id: "runAsUser", versions: [{ since: 23, rule: runAsUser }] },
  {
    id: "seccompProfile_restricted",
    versions: [
      { since: 19, rule: seccompProfile },
      { since: 25, rule: unlessWindows(seccompProfile) },
    ],
    overrides: SECCOMP_BASELINE,
  },
];

/** Validation refuses these fields on pods of Windows, so that their absence says nothing. */
function unlessWindows(rule: Rule): Rule {
  return (pod) => (pod.spec.os?.name === "windows" ? null : rule(pod));
}

function allowPrivilegeEscalation({ spec }: PodParts): Violation | null {
  const names = namesOf(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (names.length === 0) return null;
  return {
    reason: "allowPrivilegeEscalation != false",
    detail: `${setters(names)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

function capabilities({ spec }: PodParts): Violation | null {
  const keeping = namesOf(spec, ({ securityContext }) => !(securityContext?.capabilities?.drop ?? []).includes("ALL"));
  const adding = forbiddenCapabilities(spec, (name) => name === "NET_BIND_SERVICE");
  const details = [
    ...(keeping.length > 0 ? [`${setters(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding === null ? [] : [adding]),
  ];
  return details.length === 0 ? null : { reason: "unrestricted capabilities", detail: details.join("; ") };
}

const ALLOWED_VOLUMES: ReadonlySet<string> = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

function volumes({ spec }: PodParts): Violation | null {
  const typeOf = (volume: object): string => Object.keys(volume).find((key) => key !== "name") ?? "unknown";
  const bad = (spec.volumes ?? []).filter((volume) => !ALLOWED_VOLUMES.has(typeOf(volume)));
  if (bad.length === 0) return null;
  const names = bad.map(({ name }) => name);
  const types = sortedSet(bad.map(typeOf));
  return {
    reason: "restricted volume types",
    detail: `${counted("volume", names)} ${verb("use", names)} ${counted("restricted volume type", types)}`,
  };
}

function runAsNonRoot({ spec }: PodParts): Violation | null {
  const reason = "runAsNonRoot != true";
  const set = badlySet(spec, (context) => (context.runAsNonRoot === false ? ["false"] : []));
  if (set !== null) return { reason, detail: `${set.who} must not set securityContext.runAsNonRoot=false` };
  if (spec.securityContext?.runAsNonRoot === true) return null;
  const names = namesOf(spec, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (names.length === 0) return null;
  return { reason, detail: `pod or ${setters(names)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser({ spec }: PodParts): Violation | null {
  const set = badlySet(spec, (context) => (context.runAsUser === 0 ? ["0"] : []));
  return set === null ? null : { reason: "runAsUser=0", detail: `${set.who} must not set runAsUser=0` };
}

function seccompProfile({ spec }: PodParts): Violation | null {
  const reason = "seccompProfile";
  const set = badlySet(spec, ({ seccompProfile: profile }) =>
    profile === undefined || isConfined(profile) ? [] : [profile.type],
  );
  if (set !== null)
    return { reason, detail: `${set.who} must not set securityContext.seccompProfile.type to ${quoted(set.values)}` };
  if (spec.securityContext?.seccompProfile !== undefined) return null;
  const names = namesOf(spec, ({ securityContext }) => securityContext?.seccompProfile === undefined);
  if (names.length === 0) return null;
  const wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
  return { reason, detail: `pod or ${setters(names)} ${wanted}` };
}
