/** Why requests failed, and whether the machine itself was the limit, in words. Pure. */
import { type Comparison, failureCauses, type HullResult } from "./result.ts";

/** "3 (2 throttled, 1 timed out)"; only the count when nothing failed or no cause is known. */
export function failureText({ failed, causes = {} }: Pick<HullResult, "failed" | "causes">): string {
  const parts = failureCauses.flatMap((cause) => {
    const count = causes[cause] ?? 0;
    return count === 0 ? [] : [`${count.toLocaleString("en-US")} ${cause}`];
  });
  return `${failed.toLocaleString("en-US")}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}

// Latencies count from the planned moment: what the generator was late is in them, though no hull was slow.
const LATE_MS = 50;
const BUSY = 0.95;

/** Null when the figures are the hulls' own. */
export function machineWarning({ hulls, machineBusy = 0 }: Pick<Comparison, "hulls" | "machineBusy">): string | null {
  const lateMs = Math.max(0, ...hulls.map(({ sendLateMsP99 = 0 }) => sendLateMsP99));
  const signs = [
    ...(lateMs > LATE_MS ? [`requests were sent ${Math.round(lateMs)} ms late (p99)`] : []),
    ...(machineBusy > BUSY ? [`its processors were busy ${Math.round(machineBusy * 100)} % of the time`] : []),
  ];
  if (signs.length === 0) return null;
  return `The machine itself was a limit: ${signs.join(", ")}. Latencies are too high and failures may be its own; ask for fewer --requests or more --seconds.`;
}
