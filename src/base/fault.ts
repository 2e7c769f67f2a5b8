/** The one error that travels to a client. Each door translates its closed set of codes into its own protocol. */

/** Kubernetes' metav1.StatusReason values and the few that other doors need. */
export type FaultCode =
  | "BadRequest"
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "AlreadyExists"
  | "Conflict"
  | "Expired"
  | "Gone"
  | "RequestTooLarge"
  | "UnsupportedMediaType"
  | "Invalid"
  | "TooManyRequests"
  | "Timeout"
  | "InternalError"
  | "Unavailable"
  | "Unsupported";

/** One thing that is wrong with one field, as in metav1.StatusCause. */
export interface FieldFault {
  /** Kubernetes' cause reason, for example "FieldValueRequired". */
  readonly reason:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueNotFound"
    | "FieldValueNotSupported"
    | "FieldValueForbidden"
    | "FieldValueDuplicate"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueTypeInvalid"
    | "FieldManagerConflict"
    | "NamespaceTerminating"
    | "DisruptionBudget";
  /** JSON path as Kubernetes prints it: spec.containers[0].image; "" when it is about no field. */
  readonly field: string;
  /** The whole sentence after the field: "Required value", "Invalid value: \"x\": must be …". */
  readonly message: string;
}

export interface FaultDetails {
  readonly group?: string;
  /** The plural name of the kind, as Status.details.kind wants it. */
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly causes?: readonly FieldFault[];
  readonly retryAfterSeconds?: number;
  /** An expired list: the token that goes on with the newest state, for ListMeta.continue of the Status. */
  readonly continueToken?: string;
  readonly cause?: unknown;
}

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly details: FaultDetails;

  constructor(code: FaultCode, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.details = details;
  }
}

/** Refuses by name what we do not do. The compatibility table is generated from the calls of this function. */
export function unsupported(what: string, instead?: string): Fault {
  const hint = instead === undefined ? "" : `; ${instead}`;
  return new Fault("Unsupported", `${what} is not supported by Catamaran${hint}`);
}

/** The text of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
