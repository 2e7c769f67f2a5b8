/** The checks of the Pod Security Standards' baseline level: what is known to escalate privileges. Upstream's, with its words. */
import type { PodSpec, Probe, LifecycleAction, SeccompProfile } from "#kinds/core/pod-spec.ts";
import {
  badlySet,
  type Check,
  containersOf,
  counted,
  namesOf,
  plural,
  type PodParts,
  quoted,
  type Rule,
  setters,
  sortedSet,
  type Violation,
} from "./pod-security-check.ts";

export const CAPABILITIES_BASELINE = "capabilities_baseline";
export const HOST_PATH_VOLUMES = "hostPathVolumes";
export const SECCOMP_BASELINE = "seccompProfile_baseline";

/** By id, as upstream orders them. */
export const baselineChecks: readonly Check[] = [
  { id: "appArmorProfile", versions: [{ since: 0, rule: appArmorProfile }] },
  { id: CAPABILITIES_BASELINE, versions: [{ since: 0, rule: capabilities }] },
  { id: "hostNamespaces", versions: [{ since: 0, rule: hostNamespaces }] },
  { id: HOST_PATH_VOLUMES, versions: [{ since: 0, rule: hostPathVolumes }] },
  { id: "hostPorts", versions: [{ since: 0, rule: hostPorts }] },
  { id: "hostProbesAndHostLifecycle", versions: [{ since: 34, rule: probeHosts }] },
  { id: "privileged", versions: [{ since: 0, rule: privileged }] },
  { id: "procMount", versions: [{ since: 0, rule: procMount }] },
  {
    id: "seLinuxOptions",
    versions: [
      { since: 0, rule: seLinuxOptions(["", "container_t", "container_init_t", "container_kvm_t"]) },
      {
        since: 31,
        rule: seLinuxOptions(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]),
      },
    ],
  },
  {
    id: SECCOMP_BASELINE,
    versions: [
      { since: 0, rule: seccompAnnotations },
      { since: 19, rule: seccompProfile },
    ],
  },
  { id: "sysctls", versions: sysctlVersions() },
  { id: "windowsHostProcess", versions: [{ since: 0, rule: windowsHostProcess }] },
];

const APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

