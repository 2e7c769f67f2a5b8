/** Reading parameters: by name, by path, their descriptions and their history. */
import { labelsOf, type Parameter, type ParameterVersion, selectedVersion } from "#managed/parameters/parameter.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { DESCRIBE_KEYS, isUnder, type Keeps, keepsAll, keepsOlder, PATH_KEYS } from "./filters.ts";
import { model, type ParameterHistory, type ParameterMetadata } from "./model.gen.ts";
import { checkPath } from "./parameter-names.ts";
import {
  arnsOf,
  failure,
  invalid,
  parameterAnswer,
  parameterArn,
  parameterAt,
  type ParameterWorld,
  readToken,
  selectedAt,
  tokenOf,
} from "./world.ts";

const BY_PATH = 10;
const DESCRIBED = 50;

// WithDecryption asks nothing of what is no SecureString ("This flag is ignored for String and StringList parameter types").
export const getParameter: Action<ParameterWorld> = action(model, "GetParameter", {
  resources: ({ Name }, place) => arnsOf(place, [Name]),
  serves: ["Name", "WithDecryption"],
  unserved: {},
  run: async (world: ParameterWorld, { Name, WithDecryption: _ignored }) => ({
    Parameter: parameterAnswer(world, await selectedAt(world, Name)),
  }),
});

export const getParameters: Action<ParameterWorld> = action(model, "GetParameters", {
  resources: ({ Names }, place) => arnsOf(place, Names),
  serves: ["Names", "WithDecryption"],
  unserved: {},
  run: async (world: ParameterWorld, { Names, WithDecryption: _ignored }) => {
    if (new Set(Names).size < Names.length)
      throw invalid(`Duplicated parameter names are not allowed in a request: ${Names.join(", ")}.`);
    const found = await Promise.all(
      Names.map(async (name) => ({ name, selected: await selectedAt(world, name).catch(nullIfMissing) })),
    );
    return {
      Parameters: found.flatMap(({ selected }) => (selected === null ? [] : [parameterAnswer(world, selected)])),
      InvalidParameters: found.filter(({ selected }) => selected === null).map(({ name }) => name),
    };
  },
});

function nullIfMissing(thrown: unknown): null {
  if (thrown instanceof AwsError && thrown.code.endsWith("NotFound")) return null;
  throw thrown;
}

interface Listing {
  readonly prefix?: string;
  readonly token: string | undefined;
  readonly limit: number;
  readonly keeps: Keeps;
}

interface Page {
  readonly found: readonly Parameter[];
  readonly next: { readonly NextToken?: string };
}

async function pageOf({ parameters }: ParameterWorld, { prefix, token, limit, keeps }: Listing): Promise<Page> {
  const after = token === undefined ? {} : { after: readToken(token) };
  const found: Parameter[] = [];
  for await (const parameter of parameters.list({ ...(prefix !== undefined && { prefix }), ...after })) {
    if (!keeps(parameter)) continue;
    const last = found.at(-1);
    if (last !== undefined && found.length === limit) return { found, next: { NextToken: tokenOf(last.name) } };
    found.push(parameter);
  }
  return { found, next: {} };
}

export const getParametersByPath: Action<ParameterWorld> = action(model, "GetParametersByPath", {
  resources: ({ Path }, place) => [parameterArn(place, Path.replace(/(.)\/$/, "$1"))],
  serves: ["Path", "Recursive", "ParameterFilters", "WithDecryption", "MaxResults", "NextToken"],
  unserved: {},
  run: async (world: ParameterWorld, asked) => {
    const { Path: path, Recursive: isDeep = false, ParameterFilters: filters = [], NextToken: token } = asked;
    const { MaxResults: limit = BY_PATH, WithDecryption: _ignored } = asked;
    checkPath(path);
    const isKept = keepsAll(filters, PATH_KEYS);
    const keeps: Keeps = (parameter) => isUnder(parameter.name, path, isDeep) && isKept(parameter);
    // Names without a slash are on the first level.
    const prefix = path === "/" ? "" : path;
    const { found, next } = await pageOf(world, { prefix, token, limit, keeps });
    const labels = filters.find(({ Key }) => Key === "Label")?.Values ?? [];
    const versions = await Promise.all(
      found.map((parameter) =>
        versionOf(
          world,
          parameter,
          labels.find((label) => parameter.labels[label] !== undefined),
        ),
      ),
    );
    return { Parameters: versions.flatMap((one) => (one === null ? [] : [parameterAnswer(world, one)])), ...next };
  },
});

/** The version that a label of a filter names, else the newest. */
async function versionOf(
  { parameters }: ParameterWorld,
  parameter: Parameter,
  label: string | undefined,
): Promise<{ readonly parameter: Parameter; readonly version: ParameterVersion } | null> {
  if (label === undefined) return { parameter, version: parameter.latest };
  const number = selectedVersion(parameter, label);
  const version = number === null ? null : await parameters.version(parameter.name, number);
  return version === null ? null : { parameter, version };
}

export const describeParameters: Action<ParameterWorld> = action(model, "DescribeParameters", {
  serves: ["Filters", "ParameterFilters", "MaxResults", "NextToken"],
  unserved: { "Shared=true": "there is one account" },
  run: async (world: ParameterWorld, asked) => {
    const {
      Filters: older = [],
      ParameterFilters: filters = [],
      MaxResults: limit = DESCRIBED,
      NextToken: token,
    } = asked;
    if (older.length > 0 && filters.length > 0)
      throw invalid("You can use either Filters or ParameterFilters in a single request.");
    const keeps = older.length > 0 ? keepsOlder(older) : keepsAll(filters, DESCRIBE_KEYS);
    const { found, next } = await pageOf(world, { token, limit, keeps });
    return { Parameters: found.map(({ name, latest }) => metadataOf(world, name, latest)), ...next };
  },
});

function metadataOf(place: Place, name: string, version: ParameterVersion): ParameterMetadata {
  return { ...describedOf(name, version), ARN: parameterArn(place, name) };
}

function describedOf(name: string, version: ParameterVersion): ParameterMetadata {
  const { description, allowedPattern } = version;
  return {
    Name: name,
    Type: version.type,
    LastModifiedDate: version.modifiedMs,
    LastModifiedUser: version.modifiedBy,
    ...(description !== undefined && { Description: description }),
    ...(allowedPattern !== undefined && { AllowedPattern: allowedPattern }),
    Version: version.version,
    Tier: version.tier,
    Policies: [],
    DataType: "text",
  };
}

export const getParameterHistory: Action<ParameterWorld> = action(model, "GetParameterHistory", {
  resources: ({ Name }, place) => arnsOf(place, [Name]),
  serves: ["Name", "WithDecryption", "MaxResults", "NextToken"],
  unserved: {},
  run: async (
    world: ParameterWorld,
    { Name, MaxResults: limit = DESCRIBED, NextToken: token, WithDecryption: _ignored },
  ) => {
    const parameter = await parameterAt(world, Name);
    const from = token === undefined ? 0 : Number(readToken(token)) + 1;
    if (!Number.isSafeInteger(from)) throw failure("InvalidNextToken", "The specified token is not valid.");
    const versions = await world.parameters.versions(parameter.name, { from, limit: limit + 1 });
    const page = versions.slice(0, limit);
    const last = page.at(-1);
    const isMore = last !== undefined && versions.length > page.length;
    return {
      Parameters: page.map((version): ParameterHistory => ({
        ...describedOf(parameter.name, version),
        Value: version.value,
        Labels: labelsOf(parameter, version.version),
      })),
      ...(isMore && { NextToken: tokenOf(String(last.version)) }),
    };
  },
});
