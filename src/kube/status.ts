/** From a Fault to metav1.Status: the one place where our codes become HTTP codes and reasons. Pure. */
import { Fault, type FaultCode, reasonOf } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";

export interface Status {
  readonly code: number;
  readonly body: JsonObject;
}

// Where metav1.StatusReason has another word than we.
const REASONS: Partial<Record<FaultCode, string>> = {
  Unsupported: "BadRequest",
  Unavailable: "ServiceUnavailable",
  RequestTooLarge: "RequestEntityTooLarge",
};

export function statusOf(thrown: unknown): Status {
  const fault =
    thrown instanceof Fault ? thrown : new Fault("InternalError", `Internal error occurred: ${reasonOf(thrown)}`);
  const code = httpCode(fault);
  const reason = REASONS[fault.code] ?? fault.code;
  // An expired list says how the rest can be had (ListMeta.continue of the Status).
  const { continueToken } = fault.details;
  return {
    code,
    body: {
      kind: "Status",
      apiVersion: "v1",
      metadata: continueToken === undefined ? {} : { continue: continueToken },
      status: "Failure",
      message: fault.message,
      reason,
      ...detailsOf(fault),
      code,
    },
  };
}

function detailsOf({ details }: Fault): JsonObject {
  const { group, kind, name, uid, causes, retryAfterSeconds } = details;
  const shown: JsonObject = {
    ...(name !== undefined && { name }),
    ...(group !== undefined && group !== "" && { group }),
    ...(kind !== undefined && { kind }),
    ...(uid !== undefined && { uid }),
    ...(causes !== undefined && {
      causes: causes.map(({ reason, message, field }) => ({ reason, message, ...(field !== "" && { field }) })),
    }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  // Always there, though it may be empty: clients (kubectl debug) look into it without asking whether it is.
  return { details: shown };
}

function httpCode(fault: Fault): number {
  switch (fault.code) {
    case "BadRequest":
    case "Unsupported":
      return 400;
    case "Unauthorized":
      return 401;
    case "Forbidden":
      return 403;
    case "NotFound":
      return 404;
    case "MethodNotAllowed":
      return 405;
    case "NotAcceptable":
      return 406;
    case "AlreadyExists":
    case "Conflict":
      return 409;
    case "Expired":
    case "Gone":
      return 410;
    case "RequestTooLarge":
      return 413;
    case "UnsupportedMediaType":
      return 415;
    case "Invalid":
      return 422;
    case "TooManyRequests":
      return 429;
    case "InternalError":
      return 500;
    case "Unavailable":
      return 503;
    case "Timeout":
      return 504;
  }
}

export function success(details: JsonObject): JsonObject {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
