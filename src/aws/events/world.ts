/** What the EventBridge actions work on, how buses, rules, archives and replays are named outside, and the errors about them. */
import { parseArn } from "#base/arn.ts";
import { Fault } from "#base/fault.ts";
import type { Archive } from "#kinds/catamaran/archive.ts";
import type { EventBus } from "#kinds/catamaran/event-bus.ts";
import { busOf, DEFAULT_BUS, type Rule, ruleName } from "#kinds/catamaran/rule.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Buses } from "#managed/bus/buses.ts";
import type { Replays } from "#managed/bus/replays.ts";
import { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf } from "../service-error.ts";
import { model } from "./model.gen.ts";

export interface BusWorld extends Place {
  readonly buses: Buses;
  readonly replays: Replays;
  readonly namespace: string;
  readonly newId: () => string;
  /** The services whose ARNs can be targets. */
  readonly targetServices: ReadonlySet<string>;
}

export const failure: ReturnType<typeof errorsOf<typeof model extends { readonly errors?: infer E } ? E : never>> =
  errorsOf(model);

export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", 400, message);
}

function arnOf({ region, accountId }: Place, resource: string): string {
  return `arn:aws:events:${region}:${accountId}:${resource}`;
}

export function busArn(place: Place, name: string): string {
  return arnOf(place, `event-bus/${name}`);
}

export function ruleArn(place: Place, bus: string, rule: string): string {
  return arnOf(place, bus === DEFAULT_BUS ? `rule/${rule}` : `rule/${bus}/${rule}`);
}

export function arnOfRule(place: Place, rule: Rule): string {
  return ruleArn(place, busOf(rule), ruleName(rule));
}

export function archiveArn(place: Place, name: string): string {
  return arnOf(place, `archive/${name}`);
}

export function replayArn(place: Place, name: string): string {
  return arnOf(place, `replay/${name}`);
}

/** The name that a name or an ARN of a bus gives. */
export function busName(nameOrArn: string = DEFAULT_BUS): string {
  const arn = parseArn(nameOrArn);
  return arn === null ? nameOrArn : arn.resource.slice(arn.resource.lastIndexOf("/") + 1);
}

/** AwsError: ResourceNotFound. */
export async function busAt(world: BusWorld, nameOrArn: string | undefined): Promise<EventBus> {
  const arn = parseArn(nameOrArn ?? "");
  const name = busName(nameOrArn);
  const isOurs = arn === null || (arn.accountId === world.accountId && arn.region === world.region);
  const found = isOurs ? await world.buses.find(world.namespace, name) : null;
  if (found === null) throw failure("ResourceNotFoundException", `Event bus ${name} does not exist.`);
  return found;
}

export async function ruleAt(world: BusWorld, bus: string | undefined, name: string): Promise<Rule> {
  const { metadata } = await busAt(world, bus);
  const found = await world.buses.findRule(world.namespace, metadata.name, name);
  if (found === null)
    throw failure("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${metadata.name}.`);
  return found;
}

export async function archiveAt(world: BusWorld, name: string): Promise<Archive> {
  const found = await world.buses.findArchive(world.namespace, name);
  if (found === null) throw failure("ResourceNotFoundException", `Archive ${name} does not exist.`);
  return found;
}

/** A rule or a bus, by its ARN: what has tags. */
export async function taggedAt(world: BusWorld, arn: string): Promise<TaggedObject> {
  const [kind, ...path] = (parseArn(arn)?.resource ?? "").split("/");
  const [last = "", bus] = path.toReversed();
  if (kind === "event-bus") return { is: "bus", object: await busAt(world, last) };
  if (kind === "rule") return { is: "rule", object: await ruleAt(world, bus, last) };
  throw invalid(`Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`);
}

export type TaggedObject =
  | { readonly is: "bus"; readonly object: EventBus }
  | { readonly is: "rule"; readonly object: Rule };

/** What the kinds' own rules say against an object. */
export async function inBusWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault && (thrown.code === "Invalid" || thrown.code === "BadRequest"))
      throw invalid(thrown.message);
    throw thrown;
  }
}

export function createdMs({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

const PAGE = 100;

/** Of names in order; the token is the last of the page before. */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  { NextToken: token, Limit: limit = PAGE }: { readonly NextToken?: string; readonly Limit?: number },
): { readonly page: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString();
  const left = all.filter((one) => nameOf(one) > after);
  const page = left.slice(0, limit);
  const last = page.at(-1);
  const isMore = last !== undefined && left.length > page.length;
  return { page, next: isMore ? { NextToken: Buffer.from(nameOf(last)).toString("base64url") } : {} };
}