function appArmorProfile({ annotations, spec }: PodParts): Violation | null {
  const set = badlySet(spec, ({ appArmorProfile: profile }) =>
    profile === undefined || profile.type === "RuntimeDefault" || profile.type === "Localhost" ? [] : [profile.type],
  );
  const forbidden = sortedSet(
    Object.entries(annotations)
      .filter(([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !isAllowedAppArmor(value))
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  );
  if (set === null && forbidden.length === 0) return null;
  const who = [...(set === null ? [] : [set.who]), ...(forbidden.length > 0 ? [plural("annotation", forbidden)] : [])];
  const values = [...(set?.values ?? []), ...forbidden];
  return {
    reason: plural("forbidden AppArmor profile", values),
    detail: `${who.join(" and ")} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

function isAllowedAppArmor(profile: string): boolean {
  return profile === "" || profile === "runtime/default" || profile.startsWith("localhost/");
}

const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

function capabilities({ spec }: PodParts): Violation | null {
  const detail = forbiddenCapabilities(spec, (name) => DEFAULT_CAPABILITIES.has(name));
  return detail === null ? null : { reason: "non-default capabilities", detail };
}

/** What the two levels say of capabilities that may not be added. */
export function forbiddenCapabilities(spec: PodSpec, isAllowed: (name: string) => boolean): string | null {
  const bad = containersOf(spec).flatMap(({ name, securityContext }) => {
    const added = (securityContext?.capabilities?.add ?? []).filter((capability) => !isAllowed(capability));
    return added.length === 0 ? [] : [{ name, added }];
  });
  if (bad.length === 0) return null;
  const added = sortedSet(bad.flatMap((one) => one.added));
  return `${setters(bad.map(({ name }) => name))} must not include ${quoted(added)} in securityContext.capabilities.add`;
}

function hostNamespaces({ spec }: PodParts): Violation | null {
  const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((name) => spec[name] === true);
  return shared.length === 0
    ? null
    : { reason: "host namespaces", detail: shared.map((name) => `${name}=true`).join(", ") };
}

function hostPathVolumes({ spec }: PodParts): Violation | null {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
  return names.length === 0 ? null : { reason: "hostPath volumes", detail: counted("volume", names) };
}

function hostPorts({ spec }: PodParts): Violation | null {
  const portsOf = (ports: PodSpec["containers"][number]["ports"]): readonly string[] =>
    (ports ?? []).flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)]));
  const names = namesOf(spec, ({ ports }) => portsOf(ports).length > 0);
  if (names.length === 0) return null;
  const ports = sortedSet(containersOf(spec).flatMap((container) => portsOf(container.ports)));
  return {
    reason: "hostPort",
    detail: `${setters(names)} ${verb("use", names)} ${plural("hostPort", ports)} ${ports.join(", ")}`,
  };
}

/** "container uses", "containers use". */
export function verb(word: string, subjects: readonly unknown[]): string {
  return subjects.length === 1 ? `${word}s` : word;
}

function probeHosts({ spec }: PodParts): Violation | null {
  const hostsOf = (action: Probe | LifecycleAction | undefined): readonly string[] =>
    [action?.httpGet?.host ?? "", action?.tcpSocket?.host ?? ""].filter((host) => host !== "");
  const bad = containersOf(spec).flatMap(({ name, livenessProbe, readinessProbe, startupProbe, lifecycle = {} }) => {
    const actions = [livenessProbe, readinessProbe, startupProbe, lifecycle.postStart, lifecycle.preStop];
    const hosts = actions.flatMap(hostsOf);
    return hosts.length === 0 ? [] : [{ name, hosts }];
  });
  if (bad.length === 0) return null;
  const names = sortedSet(bad.map(({ name }) => name));
  const hosts = sortedSet(bad.flatMap((one) => one.hosts));
  const reason = "probe or lifecycle host";
  return { reason, detail: `${setters(names)} ${verb("use", names)} ${counted(reason, hosts)}` };
}

function privileged({ spec }: PodParts): Violation | null {
  const names = namesOf(spec, ({ securityContext }) => securityContext?.privileged === true);
  return names.length === 0
    ? null
    : { reason: "privileged", detail: `${setters(names)} must not set securityContext.privileged=true` };
}

function procMount({ spec }: PodParts): Violation | null {
  const mountOf = ({ securityContext }: PodSpec["containers"][number]): string =>
    securityContext?.procMount ?? "Default";
  const names = namesOf(spec, (container) => mountOf(container) !== "Default");
  if (names.length === 0) return null;
  const mounts = sortedSet(containersOf(spec).map(mountOf)).filter((mount) => mount !== "Default");
  return {
    reason: "procMount",
    detail: `${setters(names)} must not set securityContext.procMount to ${quoted(mounts)}`,
  };
}

function seLinuxOptions(allowed: readonly string[]): Rule {
  return ({ spec }) => {
    // The three things that may be wrong, told apart by what no type can contain.
    const set = badlySet(spec, ({ seLinuxOptions: options }) => {
      if (options === undefined) return [];
      const { type = "", user = "", role = "" } = options;
      return [
        ...(allowed.includes(type) ? [] : [`type ${type}`]),
        ...(user === "" ? [] : ["user"]),
        ...(role === "" ? [] : ["role"]),
      ];
    });
    if (set === null) return null;
    const types = set.values.flatMap((value) => (value.startsWith("type ") ? [value.slice("type ".length)] : []));
    const data = [
      ...(types.length > 0 ? [counted("type", types)] : []),
      ...(["user", "role"] as const)
        .filter((part) => set.values.includes(part))
        .map((part) => `${part} may not be set`),
    ];
    return {
      reason: "seLinuxOptions",
      detail: `${set.who} set forbidden securityContext.seLinuxOptions: ${data.join("; ")}`,
    };
  };
}

const SECCOMP_POD_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER_ANNOTATION = "container.seccomp.security.alpha.kubernetes.io/";

function seccompAnnotations({ annotations, spec }: PodParts): Violation | null {
  const keys = [
    SECCOMP_POD_ANNOTATION,
    ...containersOf(spec).map(({ name }) => `${SECCOMP_CONTAINER_ANNOTATION}${name}`),
  ];
  const forbidden = sortedSet(
    keys.flatMap((key) => {
      const value = annotations[key];
      return value === undefined || isAllowedSeccomp(value) ? [] : [`${key}=${JSON.stringify(value)}`];
    }),
  );
  if (forbidden.length === 0) return null;
  return { reason: "seccompProfile", detail: `forbidden ${plural("annotation", forbidden)} ${forbidden.join(", ")}` };
}

function isAllowedSeccomp(value: string): boolean {
  return value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");
}

function seccompProfile({ spec }: PodParts): Violation | null {
  const set = badlySet(spec, ({ seccompProfile: profile }) =>
    profile === undefined || isConfined(profile) ? [] : [profile.type],
  );
  if (set === null) return null;
  return {
    reason: "seccompProfile",
    detail: `${set.who} must not set securityContext.seccompProfile.type to ${quoted(set.values)}`,
  };
}

export function isConfined({ type }: SeccompProfile): boolean {
  return type === "RuntimeDefault" || type === "Localhost";
}

/** The sysctls that became allowed with each version. */
function sysctlVersions(): Check["versions"] {
  const added: readonly (readonly [number, readonly string[]])[] = [
    [
      0,
      [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
      ],
    ],
    [27, ["net.ipv4.ip_local_reserved_ports"]],
    [
      29,
      [
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
      ],
    ],
    [32, ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]],
  ];
  return added.map(([since], at) => ({
    since,
    rule: sysctls(new Set(added.slice(0, at + 1).flatMap(([, names]) => names))),
  }));
}

function sysctls(allowed: ReadonlySet<string>): Rule {
  return ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.has(name));
    return names.length === 0 ? null : { reason: "forbidden sysctls", detail: names.join(", ") };
  };
}

function windowsHostProcess({ spec }: PodParts): Violation | null {
  const set = badlySet(spec, ({ windowsOptions }) => (windowsOptions?.hostProcess === true ? ["true"] : []));
  return set === null
    ? null
    : { reason: "hostProcess", detail: `${set.who} must not set securityContext.windowsOptions.hostProcess=true` };
}
