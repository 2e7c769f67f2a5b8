/** The messages of the Container Runtime Interface (runtime.v1) that we use: field numbers for the codec, types for us. */
import type { Message, MessageField, Scalar } from "./messages.ts";

const text = (number: number): MessageField => ({ number, type: "string" });
const int = (number: number): MessageField => ({ number, type: "int" });
const bool = (number: number): MessageField => ({ number, type: "bool" });
const bytes = (number: number): MessageField => ({ number, type: "bytes" });
const one = (number: number, type: Message): MessageField => ({ number, type });
const list = (number: number, type: Scalar | Message): MessageField => ({ number, type, is: "list" });
const map = (number: number): MessageField => ({ number, type: "string", is: "map" });

export type StringMap = Readonly<Record<string, string>>;

export interface NamespaceOptions {
  readonly network?: number;
  readonly pid?: number;
  readonly ipc?: number;
  readonly target_id?: string;
}
/** NamespaceMode. */
export const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;
const namespaceOptions: Message = { network: int(1), pid: int(2), ipc: int(3), target_id: text(4) };

export interface SecurityProfile {
  readonly profile_type: number;
  readonly localhost_ref?: string;
}
/** SecurityProfile.ProfileType. */
export const profileType = { runtimeDefault: 0, unconfined: 1, localhost: 2 } as const;
const securityProfile: Message = { profile_type: int(1), localhost_ref: text(2) };
const int64Value: Message = { value: int(1) };

export interface LinuxResources {
  readonly cpu_period?: number;
  readonly cpu_quota?: number;
  readonly cpu_shares?: number;
  readonly memory_limit_in_bytes?: number;
  readonly oom_score_adj?: number;
  readonly memory_swap_limit_in_bytes?: number;
}
const linuxResources: Message = {
  cpu_period: int(1),
  cpu_quota: int(2),
  cpu_shares: int(3),
  memory_limit_in_bytes: int(4),
  oom_score_adj: int(5),
  cpuset_cpus: text(6),
  cpuset_mems: text(7),
  unified: map(9),
  memory_swap_limit_in_bytes: int(10),
};

export interface SandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt?: number;
}
const sandboxMetadata: Message = { name: text(1), uid: text(2), namespace: text(3), attempt: int(4) };

export interface SandboxConfig {
  readonly metadata: SandboxMetadata;
  readonly hostname?: string;
  readonly log_directory?: string;
  readonly dns_config?: {
    readonly servers?: readonly string[];
    readonly searches?: readonly string[];
    readonly options?: readonly string[];
  };
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly linux?: {
    readonly cgroup_parent?: string;
    readonly security_context?: {
      readonly namespace_options?: NamespaceOptions;
      readonly privileged?: boolean;
      readonly seccomp?: SecurityProfile;
      readonly supplemental_groups?: readonly number[];
      readonly run_as_user?: { readonly value: number };
      readonly run_as_group?: { readonly value: number };
    };
    readonly sysctls?: StringMap;
    readonly resources?: LinuxResources;
  };
}
const sandboxConfig: Message = {
  metadata: one(1, sandboxMetadata),
  hostname: text(2),
  log_directory: text(3),
  dns_config: one(4, { servers: list(1, "string"), searches: list(2, "string"), options: list(3, "string") }),
  labels: map(6),
  annotations: map(7),
  linux: one(8, {
    cgroup_parent: text(1),
    security_context: one(2, {
      namespace_options: one(1, namespaceOptions),
      run_as_user: one(3, int64Value),
      supplemental_groups: list(5, "int"),
      privileged: bool(6),
      run_as_group: one(8, int64Value),
      seccomp: one(9, securityProfile),
    }),
    sysctls: map(3),
    resources: one(5, linuxResources),
  }),
};

export interface CriMount {
  readonly container_path: string;
  readonly host_path: string;
  readonly readonly?: boolean;
  readonly propagation?: number;
}
/** MountPropagation. */
export const propagation = { private: 0, hostToContainer: 1, bidirectional: 2 } as const;
const mount: Message = { container_path: text(1), host_path: text(2), readonly: bool(3), propagation: int(5) };
const imageSpec: Message = { image: text(1), annotations: map(2) };

export interface ContainerMetadata {
  readonly name: string;
  readonly attempt?: number;
}
const containerMetadata: Message = { name: text(1), attempt: int(2) };

export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  readonly image: { readonly image: string };
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly working_dir?: string;
  readonly envs?: readonly { readonly key: string; readonly value: string }[];
  readonly mounts?: readonly CriMount[];
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly log_path?: string;
  readonly stdin?: boolean;
  readonly stdin_once?: boolean;
  readonly tty?: boolean;
  readonly linux?: { readonly resources?: LinuxResources; readonly security_context?: ContainerSecurity };
}

