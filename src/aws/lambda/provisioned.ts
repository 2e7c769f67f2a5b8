/** PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, DeleteProvisionedConcurrencyConfig and ListProvisionedConcurrencyConfigs. */
import { LAMBDA_LIMITS } from "#functions/concurrency.ts";
import { aliasName, type FunctionAlias, functionAliasKind } from "#kinds/catamaran/function-alias.ts";
import { type FunctionVersion, functionVersionKind, versionName } from "#kinds/catamaran/function-version.ts";
import type { Live } from "#kinds/object.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountFunctions,
  aliasesOf,
  findAlias,
  findFunction,
  functionKey,
  versionsOf,
} from "./account-functions.ts";
import { lambdaTime } from "./configuration.ts";
import { type GetProvisionedConcurrencyConfigResponse, model } from "./model.gen.ts";
import { arnOf, failure, type FunctionReference, functionArns, invalid, notFound, referenceOf } from "./names.ts";
import { pageOf } from "./pages.ts";

type Owner = Live<FunctionVersion> | Live<FunctionAlias>;

/** When it was asked for. */
const PROVISIONED_AT = "catamaran.dev/provisioned-at";

export const putProvisionedConcurrencyConfig: Action<AccountFunctions> = action(
  model,
  "PutProvisionedConcurrencyConfig",
  {
    resources: functionArns,
    serves: ["FunctionName", "Qualifier", "ProvisionedConcurrentExecutions"],
    unserved: {},
    run: async (account: AccountFunctions, input, { now }) => {
      const reference = referenceOf(account, input);
      if (reference.qualifier === "$LATEST")
        throw invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
      const owner = await existing(account, reference);
      const requested = input.ProvisionedConcurrentExecutions;
      await checkFree(account, reference.name, owner);
      await checkLimits(account, reference.name, requested);
      const changed = await change(account, owner, { count: requested, at: lambdaTime(now) });
      return {
        RequestedProvisionedConcurrentExecutions: requested,
        AvailableProvisionedConcurrentExecutions: 0,
        AllocatedProvisionedConcurrentExecutions: 0,
        Status: "IN_PROGRESS",
        LastModified: lastModified(changed ?? owner),
      } as const;
    },
  },
);

export const getProvisionedConcurrencyConfig: Action<AccountFunctions> = action(
  model,
  "GetProvisionedConcurrencyConfig",
  {
    resources: functionArns,
    serves: ["FunctionName", "Qualifier"],
    unserved: {},
    run: async (account: AccountFunctions, input) => {
      const reference = publishedOnly(referenceOf(account, input));
      const owner = await existing(account, reference);
      if (owner.spec.provisionedConcurrency === undefined)
        throw failure(
          "ProvisionedConcurrencyConfigNotFoundException",
          "No Provisioned Concurrency Config found for this function",
        );
      return described(account, reference.name, owner);
    },
  },
);

export const deleteProvisionedConcurrencyConfig: Action<AccountFunctions> = action(
  model,
  "DeleteProvisionedConcurrencyConfig",
  {
    resources: functionArns,
    serves: ["FunctionName", "Qualifier"],
    unserved: {},
    run: async (account: AccountFunctions, input) => {
      const reference = publishedOnly(referenceOf(account, input));
      await change(account, await existing(account, reference), null);
      return {};
    },
  },
);

export const listProvisionedConcurrencyConfigs: Action<AccountFunctions> = action(
  model,
  "ListProvisionedConcurrencyConfigs",
  {
    resources: functionArns,
    serves: ["FunctionName", "Marker", "MaxItems"],
    unserved: {},
    run: async (account: AccountFunctions, input) => {
      const { name } = referenceOf(account, input);
      await findFunction(account, { name, qualifier: undefined });
      const owners: readonly Owner[] = [...(await versionsOf(account, name)), ...(await aliasesOf(account, name))];
      const configured = owners.filter(({ spec }) => spec.provisionedConcurrency !== undefined);
      const sorted = configured.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
      const { items, marker } = pageOf(sorted, ({ metadata }) => metadata.name, input);
      const ProvisionedConcurrencyConfigs = items.map((owner) => ({
        FunctionArn: arnOf(account, name, qualifierOf(owner)),
        ...described(account, name, owner),
      }));
      return { ProvisionedConcurrencyConfigs, ...marker };
    },
  },
);

