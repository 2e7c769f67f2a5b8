/** What becomes of a push that could not be delivered: a push to its dead-letter target, with the reason where that is told. Pure. */
import type { Fault } from "#base/fault.ts";
import type { Push } from "#managed/push.ts";
import type { MessageAttribute } from "#managed/queue/message.ts";
import type { Exhausted } from "./retry.ts";

export interface GivenUp {
  readonly failure: Fault;
  readonly attempts: number;
  /** Absent: the failure was final, nothing was exhausted. */
  readonly exhausted?: Exhausted;
}

/** Null when nobody wants it. A dead letter has none of its own: it is tried for long. */
export function deadLetterOf(push: Push, why: GivenUp): Push | null {
  const { deadLetter } = push;
  if (deadLetter === undefined) return null;
  const attributes = { ...(deadLetter.attributes ?? push.attributes), ...(deadLetter.isExplained && reasons(why)) };
  return {
    target: deadLetter.target,
    payload: deadLetter.payload ?? push.payload,
    source: push.source,
    ...(push.namespace !== undefined && { namespace: push.namespace }),
    ...(push.group !== undefined && { group: push.group }),
    ...(push.deduplication !== undefined && { deduplication: push.deduplication }),
    ...(push.order !== undefined && { order: push.order }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}

/** EventBridge User Guide, "Using dead-letter queues to process undelivered events": the names of the attributes. */
function reasons({ failure, attempts, exhausted }: GivenUp): Readonly<Record<string, MessageAttribute>> {
  return {
    ERROR_CODE: text(errorCodeOf(failure)),
    ERROR_MESSAGE: text(failure.message),
    RETRY_ATTEMPTS: { type: "Number", value: String(Math.max(0, attempts - 1)) },
    ...(exhausted !== undefined && { EXHAUSTED_RETRY_CONDITION: text(exhausted) }),
  };
}

function errorCodeOf({ code }: Fault): string {
  switch (code) {
    case "NotFound":
    case "Gone":
      return "RESOURCE_NOT_FOUND";
    case "Forbidden":
    case "Unauthorized":
      return "NO_PERMISSIONS";
    case "TooManyRequests":
      return "THROTTLING";
    case "BadRequest":
    case "Invalid":
    case "RequestTooLarge":
    case "UnsupportedMediaType":
    case "MethodNotAllowed":
    case "NotAcceptable":
    case "Unsupported":
      return "INVALID_PARAMETER";
    case "Timeout":
      return "TIMEOUT";
    case "AlreadyExists":
    case "Conflict":
    case "Expired":
    case "InternalError":
    case "Unavailable":
      return "SDK_CLIENT_ERROR";
  }
}

function text(value: string): MessageAttribute {
  return { type: "String", value: value === "" ? "-" : value };
}
