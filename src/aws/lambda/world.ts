/** What the Lambda actions work on, and the names and look-ups that they share. */
import { keyOf } from "#base/key.ts";
import type { Objects } from "#deck/objects.ts";
import type { CodeStore } from "#functions/code-store.ts";
import type { Functions } from "#functions/engine.ts";
import { functionKind, type FunctionObject } from "#kinds/function.ts";
import { AwsError } from "../aws-error.ts";

export interface LambdaWorld {
  readonly objects: Objects;
  readonly functions: Functions;
  readonly code: CodeStore;
  readonly accountId: string;
  readonly region: string;
  /** The namespace that AWS clients see. */
  readonly namespace: string;
  /** Runtimes that can run here; others are refused by name. */
  readonly runtimes: () => readonly string[];
  /** Where function URLs are reached: "http://127.0.0.1:8080". */
  readonly gatewayUrl: string;
}

export interface FunctionReference {
  readonly name: string;
  readonly qualifier: string | undefined;
}

const NAME = /^[a-zA-Z0-9-_]{1,64}$/;
const ARN =
  /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:|\d{12}:)?function:([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

/** A function's name, partial ARN or ARN, with or without qualifier (Lambda API, "FunctionName"). */
export function functionReference(text: string, qualifier?: string): FunctionReference {
  const arn = ARN.exec(text);
  if (arn !== null) return { name: arn[1] ?? "", qualifier: qualifier ?? arn[2] };
  const [name = "", suffix, ...rest] = text.split(":");
  if (!NAME.test(name) || rest.length > 0) {
    throw new AwsError(
      "ValidationException",
      400,
      `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?`,
    );
  }
  return { name, qualifier: qualifier ?? suffix };
}

export function arnOf(world: LambdaWorld, name: string, qualifier?: string): string {
  const arn = `arn:aws:lambda:${world.region}:${world.accountId}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

export function functionKey(world: LambdaWorld, name: string): string {
  return keyOf(world.namespace, name);
}

export function notFound(world: LambdaWorld, name: string, qualifier?: string): AwsError {
  return new AwsError("ResourceNotFoundException", 404, `Function not found: ${arnOf(world, name, qualifier)}`);
}

/** The function, or ResourceNotFoundException. Only $LATEST exists: versions and aliases are refused as not found. */
export async function findFunction(
  world: LambdaWorld,
  { name, qualifier }: FunctionReference,
): Promise<FunctionObject> {
  const found = await world.objects.get(functionKind, functionKey(world, name));
  if (found === null || (qualifier !== undefined && qualifier !== "$LATEST")) throw notFound(world, name, qualifier);
  return found;
}

/** Changes the function's spec, or says that it is not there. */
export async function changeFunction(
  world: LambdaWorld,
  name: string,
  decide: (live: FunctionObject) => FunctionObject,
): Promise<FunctionObject> {
  const changed = await world.objects.change(functionKind, functionKey(world, name), decide);
  return changed ?? findFunction(world, { name, qualifier: undefined });
}
