/** What happens with events of asynchronous invocations, of a function, a version or an alias (Lambda API Reference, PutFunctionEventInvokeConfig). */
import { parseArn } from "#base/arn.ts";
import { type FunctionAsynchronous, functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { type Action, action, type Call } from "../action.ts";
import { type AccountFunctions, findFunction, functionKey } from "./account-functions.ts";
import { type FunctionEventInvokeConfig, model } from "./model.gen.ts";
import { arnOf, failure, functionArns, invalid, referenceOf } from "./names.ts";

const LATEST = "$LATEST";

interface Asked {
  readonly FunctionName: string;
  readonly Qualifier?: string;
  readonly MaximumRetryAttempts?: number;
  readonly MaximumEventAgeInSeconds?: number;
  readonly DestinationConfig?: {
    readonly OnSuccess?: { readonly Destination?: string };
    readonly OnFailure?: { readonly Destination?: string };
  };
}

const SERVES = [
  "FunctionName",
  "Qualifier",
  "MaximumRetryAttempts",
  "MaximumEventAgeInSeconds",
  "DestinationConfig.OnSuccess.Destination",
  "DestinationConfig.OnFailure.Destination",
] as const;

export const putFunctionEventInvokeConfig: Action<AccountFunctions> = action(model, "PutFunctionEventInvokeConfig", {
  resources: functionArns,
  serves: SERVES,
  unserved: {},
  run: (account: AccountFunctions, input, call) => set(account, input, { call, before: () => ({}) }),
});

export const updateFunctionEventInvokeConfig: Action<AccountFunctions> = action(
  model,
  "UpdateFunctionEventInvokeConfig",
  {
    resources: functionArns,
    serves: SERVES,
    unserved: {},
    run: (account: AccountFunctions, input, call) =>
      set(account, input, {
        call,
        before: (there, qualifier) => there ?? absent(account, input.FunctionName, qualifier),
      }),
  },
);

interface Setting {
  readonly call: Call;
  /** What the input changes; a put starts from nothing. */
  readonly before: (there: FunctionAsynchronous | undefined, qualifier: string) => FunctionAsynchronous;
}

async function set(
  account: AccountFunctions,
  input: Asked,
  { call, before }: Setting,
): Promise<FunctionEventInvokeConfig> {
  const { fn, name, qualifier } = await found(account, input);
  const settings = settingsIn(input);
  const lastModified = String(call.now);
  const next = { ...before(entryOf(fn, qualifier), qualifier), ...settings, qualifier, lastModified };
  await change(account, name, (entries) => [...entries.filter((one) => qualifierOf(one) !== qualifier), next]);
  return described(account, name, next);
}

/** An empty destination takes away what there was. */
function settingsIn({
  MaximumRetryAttempts: retries,
  MaximumEventAgeInSeconds: age,
  DestinationConfig: to,
}: Asked): FunctionAsynchronous {
  const [onSuccess, onFailure] = [to?.OnSuccess?.Destination, to?.OnFailure?.Destination];
  for (const arn of [onSuccess, onFailure]) checkDestination(arn);
  return {
    ...(retries !== undefined && { maximumRetries: retries }),
    ...(age !== undefined && { maximumAgeSeconds: age }),
    ...(onSuccess !== undefined && { onSuccess }),
    ...(onFailure !== undefined && { onFailure }),
  };
}

const DESTINATIONS: ReadonlySet<string> = new Set(["events", "lambda", "sns", "sqs"]);

function checkDestination(arn: string | undefined): void {
  if (arn === undefined || arn === "") return;
  const service = parseArn(arn)?.service;
  if (service === undefined) throw invalid(`The provided destination config DestinationConfig(${arn}) is invalid.`);
  if (!DESTINATIONS.has(service))
    throw invalid(
      `Destination=${arn} is not supported by Catamaran; destinations are functions, queues, topics and buses`,
    );
}

export const getFunctionEventInvokeConfig: Action<AccountFunctions> = action(model, "GetFunctionEventInvokeConfig", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { fn, name, qualifier } = await found(account, input);
    return described(account, name, entryOf(fn, qualifier) ?? absent(account, name, qualifier));
  },
});

