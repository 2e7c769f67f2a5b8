/** REQUEST authorizers: a function says who may pass, and its answer is kept by what the identity sources say (API Gateway, "Control access to HTTP APIs with AWS Lambda authorizers"). */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { type ControlClient, TooSlow } from "#control/client.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { judge } from "./invoke-policy.ts";

/** What is kept of an authorizer's answer: a policy is held against each request anew. */
export type Opinion =
  | { readonly is: "simple"; readonly isAuthorized: boolean; readonly context: Context }
  | {
      readonly is: "policy";
      readonly document: unknown;
      readonly principalId: string;
      readonly context: Context;
      /** The API key that the request counts for (API Gateway, "apiKeySource"). */
      readonly usageKey?: string;
    }
  /** The function threw "Unauthorized". */
  | { readonly is: "unauthorized" }
  /** The function failed, or said what no authorizer may say. */
  | { readonly is: "broken" };

type Context = Readonly<Record<string, unknown>>;

export interface AuthorizerCall {
  readonly namespace: string;
  readonly name: string;
  readonly qualifier: string;
  /** Which API, which authorizer, and what the identity sources say; null: never kept. */
  readonly cacheKey: readonly string[] | null;
  readonly ttlMs: number;
  readonly isSimple: boolean;
  readonly event: () => Readonly<Record<string, unknown>>;
  readonly traceId: string;
}

export type FunctionVerdict =
  | {
      readonly is: "allowed";
      readonly context: Context;
      readonly principalId?: string;
      readonly usageKey?: string;
    }
  /** A policy may say no by a word of its own, or by none. */
  | { readonly is: "denied"; readonly isExplicit: boolean }
  | { readonly is: "unauthorized" }
  | { readonly is: "broken" };

// API Gateway gives an authorizer's function ten seconds.
const DEADLINE_MS = 10_000;
const MAX_KEPT = 10_000;

export interface FunctionAuthorizersOptions {
  readonly control: Pick<ControlClient, "invoke">;
  readonly clock: Clock;
}

export class FunctionAuthorizers {
  readonly #options: FunctionAuthorizersOptions;
  readonly #kept = new BoundedCache<Opinion>(MAX_KEPT);

  constructor(options: FunctionAuthorizersOptions) {
    this.#options = options;
  }

  async verdict(call: AuthorizerCall, methodArn: string): Promise<FunctionVerdict> {
    const opinion = await this.#opinion(call);
    switch (opinion.is) {
      case "broken":
      case "unauthorized":
        return opinion;
      case "simple":
        return opinion.isAuthorized ? { is: "allowed", context: opinion.context } : { is: "denied", isExplicit: false };
      case "policy": {
        const { is: _policy, document, ...allowed } = opinion;
        const judgement = judge(document, methodArn);
        return judgement === "allowed"
          ? { is: "allowed", ...allowed }
          : { is: "denied", isExplicit: judgement === "denied" };
      }
    }
  }

  /** Forgets all that was answered. */
  forget(): void {
    this.#kept.clear();
  }

  async #opinion(call: AuthorizerCall): Promise<Opinion> {
    const { cacheKey, ttlMs } = call;
    // Quoted, so that no value can run into the next: ["a,b"] is not ["a", "b"].
    const key = cacheKey === null || ttlMs <= 0 ? null : JSON.stringify(cacheKey);
    const nowMs = this.#options.clock.now();
    const known = key === null ? undefined : this.#kept.get(key, nowMs);
    if (known !== undefined) return known;
    const opinion = await this.#ask(call);
    if (key !== null && (opinion.is === "simple" || opinion.is === "policy"))
      this.#kept.set(key, opinion, nowMs + ttlMs);
    return opinion;
  }

  async #ask({ namespace, name, qualifier, event, traceId, isSimple }: AuthorizerCall): Promise<Opinion> {
    try {
      const payload = Buffer.from(JSON.stringify(event()));
      const invoked = await this.#options.control.invoke({ namespace, name, qualifier, payload, traceId }, DEADLINE_MS);
      if (invoked.functionError === undefined) return opinionOf(invoked.payload, isSimple);
      return parsed(invoked.payload)?.["errorMessage"] === "Unauthorized" ? { is: "unauthorized" } : { is: "broken" };
    } catch (thrown) {
      // Gone, throttled or too slow: for the client it is one thing.
      if (thrown instanceof Fault || thrown instanceof TooSlow) return { is: "broken" };
      throw thrown;
    }
  }
}

/** Pure. A simple answer is looked for only where it was asked for: else a policy's "isAuthorized" would pass for one. */
export function opinionOf(payload: Uint8Array, isSimple: boolean): Opinion {
  const answer = parsed(payload);
  const context = contextOf(answer?.["context"]);
  if (answer === null || context === null) return { is: "broken" };
  if (isSimple) {
    const { isAuthorized } = answer;
    return typeof isAuthorized === "boolean" ? { is: "simple", isAuthorized, context } : { is: "broken" };
  }
  const { principalId, policyDocument: document, usageIdentifierKey: usageKey } = answer;
  if (typeof principalId !== "string" || typeof document !== "object" || document === null) return { is: "broken" };
  return { is: "policy", principalId, document, context, ...(typeof usageKey === "string" && { usageKey }) };
}

function parsed(payload: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString());
    return isRecord(value) ? value : null;
  } catch {
    // A custom runtime may answer what is no JSON.
    return null;
  }
}

function contextOf(value: unknown): Context | null {
  if (value === undefined || value === null) return {};
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
