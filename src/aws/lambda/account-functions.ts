/** The functions of one account and region, and the look-ups that actions share. */
import { keyOf } from "#base/key.ts";
import type { Objects } from "#deck/objects.ts";
import type { CodeStore } from "#functions/code-store.ts";
import type { Functions } from "#functions/engine.ts";
import { aliasName, type FunctionAlias, functionAliasKind } from "#kinds/catamaran/function-alias.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import {
  type Configured,
  type FunctionVersion,
  functionVersionKind,
  versionName,
} from "#kinds/catamaran/function-version.ts";
import type { Live } from "#kinds/object.ts";
import type { Tables } from "#managed/table/tables.ts";
import type { Place } from "../place.ts";
import type { ReadObject } from "./bucket-objects.ts";
import { type FunctionReference, notFound } from "./names.ts";

export interface AccountFunctions extends Place {
  readonly objects: Objects;
  readonly functions: Functions;
  /** Whose streams functions may be run with. */
  readonly tables: Tables;
  readonly code: CodeStore;
  /** Where packages may come from. */
  readonly readObject: ReadObject;
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

/** The function itself, or ResourceNotFoundException: a version or an alias is not found here. */
export async function findFunction(
  account: AccountFunctions,
  { name, qualifier }: FunctionReference,
): Promise<Live<FunctionObject>> {
  const found = await account.objects.get(functionKind, functionKey(account, name));
  if (found === null || (qualifier !== undefined && qualifier !== "$LATEST")) throw notFound(account, name, qualifier);
  return found;
}

/** What a function is, as one qualifier of it says. */
export interface Found {
  readonly fn: Live<FunctionObject>;
  /** The function's newest state, a version, or the first version of an alias. */
  readonly configured: Live<Configured>;
}

/** Whatever a reference names, or ResourceNotFoundException. */
export async function findConfigured(account: AccountFunctions, reference: FunctionReference): Promise<Found> {
  const { name, qualifier = "$LATEST" } = reference;
  const fn = await account.objects.get(functionKind, functionKey(account, name));
  if (fn === null) throw notFound(account, name, reference.qualifier);
  const version = isVersion(qualifier) ? qualifier : (await findAlias(account, name, qualifier))?.spec.version;
  const configured = version === undefined ? null : await findVersion(account, fn, version);
  if (configured === null) throw notFound(account, name, qualifier);
  return { fn, configured };
}

export function isVersion(qualifier: string): boolean {
  return qualifier === "$LATEST" || /^\d+$/.test(qualifier);
}

export async function findVersion(
  account: AccountFunctions,
  fn: Live<FunctionObject>,
  version: string,
): Promise<Live<Configured> | null> {
  if (version === "$LATEST") return fn;
  return account.objects.get(functionVersionKind, functionKey(account, versionName(fn.metadata.name, version)));
}

export async function findAlias(
  account: AccountFunctions,
  name: string,
  alias: string,
): Promise<Live<FunctionAlias> | null> {
  return account.objects.get(functionAliasKind, functionKey(account, aliasName(name, alias)));
}

/** In the order of their numbers. */
export async function versionsOf(account: AccountFunctions, name: string): Promise<readonly Live<FunctionVersion>[]> {
  using view = account.objects.view(functionVersionKind, { namespace: account.namespace });
  await view.synced;
  const own = view.list(account.namespace).filter(({ spec }) => spec.function === name);
  return own.toSorted((a, b) => a.spec.version - b.spec.version);
}

/** In the order of their names. */
export async function aliasesOf(account: AccountFunctions, name: string): Promise<readonly Live<FunctionAlias>[]> {
  using view = account.objects.view(functionAliasKind, { namespace: account.namespace });
  await view.synced;
  const own = view.list(account.namespace).filter(({ spec }) => spec.function === name);
  return own.toSorted((a, b) => (a.spec.alias < b.spec.alias ? -1 : 1));
}

/** Changes the function's spec, or says that it is not there. */
export async function changeFunction(
  account: AccountFunctions,
  name: string,
  decide: (live: Live<FunctionObject>) => FunctionObject,
): Promise<Live<FunctionObject>> {
  const changed = await account.objects.change(functionKind, functionKey(account, name), decide);
  return changed ?? findFunction(account, { name, qualifier: undefined });
}
