/** What the Lambda actions work on, and the look-ups that they share. */
import { keyOf } from "#base/key.ts";
import type { Objects } from "#deck/objects.ts";
import type { CodeStore } from "#functions/code-store.ts";
import type { Functions } from "#functions/engine.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { type FunctionReference, notFound } from "./names.ts";

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

export function functionKey(world: LambdaWorld, name: string): string {
  return keyOf(world.namespace, name);
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
