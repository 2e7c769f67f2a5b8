/** Signals as Lambda's messages name them ("signal: killed"). */

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

const BY_NUMBER: Readonly<Record<number, string>> = { 2: "SIGINT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM", 31: "SIGSYS" };

/** OCI runtimes report a death by signal as 128 + its number. Null for ordinary exit codes. */
export function signalOfExitCode(code: number): string | null {
  return BY_NUMBER[code - 128] ?? null;
}
