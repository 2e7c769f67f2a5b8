/** What each exit code of the program means, and which a fault ends with. Scripts rely on these. Pure. */
import { Fault, type FaultCode } from "#base/fault.ts";
import { TooManyOperands } from "./command.ts";

export const EXIT = {
  ok: 0,
  failed: 1,
  /** The command line was wrong, or asked for what is not supported. */
  usage: 2,
  notFound: 3,
  /** Not ready, not reachable, or not in time. */
  notReady: 4,
  conflict: 5,
  /** A limit of money that was set was passed. */
  budgetExceeded: 10,
} as const;

export function exitCodeOf(code: FaultCode): number {
  switch (code) {
    case "BadRequest":
    case "Unsupported":
    case "MethodNotAllowed":
      return EXIT.usage;
    case "NotFound":
    case "Gone":
      return EXIT.notFound;
    case "Timeout":
    case "Unavailable":
      return EXIT.notReady;
    case "Conflict":
    case "AlreadyExists":
      return EXIT.conflict;
    case "Unauthorized":
    case "Forbidden":
    case "NotAcceptable":
    case "Expired":
    case "RequestTooLarge":
    case "UnsupportedMediaType":
    case "Invalid":
    case "TooManyRequests":
    case "InternalError":
      return EXIT.failed;
  }
}

// What the machine said no to, as files and databases tell it: no mistake of this program.
const MACHINE_CODES = /^(E[A-Z]+|ERR_SQLITE_ERROR)$/;

/** What people are told of something that was thrown, and how the program ends. */
export interface Failure {
  readonly words: string;
  readonly exitCode: number;
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Fault) return { words: thrown.message, exitCode: exitCodeOf(thrown.code) };
  if (!(thrown instanceof Error)) return { words: String(thrown), exitCode: EXIT.failed };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  if (thrown instanceof TooManyOperands || code.startsWith("ERR_PARSE_ARGS"))
    return { words: thrown.message, exitCode: EXIT.usage };
  if (MACHINE_CODES.test(code)) return { words: `this machine refused it: ${thrown.message}`, exitCode: EXIT.failed };
  return {
    words: [thrown.message, ...(thrown.stack?.split("\n").slice(1, 4) ?? [])].join("\n"),
    exitCode: EXIT.failed,
  };
}
