/** GetFunction, GetFunctionConfiguration, ListFunctions and ListVersionsByFunction. */
import { given } from "#base/given.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, findFunction } from "./account-functions.ts";
import { codeLocation } from "./code-location.ts";
import { configurationOf } from "./configuration.ts";
import { model } from "./model.gen.ts";
import { functionArns, invalid, referenceOf } from "./names.ts";

export const getFunction: Action<AccountFunctions> = action(model, "GetFunction", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input, call) => {
    const reference = referenceOf(account, input);
    const fn = await findFunction(account, reference);
    const { reservedConcurrency, tags, code } = fn.spec;
    return given({
      Configuration: configurationOf(account, fn, reference.qualifier),
      Code: { RepositoryType: "S3", Location: codeLocation(account.region, code.sha256, call) },
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
    return configurationOf(account, await findFunction(account, reference), reference.qualifier);
  },
});

// Lambda API Reference, ListFunctions: "returns a maximum of 50 items in each response, even if you set the number higher".
const MAX_PAGE = 50;

export const listFunctions: Action<AccountFunctions> = action(model, "ListFunctions", {
  serves: ["MasterRegion", "FunctionVersion", "Marker", "MaxItems"],
  unserved: {},
  run: async (account: AccountFunctions, { MasterRegion = "ALL", FunctionVersion, Marker, MaxItems = MAX_PAGE }) => {
    if (MasterRegion !== "ALL" && MasterRegion !== account.region) return { Functions: [] };
    using view = account.objects.view(functionKind, { namespace: account.namespace });
    await view.synced;
    const all = view.list(account.namespace).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const after = markerName(Marker);
    const rest = after === undefined ? all : all.filter((fn) => fn.metadata.name > after);
    const page = rest.slice(0, Math.min(MaxItems, MAX_PAGE));
    const last = page.length < rest.length ? page.at(-1)?.metadata.name : undefined;
    const version = FunctionVersion === "ALL" ? "$LATEST" : undefined;
    return given({
      Functions: page.map((fn) => configurationOf(account, fn, version)),
      NextMarker: last === undefined ? undefined : Buffer.from(last).toString("base64url"),
    });
  },
});

function markerName(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const name = Buffer.from(marker, "base64url").toString();
  if (!/^[\w-]{1,64}$/.test(name)) throw invalid("Invalid value for parameter Marker");
  return name;
}

/** The only version there is, on the only page, which has room for any number of MaxItems. */
export const listVersionsByFunction: Action<AccountFunctions> = action(model, "ListVersionsByFunction", {
  resources: functionArns,
  serves: ["FunctionName", "Marker", "MaxItems"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const fn = await findFunction(account, referenceOf(account, input));
    return { Versions: input.Marker === undefined ? [configurationOf(account, fn, "$LATEST")] : [] };
  },
});