export interface ContainerSecurity {
  readonly capabilities?: {
    readonly add_capabilities?: readonly string[];
    readonly drop_capabilities?: readonly string[];
  };
  readonly privileged?: boolean;
  readonly namespace_options?: NamespaceOptions;
  readonly run_as_user?: { readonly value: number };
  readonly run_as_group?: { readonly value: number };
  readonly readonly_rootfs?: boolean;
  readonly supplemental_groups?: readonly number[];
  readonly no_new_privs?: boolean;
  readonly masked_paths?: readonly string[];
  readonly readonly_paths?: readonly string[];
  readonly seccomp?: SecurityProfile;
}
const containerSecurity: Message = {
  capabilities: one(1, { add_capabilities: list(1, "string"), drop_capabilities: list(2, "string") }),
  privileged: bool(2),
  namespace_options: one(3, namespaceOptions),
  run_as_user: one(5, int64Value),
  readonly_rootfs: bool(7),
  supplemental_groups: list(8, "int"),
  no_new_privs: bool(11),
  run_as_group: one(12, int64Value),
  masked_paths: list(13, "string"),
  readonly_paths: list(14, "string"),
  seccomp: one(15, securityProfile),
};
const containerConfig: Message = {
  metadata: one(1, containerMetadata),
  image: one(2, imageSpec),
  command: list(3, "string"),
  args: list(4, "string"),
  working_dir: text(5),
  // KeyValue.value is string up to cri-api 0.36 and bytes after: the same on the wire, text here.
  envs: list(6, { key: text(1), value: text(2) }),
  mounts: list(7, mount),
  labels: map(9),
  annotations: map(10),
  log_path: text(11),
  stdin: bool(12),
  stdin_once: bool(13),
  tty: bool(14),
  linux: one(15, { resources: one(1, linuxResources), security_context: one(2, containerSecurity) }),
};

export interface SandboxListed {
  readonly id: string;
  readonly metadata: SandboxMetadata;
  /** PodSandboxState: absent or 0 is ready, 1 is not. */
  readonly state?: number;
  readonly created_at: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
}
const sandboxListed: Message = {
  id: text(1),
  metadata: one(2, sandboxMetadata),
  state: int(3),
  created_at: int(4),
  labels: map(5),
  annotations: map(6),
};

export interface SandboxStatus {
  readonly id: string;
  readonly state?: number;
  readonly created_at: number;
  readonly network?: { readonly ip?: string };
}

/** ContainerState. */
export const containerState = { created: 0, running: 1, exited: 2, unknown: 3 } as const;

export interface ContainerListed {
  readonly id: string;
  readonly pod_sandbox_id: string;
  readonly metadata: ContainerMetadata;
  readonly image_ref?: string;
  readonly state?: number;
  readonly created_at: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
}

/** Times are nanoseconds since the epoch, 0 or absent when there is none. */
export interface ContainerReport {
  readonly id: string;
  readonly metadata: ContainerMetadata;
  readonly state?: number;
  readonly created_at?: number;
  readonly started_at?: number;
  readonly finished_at?: number;
  readonly exit_code?: number;
  readonly image_ref?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly log_path?: string;
}
const containerReport: Message = {
  id: text(1),
  metadata: one(2, containerMetadata),
  state: int(3),
  created_at: int(4),
  started_at: int(5),
  finished_at: int(6),
  exit_code: int(7),
  image: one(8, imageSpec),
  image_ref: text(9),
  reason: text(10),
  message: text(11),
  labels: map(12),
  annotations: map(13),
  log_path: text(15),
};

export interface CriImage {
  readonly id: string;
  readonly repo_tags: readonly string[];
  readonly repo_digests: readonly string[];
  readonly size?: number;
  readonly uid?: { readonly value?: number };
  readonly username?: string;
  readonly pinned?: boolean;
}
const image: Message = {
  id: text(1),
  repo_tags: list(2, "string"),
  repo_digests: list(3, "string"),
  size: int(4),
  uid: one(5, int64Value),
  username: text(6),
  pinned: bool(8),
};

/** The calls that we make. */
export type CriCall =
  | "RuntimeService/Version"
  | "RuntimeService/Status"
  | "RuntimeService/RunPodSandbox"
  | "RuntimeService/StopPodSandbox"
  | "RuntimeService/RemovePodSandbox"
  | "RuntimeService/PodSandboxStatus"
  | "RuntimeService/ListPodSandbox"
  | "RuntimeService/CreateContainer"
  | "RuntimeService/StartContainer"
  | "RuntimeService/StopContainer"
  | "RuntimeService/RemoveContainer"
  | "RuntimeService/ListContainers"
  | "RuntimeService/ContainerStatus"
  | "RuntimeService/UpdateContainerResources"
  | "RuntimeService/ReopenContainerLog"
  | "RuntimeService/ExecSync"
  | "RuntimeService/Exec"
  | "RuntimeService/Attach"
  | "RuntimeService/PortForward"
  | "ImageService/ListImages"
  | "ImageService/ImageStatus"
  | "ImageService/RemoveImage";