export const deleteFunctionEventInvokeConfig: Action<AccountFunctions> = action(
  model,
  "DeleteFunctionEventInvokeConfig",
  {
    resources: functionArns,
    serves: ["FunctionName", "Qualifier"],
    unserved: {},
    run: async (account: AccountFunctions, input) => {
      const { fn, name, qualifier } = await found(account, input);
      if (entryOf(fn, qualifier) === undefined) absent(account, name, qualifier);
      await change(account, name, (entries) => entries.filter((one) => qualifierOf(one) !== qualifier));
      return {};
    },
  },
);

const PAGE = 50;

export const listFunctionEventInvokeConfigs: Action<AccountFunctions> = action(
  model,
  "ListFunctionEventInvokeConfigs",
  {
    resources: functionArns,
    serves: ["FunctionName", "Marker", "MaxItems"],
    unserved: {},
    run: async (account: AccountFunctions, { FunctionName, Marker = "", MaxItems = PAGE }) => {
      const { fn, name } = await found(account, { FunctionName });
      const left = (fn.spec.asynchronous ?? [])
        .toSorted((a, b) => (qualifierOf(a) < qualifierOf(b) ? -1 : 1))
        .filter((one) => qualifierOf(one) > Marker);
      const page = left.slice(0, MaxItems);
      const last = page.at(-1);
      return {
        FunctionEventInvokeConfigs: page.map((one) => described(account, name, one)),
        ...(last !== undefined && page.length < left.length && { NextMarker: qualifierOf(last) }),
      };
    },
  },
);

interface Found {
  readonly fn: FunctionObject;
  readonly name: string;
  readonly qualifier: string;
}

async function found(account: AccountFunctions, input: Pick<Asked, "FunctionName" | "Qualifier">): Promise<Found> {
  const { name, qualifier = LATEST } = referenceOf(account, input);
  const fn = await findFunction(account, { name, qualifier: undefined });
  return { fn, name, qualifier };
}

async function change(
  account: AccountFunctions,
  name: string,
  decide: (entries: readonly FunctionAsynchronous[]) => readonly FunctionAsynchronous[],
): Promise<void> {
  await account.objects.change(functionKind, functionKey(account, name), (live) => ({
    ...live,
    spec: { ...live.spec, asynchronous: decide(live.spec.asynchronous ?? []) },
  }));
}

function entryOf({ spec }: FunctionObject, qualifier: string): FunctionAsynchronous | undefined {
  return spec.asynchronous?.find((one) => qualifierOf(one) === qualifier);
}

function qualifierOf({ qualifier = LATEST }: FunctionAsynchronous): string {
  return qualifier;
}

function absent(account: AccountFunctions, name: string, qualifier: string): never {
  throw failure(
    "ResourceNotFoundException",
    `The function ${arnOf(account, name, qualifier)} doesn't have an EventInvokeConfig`,
  );
}

function described(account: AccountFunctions, name: string, config: FunctionAsynchronous): FunctionEventInvokeConfig {
  const { onSuccess = "", onFailure = "", lastModified } = config;
  return {
    FunctionArn: arnOf(account, name, qualifierOf(config)),
    ...(lastModified !== undefined && { LastModified: Number(lastModified) }),
    ...(config.maximumRetries !== undefined && { MaximumRetryAttempts: config.maximumRetries }),
    ...(config.maximumAgeSeconds !== undefined && { MaximumEventAgeInSeconds: config.maximumAgeSeconds }),
    DestinationConfig: {
      OnSuccess: onSuccess === "" ? {} : { Destination: onSuccess },
      OnFailure: onFailure === "" ? {} : { Destination: onFailure },
    },
  };
}
