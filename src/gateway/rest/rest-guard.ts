/** Who passes a method of a REST API: signatures, and functions as TOKEN and REQUEST authorizers, each asked once for an identity. */
import { RE2JS } from "re2js";
import type { ControlClient } from "#control/client.ts";
import type { RestAuthorizer } from "#kinds/catamaran/rest-api-parts.ts";
import type { FunctionAuthorizers, FunctionVerdict } from "../authorizers/function-authorizer.ts";
import { identityOf } from "../authorizers/identity.ts";
import type { Authorized } from "../http-event.ts";
import { functionOf, withVariables } from "../apis/served-api.ts";
import { signedRequest } from "../signed-request.ts";
import type { Refusal } from "./gateway-response.ts";
import { eventRequest, type RestRequest } from "./rest-request.ts";
import { requestEvent, tokenEvent } from "./rest-event.ts";

export type RestPassage =
  | { readonly is: "passed"; readonly authorized?: Authorized; readonly usageKey?: string }
  | { readonly is: "refused"; readonly refusal: Refusal };

export interface RestGuardOptions {
  readonly control: Pick<ControlClient, "authorizeUrl">;
  readonly functions: FunctionAuthorizers;
}

const UNAUTHORIZED: RestPassage = { is: "refused", refusal: { type: "UNAUTHORIZED", message: "Unauthorized" } };
const MISCONFIGURED: RestPassage = {
  is: "refused",
  refusal: { type: "AUTHORIZER_CONFIGURATION_ERROR", message: null },
};

export class RestGuard {
  readonly #options: RestGuardOptions;

  constructor(options: RestGuardOptions) {
    this.#options = options;
  }

  async passage(request: RestRequest): Promise<RestPassage> {
    const { authorizationType = "NONE", authorizerId = "" } = request.served.method;
    switch (authorizationType) {
      case "NONE":
        return { is: "passed" };
      case "AWS_IAM":
        return this.#bySignature(request);
      case "CUSTOM": {
        const authorizer = request.deployment.authorizers.get(authorizerId);
        return authorizer === undefined ? MISCONFIGURED : this.#byFunction(request, authorizer);
      }
    }
  }

  async #bySignature({ exchange, methodArn }: RestRequest): Promise<RestPassage> {
    const verdict = await this.#options.control.authorizeUrl({ ...signedRequest(exchange), methodArn });
    if (verdict.is === "allowed") return { is: "passed", authorized: { is: "iam", caller: verdict.caller } };
    const isSigned = exchange.request.headers.authorization !== undefined || exchange.target.query.includes("X-Amz-");
    if (!isSigned)
      return {
        is: "refused",
        refusal: { type: "MISSING_AUTHENTICATION_TOKEN", message: "Missing Authentication Token" },
      };
    return verdict.code === "AccessDeniedException"
      ? { is: "refused", refusal: { type: "ACCESS_DENIED", message: `User is not authorized to access this resource` } }
      : { is: "refused", refusal: { type: "INVALID_SIGNATURE", message: verdict.message } };
  }

  async #byFunction(request: RestRequest, authorizer: RestAuthorizer): Promise<RestPassage> {
    const { api, methodArn, traceId, variables } = request;
    const ttlSeconds = authorizer.authorizerResultTtlInSeconds ?? 300;
    const identity = identityOf(sourcesOf(authorizer), {
      headers: new Map([...request.headers].map(([name, values]) => [name.toLowerCase(), values])),
      query: request.exchange.target.query,
      path: request.path,
      parameters: request.parameters,
      body: request.exchange.body,
      variables,
      context: (name) => request.context[name],
    });
    // Results that are not kept need no identity (API Gateway, "identitySource").
    const mustSay = authorizer.type === "TOKEN" || ttlSeconds > 0;
    if ((identity === null && mustSay) || !isOfForm(identity?.[0] ?? "", authorizer)) return UNAUTHORIZED;
    const fn = functionOf(withVariables(authorizer.authorizerUri, variables));
    if (fn === null) return MISCONFIGURED;
    const verdict = await this.#options.functions.verdict(
      {
        namespace: api.namespace,
        ...fn,
        cacheKey:
          identity === null || identity.length === 0
            ? null
            : [api.apiId, request.stage.name, authorizer.id, ...identity],
        ttlMs: ttlSeconds * 1_000,
        isSimple: false,
        event: () =>
          authorizer.type === "TOKEN"
            ? tokenEvent(identity?.[0] ?? "", methodArn)
            : requestEvent(eventRequest(request, {}), methodArn),
        traceId,
      },
      methodArn,
    );
    return passageOf(verdict);
  }
}

function passageOf(verdict: FunctionVerdict): RestPassage {
  switch (verdict.is) {
    case "unauthorized":
      return UNAUTHORIZED;
    case "broken":
      return MISCONFIGURED;
    case "denied": {
      const message = `User is not authorized to access this resource${verdict.isExplicit ? " with an explicit deny" : ""}`;
      return { is: "refused", refusal: { type: "ACCESS_DENIED", message } };
    }
    case "allowed": {
      const { context, principalId, usageKey } = verdict;
      const authorized = { is: "function", context, ...(principalId !== undefined && { principalId }) } as const;
      return { is: "passed", authorized, ...(usageKey !== undefined && { usageKey }) };
    }
  }
}

function sourcesOf({ identitySource = "", type }: RestAuthorizer): readonly string[] {
  const sources = identitySource.split(",").map((one) => one.trim());
  const said = sources.filter((one) => one !== "");
  return said.length === 0 && type === "TOKEN" ? ["method.request.header.Authorization"] : said;
}

/** A token that does not look like one is nobody's, and no function is asked. */
function isOfForm(token: string, { identityValidationExpression: form, type }: RestAuthorizer): boolean {
  if (form === undefined || type !== "TOKEN") return true;
  try {
    return RE2JS.compile(form).matches(token);
  } catch {
    // An expression that cannot be read is no token's form.
    return false;
  }
}
