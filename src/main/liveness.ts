/** When a role counts as hung: decided from its answers and from how long its supervisor was away itself. Pure. */

export const PROBE_EVERY_MS = 2_000;
// Longer than any work that a role may do in one piece, on a machine that is busy with much else. Kubernetes gives its own
// components 8 probes of 15 s; ours share one machine with what they serve.
export const SILENT_AFTER_MS = 15_000;
// A tick that comes this much late was not a busy moment: the supervisor or the machine stood still.
const AWAY_MS = 2_000;

export interface Pulse {
  /** When the role answered last, or was started. */
  readonly answeredAtMs: number;
  /** When the supervisor looked last. */
  readonly lookedAtMs: number;
}

/** The pulse as of now: time in which the supervisor was away is held against nobody. */
export function lookAt({ answeredAtMs, lookedAtMs }: Pulse, nowMs: number): Pulse {
  const wasAway = nowMs - lookedAtMs > PROBE_EVERY_MS + AWAY_MS;
  return { answeredAtMs: wasAway ? nowMs : answeredAtMs, lookedAtMs: nowMs };
}

export function isHung({ answeredAtMs, lookedAtMs }: Pulse): boolean {
  return lookedAtMs - answeredAtMs > SILENT_AFTER_MS;
}
