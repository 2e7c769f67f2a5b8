/** Signals as Lambda's messages name them ("signal: killed"). */
import type { SandboxEnd } from "#functions/sandboxes.ts";

const NAMES: Readonly<Record<string, string>> = {
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGABRT: "aborted",
  SIGTERM: "terminated",
  SIGTRAP: "trace/breakpoint trap",
  SIGBUS: "bus error",
  SIGFPE: "floating point exception",
  SIGILL: "illegal instruction",
  SIGINT: "interrupt",
  SIGSYS: "bad system call",
};

export function signalName(signal: string): string {
  return NAMES[signal] ?? signal.toLowerCase().replace(/^sig/, "");
}

const BY_NUMBER: Readonly<Record<number, string>> = {
  2: "SIGINT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
  31: "SIGSYS",
};

/** OCI runtimes, shells and our agent report a death by signal as 128 + its number. */
export function endOfExitCode(exitCode: number): SandboxEnd {
  const signal = BY_NUMBER[exitCode - 128];
  return signal === undefined ? { reason: "exit", exitCode } : { reason: "signal", signal: signalName(signal) };
}
