/** A pod's sandbox and containers in CRI's words. Pure; what is not supported is refused by name. */
import { Fault, unsupported } from "#base/fault.ts";
import { given } from "#base/given.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Container, SeccompProfile, SecurityContext } from "#kinds/core/pod-spec.ts";
import { containerCgroup, oomScore } from "#pods/cgroup.ts";
import { commandOf } from "#pods/environment.ts";
import {
  namespaceMode,
  profileType,
  type ContainerConfig,
  type ContainerSecurity,
  type CriImage,
  type CriMount,
  type LinuxResources,
  type NamespaceOptions,
  type SandboxConfig,
  type SecurityProfile,
} from "./cri-messages.ts";
import { podCgroup, podLogFolder, type NodeFacts } from "./node-facts.ts";

/** Labels of kubelet's: other tools that look at containerd know them. */
export const labels = {
  pod: "io.kubernetes.pod.name",
  namespace: "io.kubernetes.pod.namespace",
  uid: "io.kubernetes.pod.uid",
  container: "io.kubernetes.container.name",
} as const;

/** Where the termination message lies on the node, so that an adopting agent finds it. */
export const annotations = {
  terminationMessage: "catamaran.dev/termination-message",
  policy: "catamaran.dev/termination-policy",
} as const;

const RESOLV_OPTIONS = ["ndots:5"];

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

export function identityOf({ metadata }: Pod): PodIdentity {
  return { name: metadata.name, namespace: metadata.namespace ?? "default", uid: metadata.uid ?? "" };
}

export function sandboxConfig(pod: Pod, attempt: number, facts: NodeFacts): SandboxConfig {
  const identity = identityOf(pod);
  const { spec } = pod;
  if (spec.hostUsers === false) throw unsupported("Pod.spec.hostUsers: false");
  return {
    metadata: { ...identity, attempt },
    ...(spec.hostNetwork !== true && { hostname: hostnameOf(pod, facts) }),
    log_directory: podLogFolder(facts, identity),
    dns_config: dnsOf(pod, facts),
    labels: { [labels.pod]: identity.name, [labels.namespace]: identity.namespace, [labels.uid]: identity.uid },
    linux: {
      cgroup_parent: podCgroup(facts, identity.uid),
      security_context: given({
        namespace_options: namespacesOf(pod),
        // containerd lets no privileged container into an ordinary sandbox.
        privileged: [...spec.containers, ...(spec.initContainers ?? [])].some(
          ({ securityContext }) => securityContext?.privileged === true,
        ),
        seccomp: seccompOf(spec.securityContext?.seccompProfile),
      }),
      sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
    },
  };
}

export function hostnameOf({ metadata, spec }: Pod, facts: NodeFacts): string {
  const short = (spec.hostname ?? metadata.name).slice(0, 63).replace(/[-.]+$/, "");
  return spec.setHostnameAsFQDN === true && spec.subdomain !== undefined
    ? `${short}.${spec.subdomain}.${metadata.namespace ?? "default"}.svc.${facts.clusterDomain}`
    : short;
}

