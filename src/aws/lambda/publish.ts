/** PublishVersion, and the publishing that comes with a new function or an update. */
import { activated } from "#functions/lifecycle.ts";
import { functionKind, type FunctionObject, type FunctionSpec, UPDATED_AT } from "#kinds/catamaran/function.ts";
import {
  type FunctionVersion,
  functionVersionKind,
  type FunctionVersionSpec,
  versionName,
} from "#kinds/catamaran/function-version.ts";
import type { Live } from "#kinds/object.ts";
import { controllerReference } from "#kinds/owners.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, findFunction, functionKey } from "./account-functions.ts";
import { checkUpdate } from "./conditions.ts";
import { configurationOf, idOf, lambdaTime, lastModified } from "./configuration.ts";
import { model } from "./model.gen.ts";
import { functionArns, invalid, notFound, referenceOf } from "./names.ts";

export const publishVersion: Action<AccountFunctions> = action(model, "PublishVersion", {
  resources: functionArns,
  serves: ["FunctionName", "CodeSha256", "Description", "RevisionId"],
  unserved: { PublishTo: "leave it out: there are no managed instances" },
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    const fn = await findFunction(account, { name, qualifier: undefined });
    checkUpdate(account, fn, input.RevisionId);
    const { CodeSha256: expected } = input;
    const { sha256 } = fn.spec.code;
    if (expected !== undefined && expected !== "" && expected !== sha256)
      throw invalid(
        `CodeSHA256 (${expected}) is different from current CodeSHA256 in $LATEST (${sha256}). Please try again with the CodeSHA256 in $LATEST.`,
      );
    const { Description: description } = input;
    const version = await publish(account, fn, { ...(description !== undefined && { description }) });
    const ready = fn.status?.state === "Active" ? await activate(account, version, now) : version;
    return configurationOf(account, ready, String(version.spec.version));
  },
});

/** What is newest of a function as its next version; the last version again when nothing has changed since. */
export async function publish(
  account: AccountFunctions,
  fn: Live<FunctionObject>,
  { description }: { readonly description?: string } = {},
): Promise<Live<FunctionVersion>> {
  const last = await lastVersion(account, fn);
  if (last !== null && last.spec.publishedFrom === digestOf(fn.spec)) return last;
  const { name } = fn.metadata;
  // The number is taken first: it is never given twice, though a crash may leave one out.
  const numbered = await account.objects.change(functionKind, functionKey(account, name), counted, {
    subresource: "status",
  });
  if (numbered === null) throw notFound(account, name);
  return account.objects.create(functionVersionKind, versionObject(numbered, description));
}

async function lastVersion(account: AccountFunctions, fn: FunctionObject): Promise<Live<FunctionVersion> | null> {
  const number = fn.status?.lastVersion;
  if (number === undefined) return null;
  return account.objects.get(functionVersionKind, functionKey(account, versionName(fn.metadata.name, number)));
}

function counted(live: Live<FunctionObject>): FunctionObject {
  return { ...live, status: { ...live.status, lastVersion: (live.status?.lastVersion ?? 0) + 1 } };
}

function versionObject(fn: Live<FunctionObject>, description: string | undefined): FunctionVersion {
  const { name, namespace } = fn.metadata;
  const version = fn.status?.lastVersion ?? 1;
  const spec: FunctionVersionSpec = {
    function: name,
    version,
    ...configurationIn(fn.spec),
    ...(description !== undefined && { description }),
    publishedFrom: digestOf(fn.spec),
  };
  return {
    apiVersion: "catamaran.dev/v1",
    kind: "FunctionVersion",
    metadata: {
      name: versionName(name, version),
      ...(namespace !== undefined && { namespace }),
      annotations: { [UPDATED_AT]: lastModified(fn) },
      ownerReferences: [controllerReference(functionKind, fn)],
    },
    spec,
  };
}

/** A function that runs has its code ready, and so has the version. */
async function activate(
  account: AccountFunctions,
  version: Live<FunctionVersion>,
  now: number,
): Promise<FunctionVersion> {
  const key = functionKey(account, version.metadata.name);
  const changed = await account.objects.change(
    functionVersionKind,
    key,
    (live) => (live.status?.state === undefined ? { ...live, status: activated(live, lambdaTime(now)) } : null),
    { subresource: "status" },
  );
  return changed ?? (await account.objects.get(functionVersionKind, key)) ?? version;
}

function digestOf(spec: FunctionSpec): string {
  return idOf([configurationIn(spec)]);
}

function configurationIn(
  spec: FunctionSpec,
): Omit<FunctionSpec, "url" | "tags" | "reservedConcurrency" | "policy" | "recursiveLoop"> {
  const {
    url: _url,
    tags: _tags,
    reservedConcurrency: _reserved,
    policy: _policy,
    recursiveLoop: _loop,
    ...configuration
  } = spec;
  return configuration;
}
