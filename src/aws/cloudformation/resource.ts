/** What the files of resource types are made of: the door's actions, called for whoever works on a stack, and little readers of properties. */
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import type { ResourceType, StackPlace } from "#managed/stack/resource-types.ts";
import { AwsError } from "../aws-error.ts";
import type { InnerDoor } from "../inner-door.ts";
import type { Place } from "../place.ts";
import { coerced } from "./coerced.ts";
import { callerOf } from "./world.ts";

/** An action's output: as its model has it. */
export type Output = Readonly<Record<string, unknown>>;

export interface Actions extends Place {
  /** Throws what the action throws. Members that are undefined are left out. */
  readonly call: (stack: StackPlace, service: string, operation: string, input: Input) => Promise<Output>;
  /** Waits between looks at something that takes a while. */
  readonly sleep: (ms: number) => Promise<void>;
}

export type Input = Readonly<Record<string, Json | undefined>>;

/** The value in a type's file. */
export type TypeOver = (actions: Actions) => ResourceType;

export function actionsOf(door: InnerDoor, place: Place, sleep: Actions["sleep"]): Actions {
  return {
    ...place,
    sleep,
    call: async ({ caller }, service, operation, input) => {
      const typed = coerced(withoutUndefined(input), door.inputOf(service, operation));
      return door.call(callerOf(isJsonObject(caller) ? caller : {}), service, operation, typed as Output);
    },
  };
}

function withoutUndefined(input: Input): JsonObject {
  return Object.fromEntries(Object.entries(input).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** The output, or null where the service says that there is no such thing. */
export async function ifThere<T>(work: () => Promise<T>, ...more: readonly string[]): Promise<T | null> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof AwsError && (isMissing(thrown) || more.includes(thrown.code))) return null;
    throw thrown;
  }
}

function isMissing({ code, status }: AwsError): boolean {
  return status === 404 || /NotFound|NoSuch|NonExistent|DoesNotExist/.test(code);
}

/** Of something that may be there because it was made before and nobody could say so. */
export async function madeOrThere<T>(isAgain: boolean, make: () => Promise<T>, look: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (thrown) {
    if (isAgain && thrown instanceof AwsError && /Exist|Conflict|InUse|Duplicate/.test(thrown.code)) return look();
    throw thrown;
  }
}

export function text(properties: JsonObject, name: string): string | undefined {
  const value = properties[name];
  return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
}

export function objectIn(properties: JsonObject, name: string): JsonObject {
  const value = properties[name];
  return isJsonObject(value) ? value : {};
}

export function listIn(properties: JsonObject, name: string): readonly Json[] {
  const value = properties[name];
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** A text of an output. */
export function said(output: Output | null | undefined, name: string): string {
  const value = output?.[name];
  return typeof value === "string" ? value : "";
}

export function inside(output: Output | null, name: string): Output {
  const value = output?.[name];
  return typeof value === "object" && value !== null ? (value as Output) : {};
}

/** Tags as a map: those of the stack, then the resource's own, which templates write as pairs or as a map. */
export function tagsOf({ tags }: StackPlace, properties: JsonObject): Readonly<Record<string, string>> {
  const own = properties["Tags"];
  const pairs = Array.isArray(own)
    ? (own as readonly Json[])
        .filter(isJsonObject)
        .map((tag): [string, string] => [text(tag, "Key") ?? "", text(tag, "Value") ?? ""])
    : Object.entries(isJsonObject(own) ? own : {}).map(([key, value]): [string, string] => [
        key,
        documentText(value) ?? "",
      ]);
  return { ...tags, ...Object.fromEntries(pairs) };
}

/** As pairs, for services that have them so. */
export function tagPairs(tags: Readonly<Record<string, string>>): readonly JsonObject[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Of a document that an API takes as JSON text and templates write as an object. */
export function documentText(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value);
}

/** The properties of those names that are there. */
export function picked(properties: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name): [string, Json][] => {
      const value = properties[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