function dnsOf({ metadata, spec }: Pod, facts: NodeFacts): NonNullable<SandboxConfig["dns_config"]> {
  const own = spec.dnsConfig ?? {};
  const isCluster =
    spec.dnsPolicy === "ClusterFirstWithHostNet" ||
    ((spec.dnsPolicy ?? "ClusterFirst") === "ClusterFirst" && spec.hostNetwork !== true);
  const { clusterDomain } = facts;
  const searches = isCluster
    ? [`${metadata.namespace ?? "default"}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
    : [];
  const options = (own.options ?? []).map(({ name = "", value }) =>
    value === undefined || value === "" ? name : `${name}:${value}`,
  );
  // "Default" means the node's resolvers; a node of ours has none but the cluster's.
  const servers = spec.dnsPolicy === "None" ? [] : [facts.dnsIp];
  return {
    servers: [...servers, ...(own.nameservers ?? [])],
    searches: [...searches, ...(own.searches ?? [])],
    options: [
      ...(isCluster && !options.some((option) => option.startsWith("ndots:")) ? RESOLV_OPTIONS : []),
      ...options,
    ],
  };
}

/** `target` is the container whose processes an ephemeral one sees. */
function namespacesOf({ spec }: Pod, target?: string): NamespaceOptions {
  return {
    network: spec.hostNetwork === true ? namespaceMode.node : namespaceMode.pod,
    pid:
      spec.hostPID === true
        ? namespaceMode.node
        : spec.shareProcessNamespace === true
          ? namespaceMode.pod
          : namespaceMode.container,
    ipc: spec.hostIPC === true ? namespaceMode.node : namespaceMode.pod,
    ...(target !== undefined && { pid: namespaceMode.target, target_id: target }),
  };
}

export type Variables = readonly (readonly [name: string, value: string])[];

export interface ContainerInputs {
  readonly attempt: number;
  readonly image: CriImage;
  readonly variables: Variables;
  readonly mounts: readonly CriMount[];
  /** The termination message's file on the node. */
  readonly messageFile: string;
  /** The container's id whose processes it sees. */
  readonly target?: string;
}

export function containerConfig(
  pod: Pod,
  container: Container,
  parts: ContainerInputs,
  facts: NodeFacts,
): ContainerConfig {
  const { variables, mounts, messageFile, attempt, image } = parts;
  const { command, args } = commandOf(container, variables);
  const identity = identityOf(pod);
  return {
    metadata: { name: container.name, attempt },
    image: { image: image.id },
    command,
    args,
    ...(container.workingDir !== undefined && { working_dir: container.workingDir }),
    envs: variables.map(([key, value]) => ({ key, value })),
    mounts: [
      ...mounts,
      { container_path: container.terminationMessagePath ?? "/dev/termination-log", host_path: messageFile },
    ],
    labels: {
      [labels.pod]: identity.name,
      [labels.namespace]: identity.namespace,
      [labels.uid]: identity.uid,
      [labels.container]: container.name,
    },
    annotations: {
      [annotations.terminationMessage]: messageFile,
      [annotations.policy]: container.terminationMessagePolicy ?? "File",
    },
    log_path: `${container.name}/${attempt}.log`,
    stdin: container.stdin === true,
    stdin_once: container.stdinOnce === true,
    tty: container.tty === true,
    linux: { resources: resourcesOf(pod, container, facts), security_context: securityOf(pod, container, parts) },
  };
}

function resourcesOf(pod: Pod, container: Container, facts: NodeFacts): LinuxResources {
  const limits = containerCgroup(container);
  return {
    cpu_shares: limits.cpuShares,
    cpu_period: limits.cpuPeriodMicros,
    // crun writes a quota of -1 as a huge number, which the kernel refuses.
    ...(limits.cpuQuotaMicros > 0 && { cpu_quota: limits.cpuQuotaMicros }),
    ...(limits.memoryLimitBytes > 0 && { memory_limit_in_bytes: limits.memoryLimitBytes }),
    oom_score_adj: oomScore(pod, container, facts.capacity.memoryBytes),
  };
}

// What Docker and kubelet hide of /proc and /sys unless a container is privileged.
const MASKED = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

function securityOf(pod: Pod, container: Container, { image, target }: ContainerInputs): ContainerSecurity {
  const own: SecurityContext = container.securityContext ?? {};
  const ofPod = pod.spec.securityContext ?? {};
  const user = own.runAsUser ?? ofPod.runAsUser;
  const group = own.runAsGroup ?? ofPod.runAsGroup;
  if ((own.runAsNonRoot ?? ofPod.runAsNonRoot) === true) requireNonRoot(user, image);
  const isPrivileged = own.privileged === true;
  const isUnmasked = isPrivileged || own.procMount === "Unmasked";
  return given({
    capabilities: { add_capabilities: own.capabilities?.add ?? [], drop_capabilities: own.capabilities?.drop ?? [] },
    privileged: isPrivileged,
    namespace_options: namespacesOf(pod, target),
    ...userOf(user, group, image),
    readonly_rootfs: own.readOnlyRootFilesystem === true,
    supplemental_groups: [...(ofPod.supplementalGroups ?? []), ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup])],
    no_new_privs: own.allowPrivilegeEscalation === false,
    masked_paths: isUnmasked ? [] : MASKED,
    readonly_paths: isUnmasked ? [] : READ_ONLY,
    seccomp: seccompOf(own.seccompProfile ?? ofPod.seccompProfile),
  });
}

/** CRI takes a group only together with a user. */
function userOf(
  user: number | undefined,
  group: number | undefined,
  image: CriImage,
): Pick<ContainerSecurity, "run_as_user" | "run_as_group"> {
  const ofImage = image.uid?.value ?? 0;
  const known = user ?? (group === undefined ? undefined : ofImage);
  return {
    ...(known !== undefined && { run_as_user: { value: known } }),
    ...(group !== undefined && { run_as_group: { value: group } }),
  };
}

function requireNonRoot(user: number | undefined, image: CriImage): void {
  if (user !== undefined && user !== 0) return;
  if (user === 0) throw new Fault("Invalid", "container's runAsUser breaks non-root policy");
  if (image.username !== undefined && image.username !== "")
    throw new Fault(
      "Invalid",
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root`,
    );
  if ((image.uid?.value ?? 0) === 0)
    throw new Fault("Invalid", "container has runAsNonRoot and image will run as root");
}

function seccompOf(profile: SeccompProfile | undefined): SecurityProfile {
  switch (profile?.type) {
    case "Unconfined":
      return { profile_type: profileType.unconfined };
    // As a kubelet with seccompDefault (KEP-2413): a pod must say so if it wants every system call.
    case undefined:
    case "RuntimeDefault":
      return { profile_type: profileType.runtimeDefault };
    case "Localhost":
      throw unsupported("securityContext.seccompProfile.type: Localhost");
  }
}
