/** The REST APIs, keys and usage plans of one account and region, the look-ups that actions share, and the errors about them. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Random } from "#base/random.ts";
import type { Objects, View } from "#deck/objects.ts";
import type { ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import type { ApiKey } from "#kinds/catamaran/api-key.ts";
import { type RestApi, restApiKind, type RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type { RestMethod, RestResource } from "#kinds/catamaran/rest-api-parts.ts";
import type { UsagePlan } from "#kinds/catamaran/usage-plan.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import type { KeyUsage } from "#managed/api/key-usage.ts";
import { member } from "#base/dictionary.ts";
import type { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import { model, type ModelErrors } from "./model.gen.ts";

export interface AccountRestApis extends Place {
  readonly objects: Objects;
  readonly restApis: View<RestApi>;
  readonly deployments: View<ApiDeployment>;
  readonly apiKeys: View<ApiKey>;
  readonly usagePlans: View<UsagePlan>;
  readonly keyUsage: Pick<KeyUsage, "read">;
  readonly random: Random;
  /** The namespace that AWS clients see. */
  readonly namespace: string;
}

export const failure: Failure<ModelErrors> = errorsOf(model);

export function invalid(message: string): AwsError {
  return failure("BadRequestException", message);
}

export function missing(message: string): AwsError {
  return failure("NotFoundException", message);
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Letters and digits, a letter first: 10 of an API, 6 of its parts, 40 of the value of a key. */
export function newId({ random }: AccountRestApis, length: number): string {
  return Array.from({ length }, (_one, at) =>
    LETTERS.charAt(Math.floor(random.number() * (at === 0 ? 26 : LETTERS.length))),
  ).join("");
}

/** An object that is there and not going. */
export async function findObject<T extends KubeObject>(
  { objects, namespace }: AccountRestApis,
  kind: Kind<T>,
  { name, says }: { readonly name: string; readonly says: string },
): Promise<Live<T>> {
  const found = await objects.get(kind, keyOf(namespace, name));
  if (found === null || found.metadata.deletionTimestamp !== undefined) throw missing(says);
  return found;
}

export async function changeObject<T extends KubeObject>(
  { objects, namespace }: AccountRestApis,
  kind: Kind<T>,
  { name, says, decide }: { readonly name: string; readonly says: string; readonly decide: (live: Live<T>) => T },
): Promise<Live<T>> {
  const changed = await inApiWords(() => objects.change(kind, keyOf(namespace, name), decide));
  if (changed === null) throw missing(says);
  return changed;
}

export function createObject<T extends KubeObject>(
  { objects, namespace }: AccountRestApis,
  kind: Kind<T>,
  { name, spec, owner }: { readonly name: string; readonly spec: unknown; readonly owner?: Live<KubeObject> },
): Promise<Live<T>> {
  const references = owner && [
    { apiVersion: "catamaran.dev/v1", kind: "RestApi", name: owner.metadata.name, uid: owner.metadata.uid },
  ];
  const object = {
    apiVersion: "catamaran.dev/v1",
    kind: kind.kind,
    metadata: { name, namespace, ...(references !== undefined && { ownerReferences: references }) },
    spec,
  };
  // Its kind describes the spec, and refuses what it does not describe.
  return inApiWords(() => objects.create(kind, object as unknown as T));
}

export async function inApiWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "Invalid") throw invalid(thrown.message);
    throw thrown;
  }
}

const says = ({ accountId }: AccountRestApis, id: string): string =>
  `Invalid API identifier specified ${accountId}:${id}`;

export function findApi(account: AccountRestApis, id: string): Promise<Live<RestApi>> {
  return findObject(account, restApiKind, { name: id, says: says(account, id) });
}

/** Decides on the spec as it is now. */
export function changeApi(
  account: AccountRestApis,
  id: string,
  decide: (spec: RestApiSpec) => RestApiSpec,
): Promise<RestApi> {
  return changeObject(account, restApiKind, {
    name: id,
    says: says(account, id),
    decide: (live) => ({ ...live, spec: decide(live.spec) }),
  });
}

export function partOf<T>(parts: readonly T[] | undefined, isIt: (part: T) => boolean, message: string): T {
  const found = parts?.find(isIt);
  if (found === undefined) throw missing(message);
  return found;
}

/** The parts with one of them in the place of the one that was there, or without it. */
export function replaced<T>(parts: readonly T[] | undefined, old: T, next: T | null): readonly T[] {
  return (parts ?? []).flatMap((part) => (part !== old ? [part] : next === null ? [] : [next]));
}

export function resourceIn({ resources }: RestApiSpec, id: string): RestResource {
  return partOf(resources, (one) => one.id === id, "Invalid Resource identifier specified");
}

/** A place in the tree: a resource and one of its methods. */
export interface MethodPlace {
  readonly restApiId: string;
  readonly resourceId: string;
  readonly httpMethod: string;
}

export function methodIn(spec: RestApiSpec, { resourceId, httpMethod }: MethodPlace): RestMethod {
  const found = member(resourceIn(spec, resourceId).resourceMethods, httpMethod);
  if (found === undefined) throw missing("Invalid Method identifier specified");
  return found;
}

/** With the method changed; null takes it away. */
export function withMethod(
  spec: RestApiSpec,
  { resourceId, httpMethod }: MethodPlace,
  next: RestMethod | null,
): RestApiSpec {
  const resource = resourceIn(spec, resourceId);
  const { [httpMethod]: _before, ...others } = resource.resourceMethods ?? {};
  const resourceMethods = next === null ? others : { ...others, [httpMethod]: next };
  return { ...spec, resources: replaced(spec.resources, resource, { ...resource, resourceMethods }) };
}

/** The method after the change. */
export async function changeMethod(
  account: AccountRestApis,
  place: MethodPlace,
  decide: (live: RestMethod) => RestMethod,
): Promise<RestMethod> {
  const changed = await changeApi(account, place.restApiId, (spec) =>
    withMethod(spec, place, decide(methodIn(spec, place))),
  );
  return methodIn(changed.spec, place);
}

const PAGE = 25;
const MAX_PAGE = 500;

export interface Paging {
  readonly position?: string;
  readonly limit?: number;
}

/** A page of what there is; the position is the place of the next one. */
export function pageOf<T>(
  all: readonly T[],
  { position, limit = PAGE }: Paging,
): { readonly items: readonly T[]; readonly position?: string } {
  const from = position === undefined ? 0 : Number(Buffer.from(position, "base64url").toString());
  if (!Number.isInteger(from) || from < 0) throw invalid("Invalid position parameter specified");
  const next = from + Math.min(Math.max(1, limit), MAX_PAGE);
  return {
    items: all.slice(from, next),
    ...(next < all.length && { position: Buffer.from(String(next)).toString("base64url") }),
  };
}
