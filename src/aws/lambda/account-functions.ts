/** The functions of one account and region, and the look-ups that actions share. */
import { keyOf } from "#base/key.ts";
import type { Objects } from "#deck/objects.ts";
import type { CodeStore } from "#functions/code-store.ts";
import type { Functions } from "#functions/engine.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import type { Place } from "../place.ts";
import { type FunctionReference, notFound } from "./names.ts";

export interface AccountFunctions extends Place {
  readonly objects: Objects;
  readonly functions: Functions;
  readonly code: CodeStore;
  /** A new UUID. */
  readonly newId: () => string;
  /** The namespace that AWS clients see. */
  readonly namespace: string;
  /** Runtimes that can run here; others are refused by name. */
  readonly runtimes: () => readonly string[];
  /** Where function URLs are reached: "http://127.0.0.1:8080". */
  readonly gatewayUrl: string;
}

export function functionKey(account: AccountFunctions, name: string): string {
  return keyOf(account.namespace, name);
}

/** The function, or ResourceNotFoundException. Only $LATEST exists: versions and aliases are refused as not found. */
export async function findFunction(
  account: AccountFunctions,
  { name, qualifier }: FunctionReference,
): Promise<FunctionObject> {
  const found = await account.objects.get(functionKind, functionKey(account, name));
  if (found === null || (qualifier !== undefined && qualifier !== "$LATEST")) throw notFound(account, name, qualifier);
  return found;
}

/** Changes the function's spec, or says that it is not there. */
export async function changeFunction(
  account: AccountFunctions,
  name: string,
  decide: (live: FunctionObject) => FunctionObject,
): Promise<FunctionObject> {
  const changed = await account.objects.change(functionKind, functionKey(account, name), decide);
  return changed ?? findFunction(account, { name, qualifier: undefined });
}
