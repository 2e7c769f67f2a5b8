/** The real logger: one JSON line each, to standard error or a file descriptor. */
import { writeSync } from "node:fs";
import type { Log, LogFields, LogLevel } from "#base/log.ts";

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function jsonLog(descriptor: number, least: LogLevel, fields: LogFields = {}): Log {
  const write = (level: LogLevel, message: string, more: LogFields = {}): void => {
    if (RANK[level] < RANK[least]) return;
    const line = JSON.stringify({ at: new Date().toISOString(), level, message, ...fields, ...more });
    try {
      writeSync(descriptor, `${line}\n`);
    } catch {
      // A log that cannot be written (a closed pipe, a full disk) must not end the part that logs.
    }
  };
  return {
    debug: (message, more) => write("debug", message, more),
    info: (message, more) => write("info", message, more),
    warn: (message, more) => write("warn", message, more),
    error: (message, more) => write("error", message, more),
    with: (more) => jsonLog(descriptor, least, { ...fields, ...more }),
  };
}
