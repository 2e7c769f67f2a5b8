/** AWS's errors: a code that SDKs branch on, a status and a message; and how a Fault becomes one. */
import { Fault } from "#base/fault.ts";

/** The codes are open (each service has its own), so this is not a Fault: it never leaves the AWS door. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  /** "ResourceNotFoundException", as the service's API reference names it. */
  readonly code: string;
  readonly status: number;
  /** Further members of the error's shape, for example Reason. */
  readonly members: Readonly<Record<string, unknown>>;
  /** What the answer's head says beside it. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    status: number,
    message: string,
    {
      headers = {},
      ...members
    }: Readonly<Record<string, unknown>> & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.members = members;
    this.headers = headers;
  }
}

/** What a bad member of the input becomes, in the wording of AWS's front ends. */
export function validationError(problems: readonly string[]): AwsError {
  const count = `${problems.length} validation error${problems.length === 1 ? "" : "s"} detected`;
  return new AwsError("ValidationException", 400, `${count}: ${problems.join("; ")}`);
}

/** Common to all services; a service's own names are put in by its actions before it comes to this. */
export function awsErrorOf(thrown: unknown): AwsError {
  if (thrown instanceof AwsError) return thrown;
  if (!(thrown instanceof Fault))
    return new AwsError("InternalFailure", 500, "The request failed inside Catamaran; its log says why.");
  return new AwsError(...codeOf(thrown), thrown.message);
}

function codeOf(fault: Fault): readonly [string, number] {
  switch (fault.code) {
    case "NotFound":
    case "Gone":
      return ["ResourceNotFoundException", 404];
    case "AlreadyExists":
    case "Conflict":
      return ["ResourceConflictException", 409];
    case "Unauthorized":
      return ["UnrecognizedClientException", 403];
    case "Forbidden":
      return ["AccessDeniedException", 403];
    case "BadRequest":
    case "Invalid":
      return ["InvalidParameterValueException", 400];
    case "TooManyRequests":
      return ["TooManyRequestsException", 429];
    case "RequestTooLarge":
      return ["RequestEntityTooLargeException", 413];
    case "UnsupportedMediaType":
      return ["UnsupportedMediaTypeException", 415];
    case "Expired":
      return ["ExpiredTokenException", 400];
    case "Unsupported":
    case "MethodNotAllowed":
    case "NotAcceptable":
      return ["UnsupportedOperationException", 400];
    case "Timeout":
    case "Unavailable":
      return ["ServiceUnavailableException", 503];
    case "InternalError":
      return ["InternalFailure", 500];
  }
}
