/** CreateAlias, GetAlias, UpdateAlias, DeleteAlias and ListAliases. */
import { Fault } from "#base/fault.ts";
import {
  aliasName,
  type FunctionAlias,
  functionAliasKind,
  type FunctionAliasSpec,
} from "#kinds/catamaran/function-alias.ts";
import { functionKind, type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Live } from "#kinds/object.ts";
import { controllerReference } from "#kinds/owners.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountFunctions,
  aliasesOf,
  findAlias,
  findFunction,
  findVersion,
  functionKey,
} from "./account-functions.ts";
import { idOf, lambdaTime } from "./configuration.ts";
import { type AliasConfiguration, type AliasRoutingConfiguration, model } from "./model.gen.ts";
import { arnOf, failure, functionArns, invalid, notFound, referenceOf, staleRevision } from "./names.ts";
import { pageOf } from "./pages.ts";

export const createAlias: Action<AccountFunctions> = action(model, "CreateAlias", {
  resources: functionArns,
  serves: ["FunctionName", "Name", "FunctionVersion", "Description", "RoutingConfig"],
  unserved: {},
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    const fn = await aliased(account, name, input.FunctionVersion);
    const spec: FunctionAliasSpec = {
      function: name,
      alias: input.Name,
      version: input.FunctionVersion,
      description: input.Description ?? "",
      ...(await additionalOf(account, fn, { version: input.FunctionVersion, routing: input.RoutingConfig })),
    };
    const object = aliasObject(fn, spec, now);
    try {
      return described(account, await account.objects.create(functionAliasKind, object));
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "AlreadyExists")
        throw failure("ResourceConflictException", `Alias already exists: ${arnOf(account, name, input.Name)}`);
      throw thrown;
    }
  },
});

export const getAlias: Action<AccountFunctions> = action(model, "GetAlias", {
  resources: functionArns,
  serves: ["FunctionName", "Name"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name } = referenceOf(account, input);
    await findFunction(account, { name, qualifier: undefined });
    const alias = await findAlias(account, name, input.Name);
    if (alias !== null) return described(account, alias);
    throw failure("ResourceNotFoundException", `Cannot find alias arn: ${arnOf(account, name, input.Name)}`);
  },
});

export const updateAlias: Action<AccountFunctions> = action(model, "UpdateAlias", {
  resources: functionArns,
  serves: ["FunctionName", "Name", "FunctionVersion", "Description", "RoutingConfig", "RevisionId"],
  unserved: {},
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    await findFunction(account, { name, qualifier: undefined });
    const missing = failure("ResourceNotFoundException", `Alias not found: ${arnOf(account, name, input.Name)}`);
    const before = await findAlias(account, name, input.Name);
    if (before === null) throw missing;
    const { FunctionVersion: version = before.spec.version, RoutingConfig: routing } = input;
    const fn = await aliased(account, name, version);
    const additional = routing === undefined ? null : await additionalOf(account, fn, { version, routing });
    const changed = await account.objects.change(
      functionAliasKind,
      functionKey(account, before.metadata.name),
      (live) => {
        if (input.RevisionId !== undefined && input.RevisionId !== aliasRevisionId(live)) throw staleRevision();
        const { additional: kept, ...rest } = live.spec;
        return {
          ...live,
          metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, [UPDATED_AT]: lambdaTime(now) } },
          spec: {
            ...rest,
            version,
            ...(input.Description !== undefined && { description: input.Description }),
            ...(additional ?? (kept && { additional: kept })),
          },
        };
      },
    );
    if (changed === null) throw missing;
    return described(account, changed);
  },
});

export const deleteAlias: Action<AccountFunctions> = action(model, "DeleteAlias", {
  resources: functionArns,
  serves: ["FunctionName", "Name"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name } = referenceOf(account, input);
    await findFunction(account, { name, qualifier: undefined });
    // One that is not there is deleted already.
    await account.objects.remove(functionAliasKind, functionKey(account, aliasName(name, input.Name)));
    return {};
  },
});

export const listAliases: Action<AccountFunctions> = action(model, "ListAliases", {
  resources: functionArns,
  serves: ["FunctionName", "FunctionVersion", "Marker", "MaxItems"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name } = referenceOf(account, input);
    await findFunction(account, { name, qualifier: undefined });
    const { FunctionVersion: version } = input;
    const all = await aliasesOf(account, name);
    const wanted = version === undefined ? all : all.filter(({ spec }) => spec.version === version);
    const { items, marker } = pageOf(wanted, ({ spec }) => spec.alias, input);
    return { Aliases: items.map((alias) => described(account, alias)), ...marker };
  },
});

/** The function, which has the version. */
async function aliased(account: AccountFunctions, name: string, version: string): Promise<Live<FunctionObject>> {
  const fn = await account.objects.get(functionKind, functionKey(account, name));
  if (fn === null || (await findVersion(account, fn, version)) === null) throw notFound(account, name, version);
  return fn;
}

function aliasObject(fn: Live<FunctionObject>, spec: FunctionAliasSpec, now: number): FunctionAlias {
  return {
    apiVersion: "catamaran.dev/v1",
    kind: "FunctionAlias",
    metadata: {
      name: aliasName(spec.function, spec.alias),
      ...(fn.metadata.namespace !== undefined && { namespace: fn.metadata.namespace }),
      annotations: { [UPDATED_AT]: lambdaTime(now) },
      ownerReferences: [controllerReference(functionKind, fn)],
    },
    spec,
  };
}

interface Routed {
  readonly version: string;
  readonly routing: AliasRoutingConfiguration | undefined;
}

/** The second version of an alias; none when the routing says none. */
async function additionalOf(
  account: AccountFunctions,
  fn: Live<FunctionObject>,
  { version, routing }: Routed,
): Promise<Pick<FunctionAliasSpec, "additional">> {
  const weights = Object.entries(routing?.AdditionalVersionWeights ?? {});
  const [first] = weights;
  if (first === undefined) return {};
  if (weights.length > 1) throw invalid("Number of items in AdditionalVersionWeights cannot be greater than 1");
  const [other, weight] = first;
  if (other === version)
    throw invalid(
      `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
    );
  if (version === "$LATEST") throw invalid("$LATEST is not supported for an alias pointing to more than 1 version");
  if ((await findVersion(account, fn, other)) === null) throw notFound(account, fn.metadata.name, other);
  return { additional: { version: other, weight } };
}

function described(account: AccountFunctions, alias: Live<FunctionAlias>): AliasConfiguration {
  const { function: name, alias: called, version, description = "", additional } = alias.spec;
  return {
    AliasArn: arnOf(account, name, called),
    Name: called,
    FunctionVersion: version,
    Description: description,
    ...(additional && { RoutingConfig: { AdditionalVersionWeights: { [additional.version]: additional.weight } } }),
    RevisionId: aliasRevisionId(alias),
  };
}

/** Changes with each update, though it change nothing. */
export function aliasRevisionId({ metadata: { uid, annotations }, spec }: Live<FunctionAlias>): string {
  const { url: _url, ...aliased } = spec;
  return idOf([uid, aliased, annotations?.[UPDATED_AT]]);
}
