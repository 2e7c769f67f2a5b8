/** The HTTP APIs of one account and region, the look-ups that actions share, and the errors about them. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Random } from "#base/random.ts";
import type { Objects, View } from "#deck/objects.ts";
import { apiDeploymentKind, type ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import { type HttpApi, httpApiKind, type HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { type WebSocketApi, webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Live } from "#kinds/object.ts";
import type { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import { model, type ModelErrors } from "./model.gen.ts";

export interface AccountApis extends Place {
  readonly objects: Objects;
  readonly apis: View<HttpApi>;
  readonly webSocketApis: View<WebSocketApi>;
  readonly deployments: View<ApiDeployment>;
  readonly random: Random;
  /** The namespace that AWS clients see. */
  readonly namespace: string;
  /** Where APIs are reached: "http://127.0.0.1:8080". */
  readonly gatewayUrl: string;
}

export const failure: Failure<ModelErrors> = errorsOf(model);

export function invalid(message: string): AwsError {
  return failure("BadRequestException", message);
}

export function missing(message: string): AwsError {
  return failure("NotFoundException", message);
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** API Gateway's ids: 10 letters and digits of an API, 7 of its parts. */
export function newId({ random }: AccountApis, length: number): string {
  return Array.from({ length }, (_one, at) =>
    // A name may begin with a digit nowhere else, so it does not here.
    LETTERS.charAt(Math.floor(random.number() * (at === 0 ? 26 : LETTERS.length))),
  ).join("");
}

export async function findApi(account: AccountApis, id: string): Promise<Live<HttpApi>> {
  return (await findWithKind(account, id)).api;
}

export interface FoundApi {
  readonly kind: Kind<HttpApi>;
  readonly api: Live<HttpApi>;
}

/** An API of either kind: their ids are of one space. */
export async function findWithKind(account: AccountApis, id: string): Promise<FoundApi> {
  for (const kind of [httpApiKind, webSocketApiKind]) {
    const api = await account.objects.get(kind, keyOf(account.namespace, id));
    if (api !== null && api.metadata.deletionTimestamp === undefined) return { kind, api };
  }
  throw noApi(account, id);
}

function noApi({ accountId }: AccountApis, id: string): AwsError {
  return missing(`Invalid API identifier specified ${accountId}:${id}`);
}

/** Decides on the spec as it is now; what the kind's rules say against the outcome is a BadRequestException. */
export async function changeApi(
  account: AccountApis,
  id: string,
  decide: (spec: HttpApiSpec) => HttpApiSpec,
): Promise<HttpApi> {
  const { kind } = await findWithKind(account, id);
  const changed = await inApiWords(() =>
    account.objects.change(kind, keyOf(account.namespace, id), (live) => ({ ...live, spec: decide(live.spec) })),
  );
  if (changed === null) throw noApi(account, id);
  return changed;
}

export async function inApiWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "Invalid") throw invalid(thrown.message);
    throw thrown;
  }
}

export function deploymentsOf({ deployments, namespace }: AccountApis, apiName: string): readonly ApiDeployment[] {
  return deployments.list(namespace).filter(({ spec }) => spec.api === apiName);
}

export function findDeployment(account: AccountApis, apiName: string, id: string): Promise<Live<ApiDeployment> | null> {
  return account.objects.get(apiDeploymentKind, keyOf(account.namespace, `${apiName}-${id}`));
}

/** One of the parts of an API by its own name; `says` is what a client hears when it is not there. */
export function partOf<T>(parts: readonly T[] | undefined, isIt: (part: T) => boolean, says: string): T {
  const found = parts?.find(isIt);
  if (found === undefined) throw missing(says);
  return found;
}

/** The parts with one of them in the place of the one that was there, or without it. */
export function replaced<T>(parts: readonly T[], old: T, next: T | null): readonly T[] {
  return parts.flatMap((part) => (part !== old ? [part] : next === null ? [] : [next]));
}

const PAGE = 1_000;

export interface Paging {
  readonly MaxResults?: string;
  readonly NextToken?: string;
}

/** A page of what there is; the token is the place of the next one. */
export function pageOf<T>(
  all: readonly T[],
  { MaxResults: most, NextToken: token }: Paging,
): { readonly Items: readonly T[]; readonly NextToken?: string } {
  const size = most === undefined ? PAGE : Number(most);
  const from = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(from) || from < 0) throw invalid("Invalid page request");
  const next = from + size;
  return {
    Items: all.slice(from, next),
    ...(next < all.length && { NextToken: Buffer.from(String(next)).toString("base64url") }),
  };
}
