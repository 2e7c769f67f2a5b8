/** How busy the processors of this machine are, between two moments. */
import { cpus } from "node:os";

/** Starts to look; the answer is the share of processor time that was used since, 0 to 1. */
export function watchProcessors(): () => number {
  const before = processorTimes();
  return () => {
    const after = processorTimes();
    const total = after.total - before.total;
    return total === 0 ? 0 : 1 - (after.idle - before.idle) / total;
  };
}

function processorTimes(): { readonly idle: number; readonly total: number } {
  const times = cpus().map((processor) => processor.times);
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    total: times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0),
  };
}
