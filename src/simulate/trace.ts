/** A trace: when requests arrive, and what each of them asks of whoever serves it. Columns, so that ten million fit in memory. Pure. */

export interface Trace {
  /** Where it comes from, for people: "steps, seed 1", "access.log". */
  readonly name: string;
  /** Of the time that it covers, in ms. */
  readonly lengthMs: number;
  /** In ms since the start, ascending. */
  readonly arrivalsMs: Float64Array;
  /** CPU time that each takes at one whole core, in microseconds; as long as the arrivals. */
  readonly cpuMicros: Uint32Array;
  /** What each waits for others (a database, a model), in microseconds. */
  readonly waitMicros: Uint32Array;
}

/** What a person asks about a trace first. */
export interface TraceFacts {
  readonly requests: number;
  readonly lengthMs: number;
  readonly meanPerSecond: number;
  /** Of the busiest minute. */
  readonly peakPerSecond: number;
  readonly meanCpuMs: number;
  readonly meanWaitMs: number;
}

const MINUTE_MS = 60_000;

export function factsOf(trace: Trace): TraceFacts {
  const { arrivalsMs, lengthMs, cpuMicros, waitMicros } = trace;
  const requests = arrivalsMs.length;
  const minutes = ratesOf(trace, Math.max(1, Math.ceil(lengthMs / MINUTE_MS)));
  return {
    requests,
    lengthMs,
    meanPerSecond: (requests * 1000) / lengthMs,
    peakPerSecond: minutes.reduce((most, rate) => Math.max(most, rate), 0),
    meanCpuMs: mean(cpuMicros) / 1000,
    meanWaitMs: mean(waitMicros) / 1000,
  };
}

function mean(values: Uint32Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Requests a second in `buckets` equal parts of the trace. */
export function ratesOf({ arrivalsMs, lengthMs }: Trace, buckets: number): Float64Array {
  const rates = new Float64Array(buckets);
  const bucketMs = lengthMs / buckets;
  for (const at of arrivalsMs) {
    const bucket = Math.min(buckets - 1, Math.floor(at / bucketMs));
    rates[bucket] = (rates[bucket] ?? 0) + 1000 / bucketMs;
  }
  return rates;
}

/** The same shape in `lengthMs`, with every n-th request only, so that at most `requests` are left. */
export function squeezed(trace: Trace, lengthMs: number, requests: number): Trace {
  const { arrivalsMs } = trace;
  const count = Math.min(requests, arrivalsMs.length);
  const step = Math.max(1, arrivalsMs.length / requests);
  const factor = lengthMs / trace.lengthMs;
  const from = (i: number): number => Math.floor(i * step);
  return {
    name: trace.name,
    lengthMs,
    arrivalsMs: Float64Array.from({ length: count }, (_, i) => (arrivalsMs[from(i)] ?? 0) * factor),
    cpuMicros: Uint32Array.from({ length: count }, (_, i) => trace.cpuMicros[from(i)] ?? 0),
    waitMicros: Uint32Array.from({ length: count }, (_, i) => trace.waitMicros[from(i)] ?? 0),
  };
}
