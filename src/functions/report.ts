/** The platform's own log lines around every invocation, character for character as Lambda writes them. Pure. */

export interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  readonly billedMs: number;
  readonly memoryMib: number;
  readonly maxMemoryMib: number;
  /** Only of the first invocation of an environment. */
  readonly initMs?: number;
  readonly status?: "timeout" | "error";
  readonly errorType?: string;
}

export function initStartLine(runtime: string): string {
  return `INIT_START Runtime Version: ${runtime.replace(/\.x$/, "")}.catamaran\tRuntime Version ARN: arn:aws:lambda:::runtime:${runtime}`;
}

export function startLine(requestId: string, version: string): string {
  return `START RequestId: ${requestId} Version: ${version}`;
}

export function endLine(requestId: string): string {
  return `END RequestId: ${requestId}`;
}

export function reportLine(report: Report): string {
  const init = report.initMs === undefined ? "" : `Init Duration: ${report.initMs.toFixed(2)} ms\t`;
  const status = report.status === undefined ? "" : `Status: ${report.status}\t`;
  const errorType = report.errorType === undefined ? "" : `Error Type: ${report.errorType}\t`;
  return (
    `REPORT RequestId: ${report.requestId}\tDuration: ${report.durationMs.toFixed(2)} ms\tBilled Duration: ${report.billedMs} ms\t` +
    `Memory Size: ${report.memoryMib} MB\tMax Memory Used: ${report.maxMemoryMib} MB\t${init}${status}${errorType}`
  );
}

export function initReportLine(initMs: number, status: string, errorType?: string): string {
  return `INIT_REPORT Init Duration: ${initMs.toFixed(2)} ms\tPhase: init\tStatus: ${status}${errorType === undefined ? "" : `\tError Type: ${errorType}`}`;
}

/** Lambda bills init and duration together, rounded up to one millisecond. */
export function billedMs(initMs: number, durationMs: number): number {
  return Math.max(1, Math.ceil(initMs + durationMs));
}

/** The line that a timed-out invocation leaves; its text is also the error message. */
export function timeoutMessage(timeoutMs: number): string {
  return `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
}
