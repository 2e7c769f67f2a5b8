/** Options of the command line and the environment, read once and handed out as plain values. Beside instance/place.ts the only place that reads the environment. */
import { homedir } from "node:os";
import { join } from "node:path";
import { Fault, unsupported } from "#base/fault.ts";
import { IAM_MODES, type IamMode, type Ports } from "#instance/instance.ts";
import type { Place } from "#instance/place.ts";

export interface UpOptions extends Place {
  readonly detach: boolean;
  readonly demo: boolean;
  readonly noNodes: boolean;
  readonly nodes: number;
  readonly ports: Partial<Ports>;
  readonly mergeKubeconfig: boolean;
  /** Absent: as it was, at first "enforce". */
  readonly iam?: IamMode;
  /** A file, or "none"; absent: as it was. */
  readonly auditPolicy?: string;
}

const MAX_NODES = 16;

/** The kubeconfig that kubectl would write to: the first of the list, else the one in the home directory. */
export function userKubeconfig(): string {
  const { env } = process;
  const [first = ""] = (env["KUBECONFIG"] ?? "").split(":");
  return first === "" ? join(homedir(), ".kube", "config") : first;
}

/** The options of `up` as --help has them (commands/up.ts). */
interface UpValues {
  readonly detach: boolean;
  readonly demo: boolean;
  readonly "no-demo": boolean;
  readonly nodes: string;
  readonly "kube-port"?: string;
  readonly "aws-port"?: string;
  readonly "gateway-port"?: string;
  readonly "dashboard-port"?: string;
  readonly "merge-kubeconfig": boolean;
  readonly iam?: string;
  readonly "audit-policy"?: string;
  readonly join?: string;
  readonly token?: string;
}

/** Throws BadRequest for a number out of its bounds. */
export function upOptions(values: UpValues, place: Place): UpOptions {
  if (values.join !== undefined || values.token !== undefined)
    throw unsupported("catamaran up --join", "all nodes of an instance are on one machine: --nodes N");
  const nodes = wholeOf("--nodes", values.nodes, MAX_NODES);
  const ports = {
    kube: portOf("--kube-port", values["kube-port"]),
    aws: portOf("--aws-port", values["aws-port"]),
    gateway: portOf("--gateway-port", values["gateway-port"]),
    dashboard: portOf("--dashboard-port", values["dashboard-port"]),
  };
  return {
    ...place,
    detach: values.detach,
    demo: values.demo && !values["no-demo"],
    noNodes: nodes === 0,
    nodes,
    ports: Object.fromEntries(Object.entries(ports).filter(([, port]) => port !== undefined)) as Partial<Ports>,
    mergeKubeconfig: values["merge-kubeconfig"],
    ...(values.iam !== undefined && { iam: iamModeOf(values.iam) }),
    ...(values["audit-policy"] !== undefined && { auditPolicy: values["audit-policy"] }),
  };
}

function iamModeOf(text: string): IamMode {
  const mode = IAM_MODES.find((one) => one === text);
  if (mode === undefined) throw new Fault("BadRequest", `--iam ${text}: one of ${IAM_MODES.join(", ")}`);
  return mode;
}

function wholeOf(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new Fault("BadRequest", `${name} ${text}: a whole number from 0 to ${max}`);
  return value;
}

function portOf(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeOf(name, text, 65_535);
}

/** What children inherit: a path to find programs and nothing else that could change their behaviour. */
export function childEnvironment(): Readonly<Record<string, string>> {
  const { env } = process;
  const kept = ["PATH", "HOME", "LANG", "TMPDIR", "NODE_COMPILE_CACHE"].flatMap((name): [string, string][] =>
    env[name] === undefined ? [] : [[name, env[name]]],
  );
  const path = `${env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
  return { ...Object.fromEntries(kept), PATH: path, ...RETURNS_MEMORY };
}

/**
 * glibc's malloc as mallopt(3) describes it. By default the size from which a block is mapped on its own grows with each that is freed, up to 32 MiB:
 * after one large request all buffers come from heaps, which cannot shrink below what was allocated last. With fixed thresholds, and few heaps, what is
 * freed goes back to the machine.
 */
const RETURNS_MEMORY: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "262144",
  MALLOC_TRIM_THRESHOLD_: "1048576",
};

/**
 * V8's nursery has three semi-spaces, of 16 MiB and more on a large machine, which stay when they have grown: a control plane under load takes 110 MB
 * less with 8 MiB, and creates and patches cost the same CPU.
 */
export const SMALL_NURSERY = "--max-semi-space-size=8";
