/** Who passes a route of an HTTP API: nobody is asked twice, and what goes wrong lets nobody in. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { ControlClient } from "#control/client.ts";
import type { ApiAuthorizer } from "#kinds/catamaran/http-api-parts.ts";
import type { FunctionAuthorizers } from "../authorizers/function-authorizer.ts";
import { identityOf } from "../authorizers/identity.ts";
import { fetchJson } from "../authorizers/fetch-json.ts";
import { IssuerKeys } from "../authorizers/issuer-keys.ts";
import { verifyJwt } from "../authorizers/jwt.ts";
import type { Exchange } from "../exchange.ts";
import { type Authorized, type EdgeRequest, type EventRoute, eventV1, eventV2 } from "../http-event.ts";
import { signedRequest } from "../signed-request.ts";
import type { MappingSource } from "./parameter-mapping.ts";
import { functionOf, type Guard, type ServedApi, withVariables } from "./served-api.ts";

export interface GuardOptions {
  readonly control: Pick<ControlClient, "authorizeUrl">;
  readonly functions: FunctionAuthorizers;
  readonly clock: Clock;
  readonly log: Log;
}

/** A request that stands before a guard. */
export interface Guarded {
  readonly api: ServedApi;
  readonly exchange: Exchange;
  readonly guard: Guard;
  readonly source: MappingSource;
  readonly request: EdgeRequest;
  readonly route: EventRoute;
  /** arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH */
  readonly methodArn: string;
  readonly traceId: string;
}

export type Passage =
  | { readonly is: "open" }
  | { readonly is: "allowed"; readonly authorized: Authorized }
  | { readonly is: "refused"; readonly status: 401 | 403 | 500; readonly challenge?: string; readonly why: string };

const UNAUTHORIZED: Passage & { readonly is: "refused" } = { is: "refused", status: 401, why: "no identity" };

export class Guards {
  readonly #options: GuardOptions;
  readonly #functions: FunctionAuthorizers;
  readonly #keys: IssuerKeys;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#functions = options.functions;
    this.#keys = new IssuerKeys(fetchJson, options.clock);
  }

  async passage(guarded: Guarded): Promise<Passage> {
    const { guard } = guarded;
    switch (guard.is) {
      case "open":
        return { is: "open" };
      case "closed":
        return { is: "refused", status: 500, why: "the authorizer of the route is not there" };
      case "iam":
        return this.#bySignature(guarded);
      case "authorizer":
        return guard.authorizer.authorizerType === "JWT"
          ? this.#byToken(guarded, guard.authorizer, guard.scopes)
          : this.#byFunction(guarded, guard.authorizer);
    }
  }

  async #bySignature({ exchange, methodArn }: Guarded): Promise<Passage> {
    const verdict = await this.#options.control.authorizeUrl({ ...signedRequest(exchange), methodArn });
    if (verdict.is === "allowed") return { is: "allowed", authorized: { is: "iam", caller: verdict.caller } };
    return { is: "refused", status: 403, why: verdict.message };
  }

  async #byToken(guarded: Guarded, authorizer: ApiAuthorizer, scopes: readonly string[]): Promise<Passage> {
    const { jwtConfiguration: rules, identitySource = ["$request.header.Authorization"] } = authorizer;
    const identity = identityOf(identitySource, guarded.source);
    if (identity === null || rules === undefined) return { ...UNAUTHORIZED, challenge: "Bearer" };
    try {
      const verdict = await verifyJwt(
        identity[0] ?? "",
        { ...rules, scopes },
        { keys: this.#keys, clock: this.#options.clock },
      );
      if (verdict.is === "refused") return { ...verdict, why: verdict.challenge };
      return { is: "allowed", authorized: { is: "jwt", claims: verdict.claims, scopes: verdict.scopes } };
    } catch (thrown) {
      // The issuer cannot be asked: nobody can be known, so nobody passes.
      const why = `OIDC discovery endpoint communication error`;
      this.#options.log.warn("an issuer of tokens cannot be asked", { issuer: rules.issuer, reason: reasonOf(thrown) });
      return { is: "refused", status: 401, challenge: `Bearer error="invalid_token" error_description="${why}"`, why };
    }
  }

  async #byFunction(guarded: Guarded, authorizer: ApiAuthorizer): Promise<Passage> {
    const { api, source, methodArn, traceId } = guarded;
    const { authorizerId, identitySource = [], authorizerResultTtlInSeconds: ttlSeconds = 0 } = authorizer;
    const identity = identityOf(identitySource, source);
    if (identity === null) return UNAUTHORIZED;
    const fn = functionOf(withVariables(authorizer.authorizerUri ?? "", source.variables));
    if (fn === null) return { is: "refused", status: 500, why: "the authorizer names no function" };
    const call = {
      namespace: api.namespace,
      ...fn,
      cacheKey: identity.length === 0 ? null : [api.apiId, guarded.route.stage, authorizerId, ...identity],
      ttlMs: ttlSeconds * 1_000,
      isSimple: authorizer.enableSimpleResponses === true,
      event: () => authorizerEvent(guarded, authorizer, identity),
      traceId,
    };
    const verdict = await this.#functions.verdict(call, methodArn);
    switch (verdict.is) {
      case "broken":
        return { is: "refused", status: 500, why: "the authorizer failed" };
      case "unauthorized":
        return { ...UNAUTHORIZED, why: "the authorizer said Unauthorized" };
      case "denied":
        return { is: "refused", status: 403, why: "the authorizer said no" };
      case "allowed": {
        const { context, principalId } = verdict;
        const authorized = { is: "function", context, ...(principalId !== undefined && { principalId }) } as const;
        return { is: "allowed", authorized };
      }
    }
  }
}

/** The request as an authorizer's function sees it: all but the body. */
function authorizerEvent(
  { request, route, methodArn }: Guarded,
  { authorizerPayloadFormatVersion: format = "2.0" }: ApiAuthorizer,
  identity: readonly string[],
): Readonly<Record<string, unknown>> {
  const isOld = format === "1.0";
  const { body: _body, isBase64Encoded: _isBase64, ...seen } = (isOld ? eventV1 : eventV2)(request, route);
  if (!isOld) return { ...seen, type: "REQUEST", routeArn: methodArn, identitySource: identity };
  const identitySource = identity.join(",");
  return { ...seen, type: "REQUEST", methodArn, identitySource, authorizationToken: identitySource };
}