function publishedOnly(reference: FunctionReference): FunctionReference {
  if (reference.qualifier !== "$LATEST") return reference;
  throw invalid("The function resource provided must be an alias or a published version.");
}

async function existing(account: AccountFunctions, { name, qualifier = "" }: FunctionReference): Promise<Owner> {
  if (/^\d+$/.test(qualifier)) {
    const version = await account.objects.get(functionVersionKind, functionKey(account, versionName(name, qualifier)));
    if (version === null) throw notFound(account, name, qualifier);
    return version;
  }
  const alias = await findAlias(account, name, qualifier);
  if (alias !== null) return alias;
  throw failure("ResourceNotFoundException", `Cannot find alias arn: ${arnOf(account, name, qualifier)}`);
}

function isAlias(owner: Owner): owner is Live<FunctionAlias> {
  return "alias" in owner.spec;
}

function qualifierOf(owner: Owner): string {
  return isAlias(owner) ? owner.spec.alias : String(owner.spec.version);
}

/** A version is provisioned by itself or by an alias. */
async function checkFree(account: AccountFunctions, name: string, owner: Owner): Promise<void> {
  const { version } = owner.spec;
  if (isAlias(owner)) {
    const key = functionKey(account, versionName(name, version));
    const target = await account.objects.get(functionVersionKind, key);
    if (target?.spec.provisionedConcurrency !== undefined)
      throw failure(
        "ResourceConflictException",
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
      );
    return;
  }
  const aliases = await aliasesOf(account, name);
  if (aliases.some(({ spec }) => spec.version === String(version) && spec.provisionedConcurrency !== undefined))
    throw failure("ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias");
}

async function checkLimits(account: AccountFunctions, name: string, requested: number): Promise<void> {
  const { reservedConcurrency } = (await findFunction(account, { name, qualifier: undefined })).spec;
  const { account: all, unreservedMinimum } = LAMBDA_LIMITS;
  if (reservedConcurrency !== undefined) {
    if (requested > reservedConcurrency)
      throw invalid(
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
      );
    return;
  }
  if (requested > all)
    throw invalid(
      `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${all}].`,
    );
  if (requested > all - unreservedMinimum)
    throw invalid(
      `Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedMinimum}].`,
    );
}

interface Asked {
  readonly count: number;
  readonly at: string;
}

function change(account: AccountFunctions, owner: Owner, asked: Asked | null): Promise<Owner | null> {
  const key = functionKey(account, owner.metadata.name);
  return isAlias(owner)
    ? account.objects.change(
        functionAliasKind,
        functionKey(account, aliasName(owner.spec.function, owner.spec.alias)),
        (live) => withCount(live, asked),
      )
    : account.objects.change(functionVersionKind, key, (live) => withCount(live, asked));
}

function withCount<T extends FunctionVersion | FunctionAlias>(live: T, asked: Asked | null): T {
  const { provisionedConcurrency: _before, ...spec } = live.spec;
  if (asked === null) return { ...live, spec };
  const annotations = { ...live.metadata.annotations, [PROVISIONED_AT]: asked.at };
  return {
    ...live,
    metadata: { ...live.metadata, annotations },
    spec: { ...spec, provisionedConcurrency: asked.count },
  };
}

function lastModified({ metadata }: Owner): string {
  return metadata.annotations?.[PROVISIONED_AT] ?? metadata.creationTimestamp ?? "";
}

/** An alias shows what its version has. */
function described(account: AccountFunctions, name: string, owner: Owner): GetProvisionedConcurrencyConfigResponse {
  const requested = owner.spec.provisionedConcurrency ?? 0;
  const state = account.functions.provisioned(account.namespace, name, String(owner.spec.version));
  const available = Math.min(requested, state?.available ?? 0);
  const failed = state?.failure ?? null;
  const shown = {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: available,
    AllocatedProvisionedConcurrentExecutions: available,
    LastModified: lastModified(owner),
  };
  if (available === requested) return { ...shown, Status: "READY" };
  if (failed === null) return { ...shown, Status: "IN_PROGRESS" };
  return { ...shown, Status: "FAILED", StatusReason: `FUNCTION_ERROR_INIT_FAILURE: ${failed}` };
}
