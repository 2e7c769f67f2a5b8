/** GetFunction, GetFunctionConfiguration, ListFunctions and ListVersionsByFunction. */
import { given } from "#base/given.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { type Configured, functionVersionKind, publishedAs } from "#kinds/catamaran/function-version.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, findConfigured, findFunction, versionsOf } from "./account-functions.ts";
import { codeLocation } from "./code-location.ts";
import { configurationOf, listedOf } from "./configuration.ts";
import { model } from "./model.gen.ts";
import { functionArns, referenceOf } from "./names.ts";
import { pageOf } from "./pages.ts";

export const getFunction: Action<AccountFunctions> = action(model, "GetFunction", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input, call) => {
    const reference = referenceOf(account, input);
    const { fn, configured } = await findConfigured(account, reference);
    const { reservedConcurrency, tags } = fn.spec;
    const { sha256 } = configured.spec.code;
    return given({
      Configuration: configurationOf(account, configured, reference.qualifier),
      Code: { RepositoryType: "S3", Location: codeLocation(account.region, sha256, call) },
      Tags: tags === undefined || Object.keys(tags).length === 0 ? undefined : tags,
      Concurrency:
        reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: reservedConcurrency },
    });
  },
});

export const getFunctionConfiguration: Action<AccountFunctions> = action(model, "GetFunctionConfiguration", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const reference = referenceOf(account, input);
    const { configured } = await findConfigured(account, reference);
    return configurationOf(account, configured, reference.qualifier);
  },
});

export const listFunctions: Action<AccountFunctions> = action(model, "ListFunctions", {
  serves: ["MasterRegion", "FunctionVersion", "Marker", "MaxItems"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { MasterRegion = "ALL", FunctionVersion } = input;
    if (MasterRegion !== "ALL" && MasterRegion !== account.region) return { Functions: [] };
    const all = FunctionVersion === "ALL" ? await everyVersion(account) : await newest(account);
    const { items, marker } = pageOf(all, placeOf, input);
    const qualifier = (one: Configured): string | undefined => (FunctionVersion === "ALL" ? numberOf(one) : undefined);
    return { Functions: items.map((one) => listedOf(account, one, qualifier(one))), ...marker };
  },
});

/** Of the function's newest state, then by number. */
export const listVersionsByFunction: Action<AccountFunctions> = action(model, "ListVersionsByFunction", {
  resources: functionArns,
  serves: ["FunctionName", "Marker", "MaxItems"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name } = referenceOf(account, input);
    const fn = await findFunction(account, { name, qualifier: undefined });
    const all: readonly Configured[] = [fn, ...(await versionsOf(account, name))];
    const { items, marker } = pageOf(all, placeOf, input);
    return { Versions: items.map((one) => listedOf(account, one, numberOf(one))), ...marker };
  },
});

async function newest(account: AccountFunctions): Promise<readonly Configured[]> {
  using view = account.objects.view(functionKind, { namespace: account.namespace });
  await view.synced;
  return view.list(account.namespace).toSorted(byPlace);
}

async function everyVersion(account: AccountFunctions): Promise<readonly Configured[]> {
  using view = account.objects.view(functionVersionKind, { namespace: account.namespace });
  await view.synced;
  return [...(await newest(account)), ...view.list(account.namespace)].toSorted(byPlace);
}

function byPlace(a: Configured, b: Configured): number {
  return placeOf(a) < placeOf(b) ? -1 : 1;
}

// As many digits as a safe integer has, so that texts stand in the order of the numbers.
const DIGITS = 16;

function placeOf(one: Configured): string {
  const published = publishedAs(one);
  // A blank stands before everything that names are made of, so that "f" comes before "f-2".
  return `${published?.function ?? one.metadata.name} ${String(published?.version ?? 0).padStart(DIGITS, "0")}`;
}

function numberOf(one: Configured): string {
  return String(publishedAs(one)?.version ?? "$LATEST");
}
