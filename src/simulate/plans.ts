/** How a workload would be run on each hull: what the replays take, and what `catamaran whatif` chooses between. */
import type { ConcurrencyLimits } from "#functions/concurrency.ts";
import type { HorizontalPodAutoscalerSpec } from "#kinds/autoscaling/autoscaler-spec.ts";

export interface FunctionPlan {
  readonly memoryMib: number;
  /** Of a new environment, in ms of wall time. */
  readonly initMs: number;
  /** How long an idle environment is kept. */
  readonly keepAliveMs: number;
  /** Environments that are always there. */
  readonly provisioned: number;
  /** Reserved concurrency; null shares the account's pool. */
  readonly reserved: number | null;
  readonly limits: ConcurrencyLimits;
  /** Whoever asks gives up after it. */
  readonly timeoutMs: number;
}

export interface PodPlan {
  readonly requestCpuMillis: number;
  /** What a pod may use: as much as that many milli-cores. */
  readonly limitCpuMillis: number;
  readonly memoryMib: number;
  /** The autoscaler's; `minReplicas` is how many there are at the start. */
  readonly scaling: Pick<HorizontalPodAutoscalerSpec, "minReplicas" | "maxReplicas" | "behavior"> & {
    readonly targetPercent: number;
  };
  /** From being wanted to being ready, on a node that is there. */
  readonly startMs: number;
  readonly timeoutMs: number;
}

export interface HybridPlan {
  readonly pods: PodPlan;
  readonly functions: FunctionPlan;
  /** A request that would wait longer for a pod goes to a function. */
  readonly spillAfterMs: number;
}

export type Plan =
  | { readonly model: "function"; readonly functions: FunctionPlan }
  | { readonly model: "pods"; readonly pods: PodPlan }
  | ({ readonly model: "hybrid" } & HybridPlan);

/** One vCPU on Lambda ("Configure Lambda function memory"). */
const MIB_PER_VCPU = 1769;

/** The share of one core that a function with that memory gets; code of one thread uses no more than one. */
export function cpuShare(memoryMib: number): number {
  return Math.min(1, memoryMib / MIB_PER_VCPU);
}
