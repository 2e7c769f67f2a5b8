/** Usage: what ran, for how long, with how much. Whole numbers only (ms, bytes, MiB, milli-cores); money comes later. */

/** One invocation of a function, as Lambda bills it. */
export interface InvocationUsage {
  readonly is: "invocation";
  readonly atMs: number;
  readonly namespace: string;
  readonly functionName: string;
  readonly version: string;
  readonly requestId: string;
  readonly memoryMib: number;
  /** 0 on a warm start. */
  readonly initMicros: number;
  readonly durationMicros: number;
  /** ceil(init + duration) to 1 ms. */
  readonly billedMs: number;
  readonly maxMemoryMib: number;
  readonly outcome: "ok" | "error" | "timeout" | "crash" | "throttled";
  readonly isCold: boolean;
}

/** What one pod booked and used during one interval. */
export interface PodUsage {
  readonly is: "pod";
  readonly atMs: number;
  readonly intervalMs: number;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  /** "Deployment/web" of the topmost controller, or "Pod/name". */
  readonly workload: string;
  readonly node: string;
  readonly bookedCpuMillis: number;
  readonly bookedMemoryBytes: number;
  /** CPU time in the interval. */
  readonly usedCpuMicros: number;
  readonly usedMemoryBytes: number;
}

/** One node that was there during one interval. */
export interface NodeUsage {
  readonly is: "node";
  readonly atMs: number;
  readonly intervalMs: number;
  readonly node: string;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

/** One request that the gateway carried, for latency and for API request prices. */
export interface RequestUsage {
  readonly is: "request";
  readonly atMs: number;
  /** The backend that answered: "Service/default/web" or "Function/default/web". */
  readonly backend: string;
  readonly status: number;
  readonly latencyMicros: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export type Usage = InvocationUsage | PodUsage | NodeUsage | RequestUsage;

export interface UsageWindow {
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Where usage is kept. Appending never waits on the caller's path; implementations batch and flush within a second. */
export interface Ledger extends AsyncDisposable {
  append(usage: readonly Usage[]): void;
  /** In order of time; everything appended before the call is included. */
  read(window: UsageWindow, is?: Usage["is"]): AsyncIterable<Usage>;
  /** Forgets what is older. */
  trim(beforeMs: number): Promise<void>;
}