/** What goes into and comes out of each call, by its name. */
export const criCalls: Readonly<Record<CriCall, { readonly request: Message; readonly answer: Message }>> = {
  "RuntimeService/Version": {
    request: { version: text(1) },
    answer: { version: text(1), runtime_name: text(2), runtime_version: text(3), runtime_api_version: text(4) },
  },
  "RuntimeService/Status": {
    request: { verbose: bool(1) },
    answer: {
      status: one(1, { conditions: list(1, { type: text(1), status: bool(2), reason: text(3), message: text(4) }) }),
      info: map(2),
    },
  },
  "RuntimeService/RunPodSandbox": {
    request: { config: one(1, sandboxConfig), runtime_handler: text(2) },
    answer: { pod_sandbox_id: text(1) },
  },
  "RuntimeService/StopPodSandbox": { request: { pod_sandbox_id: text(1) }, answer: {} },
  "RuntimeService/RemovePodSandbox": { request: { pod_sandbox_id: text(1) }, answer: {} },
  "RuntimeService/PodSandboxStatus": {
    request: { pod_sandbox_id: text(1), verbose: bool(2) },
    answer: {
      status: one(1, {
        id: text(1),
        metadata: one(2, sandboxMetadata),
        state: int(3),
        created_at: int(4),
        network: one(5, { ip: text(1) }),
        labels: map(7),
        annotations: map(8),
      }),
      info: map(2),
    },
  },
  "RuntimeService/ListPodSandbox": {
    request: { filter: one(1, { id: text(1), label_selector: map(3) }) },
    answer: { items: list(1, sandboxListed) },
  },
  "RuntimeService/CreateContainer": {
    request: { pod_sandbox_id: text(1), config: one(2, containerConfig), sandbox_config: one(3, sandboxConfig) },
    answer: { container_id: text(1) },
  },
  "RuntimeService/StartContainer": { request: { container_id: text(1) }, answer: {} },
  "RuntimeService/StopContainer": { request: { container_id: text(1), timeout: int(2) }, answer: {} },
  "RuntimeService/RemoveContainer": { request: { container_id: text(1) }, answer: {} },
  "RuntimeService/ListContainers": {
    request: { filter: one(1, { id: text(1), pod_sandbox_id: text(3), label_selector: map(4) }) },
    answer: {
      containers: list(1, {
        id: text(1),
        pod_sandbox_id: text(2),
        metadata: one(3, containerMetadata),
        image: one(4, imageSpec),
        image_ref: text(5),
        state: int(6),
        created_at: int(7),
        labels: map(8),
        annotations: map(9),
      }),
    },
  },
  "RuntimeService/ContainerStatus": {
    request: { container_id: text(1), verbose: bool(2) },
    answer: { status: one(1, containerReport), info: map(2) },
  },
  "RuntimeService/UpdateContainerResources": {
    request: { container_id: text(1), linux: one(2, linuxResources) },
    answer: {},
  },
  "RuntimeService/ReopenContainerLog": { request: { container_id: text(1) }, answer: {} },
  "RuntimeService/ExecSync": {
    request: { container_id: text(1), cmd: list(2, "string"), timeout: int(3) },
    answer: { stdout: bytes(1), stderr: bytes(2), exit_code: int(3) },
  },
  "RuntimeService/Exec": {
    request: {
      container_id: text(1),
      cmd: list(2, "string"),
      tty: bool(3),
      stdin: bool(4),
      stdout: bool(5),
      stderr: bool(6),
    },
    answer: { url: text(1) },
  },
  "RuntimeService/Attach": {
    request: { container_id: text(1), stdin: bool(2), tty: bool(3), stdout: bool(4), stderr: bool(5) },
    answer: { url: text(1) },
  },
  "RuntimeService/PortForward": {
    request: { pod_sandbox_id: text(1), port: list(2, "int") },
    answer: { url: text(1) },
  },
  "ImageService/ListImages": { request: {}, answer: { images: list(1, image) } },
  "ImageService/ImageStatus": {
    request: { image: one(1, imageSpec), verbose: bool(2) },
    answer: { image: one(1, image), info: map(2) },
  },
  "ImageService/RemoveImage": { request: { image: one(1, imageSpec) }, answer: {} },
};
