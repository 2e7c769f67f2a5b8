/** What a REST API says where no integration does: the types of gateway responses, their statuses and words (API Gateway, "Gateway response types"). Pure. */
import { member } from "#base/dictionary.ts";
import type { RestGatewayResponse } from "#kinds/catamaran/rest-api-parts.ts";

export type ResponseType = keyof typeof STATUSES;

const STATUSES = {
  ACCESS_DENIED: 403,
  API_CONFIGURATION_ERROR: 500,
  AUTHORIZER_CONFIGURATION_ERROR: 500,
  AUTHORIZER_FAILURE: 500,
  BAD_REQUEST_BODY: 400,
  BAD_REQUEST_PARAMETERS: 400,
  EXPIRED_TOKEN: 403,
  INTEGRATION_FAILURE: 504,
  INTEGRATION_TIMEOUT: 504,
  INVALID_API_KEY: 403,
  INVALID_SIGNATURE: 403,
  MISSING_AUTHENTICATION_TOKEN: 403,
  QUOTA_EXCEEDED: 429,
  REQUEST_TOO_LARGE: 413,
  RESOURCE_NOT_FOUND: 404,
  THROTTLED: 429,
  UNAUTHORIZED: 401,
  UNSUPPORTED_MEDIA_TYPE: 415,
  WAF_FILTERED: 403,
} as const;

// X-Amzn-ErrorType of each, as clients of AWS's SDKs read it.
const ERROR_TYPES: Readonly<Partial<Record<ResponseType, string>>> = {
  ACCESS_DENIED: "AccessDeniedException",
  API_CONFIGURATION_ERROR: "InternalServerErrorException",
  AUTHORIZER_CONFIGURATION_ERROR: "AuthorizerConfigurationException",
  AUTHORIZER_FAILURE: "AuthorizerFailureException",
  BAD_REQUEST_BODY: "BadRequestException",
  BAD_REQUEST_PARAMETERS: "BadRequestException",
  EXPIRED_TOKEN: "ExpiredTokenException",
  INTEGRATION_FAILURE: "InternalServerErrorException",
  INTEGRATION_TIMEOUT: "InternalServerErrorException",
  INVALID_API_KEY: "ForbiddenException",
  INVALID_SIGNATURE: "InvalidSignatureException",
  MISSING_AUTHENTICATION_TOKEN: "MissingAuthenticationTokenException",
  QUOTA_EXCEEDED: "LimitExceededException",
  REQUEST_TOO_LARGE: "RequestTooLargeException",
  THROTTLED: "TooManyRequestsException",
  UNAUTHORIZED: "UnauthorizedException",
  UNSUPPORTED_MEDIA_TYPE: "BadRequestException",
};

/** Why a request is answered by the gateway itself. */
export interface Refusal {
  readonly type: ResponseType;
  /** Null: there is nothing to say, and the body says null. */
  readonly message: string | null;
  /** Where the failing is not that of the type: a function that answered nonsense is a bad gateway. */
  readonly status?: number;
}

export interface RefusalAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** By media type; empty: the words of API Gateway. */
  readonly templates: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `valueOf` finds "method.request.header.X" and its kin in the request. */
export function answerOfRefusal(
  refusal: Refusal,
  said: Readonly<Record<string, RestGatewayResponse>>,
  valueOf: (source: string) => string,
): RefusalAnswer {
  const { type, message } = refusal;
  const usual = refusal.status ?? STATUSES[type];
  const own = member(said, type) ?? member(said, usual < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
  const headers = new Map<string, readonly string[]>([["content-type", ["application/json"]]]);
  const errorType = ERROR_TYPES[type];
  if (errorType !== undefined) headers.set("x-amzn-errortype", [errorType]);
  for (const [target, source] of Object.entries(own?.responseParameters ?? {})) {
    const name = /^gatewayresponse\.header\.(.+)$/i.exec(target)?.[1]?.toLowerCase();
    if (name !== undefined) headers.set(name, [valueOf(source).replaceAll(/[\r\n\0]/g, "")]);
  }
  const status = own?.statusCode === undefined ? usual : Number(own.statusCode);
  // The authorizer's refusal alone is written with a capital.
  const word = type === "ACCESS_DENIED" ? "Message" : "message";
  return { status, headers, templates: own?.responseTemplates ?? {}, body: JSON.stringify({ [word]: message }) };
}
