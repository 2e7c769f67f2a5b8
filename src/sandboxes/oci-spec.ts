/** The OCI bundle of one sandbox: what it sees, what it may do, how much it may use. Pure. */
import { seccompProfile } from "./seccomp.ts";

export interface SlotPlan {
  readonly id: string;
  /** Distinct per sandbox: two sandboxes share no user of the machine. */
  readonly index: number;
  /** The prepared, read-only root. */
  readonly rootDir: string;
  /** The slot's folder under the shared mount: task, tmp and run inside. */
  readonly slotDir: string;
  /** Holds the socket to the AWS endpoint; absent: the sandbox reaches nothing. */
  readonly awsDir?: string;
  readonly cgroupsPath: string;
  readonly heapMib: number;
  readonly memoryMib: number;
  /** Without one the sandbox's user is a user of the machine, though one with no capability. */
  readonly hasUserNamespace: boolean;
  /** An init lies in the root. */
  readonly hasInit: boolean;
  /** The agent's options. */
  readonly options: object;
}

export const NODE_INSIDE = "/var/lang/bin/node";
// Where Lambda has its own.
export const INIT_INSIDE = "/var/rapid/init";
export const RUNTIME_INSIDE = "/var/runtime";
export const TASK_INSIDE = "/var/task";
export const OPT_INSIDE = "/opt";
export const SOCKET_INSIDE = "/run/catamaran/agent.sock";
export const AWS_DIR_INSIDE = "/run/aws";
export const PATH_INSIDE = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin";

// Lambda's own user and group inside a sandbox.
const USER = { uid: 993, gid: 990 };
// Far above the users of any machine; 65,536 users per sandbox.
const FIRST_HOST_ID = 0x1000_0000;
const IDS_PER_SANDBOX = 65_536;
const MAX_SANDBOX_IDS = 8_192;

// Lambda's quotas for every function.
const MAX_PROCESSES = 1_024;
const MAX_FILES = 1_024;
// What RLIMIT_NPROC and RLIMIT_MEMLOCK say inside Lambda.
const MAX_USER_PROCESSES = 742;
const MAX_LOCKED_BYTES = 65_536;
// A refill never takes the machine from an invocation: the lowest weight until the sandbox is claimed.
const BOOT_CPU_SHARES = 64;

const NO_CAPABILITIES = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };

// What tells of the machine and of nobody's process; each costs a mount at the boot. What programs read of it (meminfo, cpuinfo, stat) stays.
const MASKED: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/buddyinfo",
  "/proc/cmdline",
  "/proc/config.gz",
  "/proc/devices",
  "/proc/diskstats",
  "/proc/interrupts",
  "/proc/iomem",
  "/proc/ioports",
  "/proc/kallsyms",
  "/proc/kcore",
  "/proc/keys",
  "/proc/key-users",
  "/proc/kmsg",
  "/proc/latency_stats",
  "/proc/modules",
  "/proc/mounts.d",
  "/proc/pagetypeinfo",
  "/proc/partitions",
  "/proc/pressure",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/slabinfo",
  "/proc/softirqs",
  "/proc/sysrq-trigger",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/vmallocinfo",
  "/proc/zoneinfo",
  "/sys/firmware",
];

export function ociSpec(plan: SlotPlan): object {
  const ids = [
    { containerID: 0, hostID: FIRST_HOST_ID + (plan.index % MAX_SANDBOX_IDS) * IDS_PER_SANDBOX, size: IDS_PER_SANDBOX },
  ];
  return {
    ociVersion: "1.0.2",
    hostname: "sandbox",
    root: { path: plan.rootDir, readonly: true },
    process: {
      terminal: false,
      user: USER,
      cwd: "/",
      args: [
        // As the first process of its namespace a runtime could not be killed by its own signals, nor would anybody reap.
        ...(plan.hasInit ? [INIT_INSIDE, "--"] : []),
        NODE_INSIDE,
        `--max-old-space-size=${plan.heapMib}`,
        `${RUNTIME_INSIDE}/agent.cjs`,
        SOCKET_INSIDE,
        JSON.stringify(plan.options),
      ],
      env: [`PATH=${PATH_INSIDE}`, "TZ=:UTC", "LANG=en_US.UTF-8"],
      noNewPrivileges: true,
      capabilities: NO_CAPABILITIES,
      rlimits: [
        { type: "RLIMIT_NOFILE", soft: MAX_FILES, hard: MAX_FILES },
        // DIFFERS: 10 GiB inside Lambda; here the machine's core_pattern may name a program that runs outside as root.
        { type: "RLIMIT_CORE", soft: 0, hard: 0 },
        { type: "RLIMIT_MEMLOCK", soft: MAX_LOCKED_BYTES, hard: MAX_LOCKED_BYTES },
        // Counted per user, and only in a namespace of its own is the user this sandbox's alone.
        ...(plan.hasUserNamespace
          ? [{ type: "RLIMIT_NPROC", soft: MAX_USER_PROCESSES, hard: MAX_USER_PROCESSES }]
          : []),
      ],
    },
    mounts: mountsOf(plan),
    linux: {
      namespaces: ["pid", "mount", "ipc", "uts", "network", "cgroup", ...(plan.hasUserNamespace ? ["user"] : [])].map(
        (type) => ({ type }),
      ),
      ...(plan.hasUserNamespace && { uidMappings: ids, gidMappings: ids }),
      // The runtime would cut every mount off from its origin, and code that arrives after the boot would never be seen.
      rootfsPropagation: "rslave",
      cgroupsPath: plan.cgroupsPath,
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        memory: { limit: plan.memoryMib * 1024 * 1024 },
        cpu: { shares: BOOT_CPU_SHARES },
        pids: { limit: MAX_PROCESSES },
      },
      seccomp: seccompProfile,
      maskedPaths: MASKED,
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
    },
  };
}

function mountsOf(plan: SlotPlan): readonly object[] {
  const bound = (source: string, destination: string, ...options: readonly string[]): object => ({
    destination,
    type: "bind",
    source,
    options: ["rbind", "nosuid", "nodev", ...options],
  });
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"],
    },
    // Code arrives after the boot: what the launcher mounts on the slot appears here.
    bound(`${plan.slotDir}/task`, TASK_INSIDE, "ro", "rslave"),
    bound(`${plan.slotDir}/opt`, OPT_INSIDE, "ro", "rslave"),
    bound(`${plan.slotDir}/tmp`, "/tmp", "rw"),
    bound(`${plan.slotDir}/run`, "/run/catamaran", "ro", "noexec"),
    ...(plan.awsDir === undefined ? [] : [bound(plan.awsDir, AWS_DIR_INSIDE, "ro", "noexec")]),
  ];
}
