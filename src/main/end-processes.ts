/** Waits for the recorded processes of an instance to be gone, and kills those that stay. */
import { Fault } from "#base/fault.ts";
import { processesOf } from "#instance/lock.ts";
import type { Place } from "#instance/place.ts";

const KILL_WITHIN_MS = 5_000;
const POLL_MS = 50;

/** The recorded processes that are still there: a supervisor that hangs, roles that it could not end. Never by name. */
export async function endByForce(place: Place): Promise<void> {
  const left = processesOf(place);
  if (left.length === 0) return;
  process.stderr.write(`these processes did not end when asked and are killed: ${left.join(", ")}\n`);
  // The supervisor first, or it would start the others again.
  for (const pid of left) signalProcess(pid, "SIGKILL");
  const isGone = await untilGone(place, KILL_WITHIN_MS);
  if (!isGone)
    throw new Fault("Timeout", `processes ${processesOf(place).join(", ")} cannot be killed: the kernel holds them`);
}

export async function untilGone(place: Place, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (processesOf(place).length > 0) {
    if (performance.now() > untilMs) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

export function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
