/** Lines that are older than their group keeps them go, once an hour. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/fault.ts";
import type { LogGroups } from "./log-groups.ts";

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** "PutRetentionPolicy": the only numbers of days that it takes. */
export const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Where lines are; what trims need of it. */
export interface TrimmedLogs {
  readonly trim: (group: string, beforeMs: number) => Promise<void>;
}

/** From which time on a group's lines are kept; null keeps all. */
export function keptFromMs(retentionDays: number | undefined, now: number): number | null {
  return retentionDays === undefined ? null : now - retentionDays * DAY_MS;
}

export async function trimAll(groups: LogGroups, logs: TrimmedLogs, now: number): Promise<void> {
  for (const { name, retentionDays } of await groups.list()) {
    const beforeMs = keptFromMs(retentionDays, now);
    if (beforeMs !== null) await logs.trim(name, beforeMs);
  }
}

/** Until it is disposed of. */
export function keepRetention(options: {
  readonly groups: LogGroups;
  readonly logs: TrimmedLogs;
  readonly clock: Clock;
  readonly log: Log;
}): Disposable {
  const { groups, logs, clock, log } = options;
  let timer: Disposable | null = null;
  const again = (): void => {
    timer = clock.after(EVERY_MS, () => {
      trimAll(groups, logs, clock.now())
        .catch((thrown: unknown) => log.warn("old log lines could not be removed", { reason: reasonOf(thrown) }))
        .finally(again);
    });
  };
  again();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
