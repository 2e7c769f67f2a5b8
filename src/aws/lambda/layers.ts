/** PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions and DeleteLayerVersion. */
import { Fault } from "#base/fault.ts";
import {
  type Layer,
  layerKind,
  type LayerVersion,
  layerVersionKind,
  layerVersionName,
  type LayerVersionSpec,
} from "#kinds/catamaran/layer-version.ts";
import type { Live } from "#kinds/object.ts";
import { type Action, action, type Call } from "../action.ts";
import type { Place } from "../place.ts";
import { type AccountFunctions, functionKey } from "./account-functions.ts";
import { codeLocation } from "./code-location.ts";
import { lambdaTime } from "./configuration.ts";
import {
  type Architecture,
  type GetLayerVersionResponse,
  type LayerVersionsListItem,
  model,
  type PublishLayerVersionRequest,
  type Runtime,
} from "./model.gen.ts";
import { failure, invalid } from "./names.ts";
import { MAX_PACKAGE_REQUEST_BYTES, storePackage } from "./package.ts";
import { pageOf } from "./pages.ts";

export const publishLayerVersion: Action<AccountFunctions> = action(model, "PublishLayerVersion", {
  resources: layerArns,
  maxBodyBytes: MAX_PACKAGE_REQUEST_BYTES,
  serves: [
    "LayerName",
    "Description",
    "Content.ZipFile",
    "Content.S3Bucket",
    "Content.S3Key",
    "Content.S3ObjectVersion",
    "CompatibleRuntimes",
    "LicenseInfo",
    "CompatibleArchitectures",
  ],
  unserved: {},
  run: async (account: AccountFunctions, input, call) => {
    const { layer } = layerOf(account, input.LayerName);
    const code = await storePackage(account, input.Content);
    const version = await nextVersion(account, layer);
    const object: LayerVersion = {
      apiVersion: "catamaran.dev/v1",
      kind: "LayerVersion",
      metadata: { name: layerVersionName(layer, version), namespace: account.namespace },
      spec: { layer, version, code, ...described(input) },
    };
    return whole(account, await account.objects.create(layerVersionKind, object), call);
  },
});

type Said = Pick<
  PublishLayerVersionRequest,
  "Description" | "LicenseInfo" | "CompatibleRuntimes" | "CompatibleArchitectures"
>;

function described(input: Said): Omit<LayerVersionSpec, "layer" | "version" | "code"> {
  const { Description, LicenseInfo, CompatibleRuntimes, CompatibleArchitectures } = input;
  return {
    description: Description ?? "",
    ...(LicenseInfo !== undefined && { licenseInfo: LicenseInfo }),
    ...(CompatibleRuntimes && { compatibleRuntimes: CompatibleRuntimes }),
    ...(CompatibleArchitectures && { compatibleArchitectures: CompatibleArchitectures }),
  };
}

/** The number is taken before it is used: none is given twice, though a crash may leave one out. */
async function nextVersion(account: AccountFunctions, layer: string): Promise<number> {
  const key = functionKey(account, layer);
  const counted = await account.objects.change(layerKind, key, withNext, { subresource: "status" });
  if (counted !== null) return counted.status?.lastVersion ?? 1;
  const object: Layer = {
    apiVersion: "catamaran.dev/v1",
    kind: "Layer",
    metadata: { name: layer, namespace: account.namespace },
    spec: {},
  };
  try {
    await account.objects.create(layerKind, object);
  } catch (thrown) {
    // Somebody else published its first version just now.
    if (!(thrown instanceof Fault) || thrown.code !== "AlreadyExists") throw thrown;
  }
  return nextVersion(account, layer);
}

function withNext(live: Live<Layer>): Layer {
  return { ...live, status: { ...live.status, lastVersion: (live.status?.lastVersion ?? 0) + 1 } };
}

export const getLayerVersion: Action<AccountFunctions> = action(model, "GetLayerVersion", {
  resources: layerVersionArns,
  serves: ["LayerName", "VersionNumber"],
  unserved: {},
  run: async (account: AccountFunctions, input, call) => {
    const { layer } = layerOf(account, input.LayerName);
    return whole(account, await existing(account, layer, numbered(input.VersionNumber)), call);
  },
});

export const getLayerVersionByArn: Action<AccountFunctions> = action(model, "GetLayerVersionByArn", {
  resources: ({ Arn }) => [Arn],
  serves: ["Arn"],
  unserved: {},
  run: async (account: AccountFunctions, { Arn }, call) => {
    const { layer, version } = layerOf(account, Arn);
    return whole(account, await existing(account, layer, version ?? 0), call);
  },
});

export const listLayers: Action<AccountFunctions> = action(model, "ListLayers", {
  serves: ["CompatibleRuntime", "Marker", "MaxItems", "CompatibleArchitecture"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const newest = new Map<string, Live<LayerVersion>>();
    for (const version of await versions(account, input)) newest.set(version.spec.layer, version);
    const all = [...newest.values()].toSorted((a, b) => (a.spec.layer < b.spec.layer ? -1 : 1));
    const { items, marker } = pageOf(all, ({ spec }) => spec.layer, input);
    const Layers = items.map((version) => ({
      LayerName: version.spec.layer,
      LayerArn: layerArn(account, version.spec.layer),
      LatestMatchingVersion: listed(account, version),
    }));
    return { Layers, ...marker };
  },
});

/** The newest first. */
export const listLayerVersions: Action<AccountFunctions> = action(model, "ListLayerVersions", {
  resources: layerArns,
  serves: ["CompatibleRuntime", "LayerName", "Marker", "MaxItems", "CompatibleArchitecture"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { layer } = layerOf(account, input.LayerName);
    const own = (await versions(account, input)).filter(({ spec }) => spec.layer === layer).toReversed();
    const { items, marker } = pageOf(own, ({ spec }) => fromTop(spec.version), input);
    return { LayerVersions: items.map((version) => listed(account, version)), ...marker };
  },
});

/** One that is not there is deleted already; functions that have it keep it. */
export const deleteLayerVersion: Action<AccountFunctions> = action(model, "DeleteLayerVersion", {
  resources: layerVersionArns,
  serves: ["LayerName", "VersionNumber"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { layer } = layerOf(account, input.LayerName);
    const name = layerVersionName(layer, numbered(input.VersionNumber));
    await account.objects.remove(layerVersionKind, functionKey(account, name));
    return {};
  },
});

export interface LayerReference {
  readonly layer: string;
  /** Undefined: the ARN of the layer itself, or its name. */
  readonly version: number | undefined;
}

const ARN = /^arn:aws[a-zA-Z-]*:lambda:(?<region>[^:]*):(?<account>\d{12}):layer:(?<layer>[^:]+)(?::(?<version>\d+))?$/;

/** A name, or an ARN of this account and region. */
export function layerOf(account: AccountFunctions, text: string): LayerReference {
  const parts = ARN.exec(text)?.groups;
  if (parts === undefined) return { layer: text, version: undefined };
  const { layer = text, version } = parts;
  if (parts["region"] !== account.region || parts["account"] !== account.accountId) throw notThere();
  return { layer, version: version === undefined ? undefined : Number(version) };
}

export function layerArn(here: Place, layer: string, version?: number): string {
  const arn = `arn:aws:lambda:${here.region}:${here.accountId}:layer:${layer}`;
  return version === undefined ? arn : `${arn}:${version}`;
}

function layerArns({ LayerName: text }: { readonly LayerName: string }, here: Place): readonly string[] {
  return [text.startsWith("arn:") ? text : layerArn(here, text)];
}

export function layerVersionArns(
  { LayerName: text, VersionNumber: version }: { readonly LayerName: string; readonly VersionNumber: number },
  here: Place,
): readonly string[] {
  return layerArns({ LayerName: text }, here).map((arn) => `${arn}:${version}`);
}

export async function findLayerVersion(
  account: AccountFunctions,
  layer: string,
  version: number,
): Promise<Live<LayerVersion> | null> {
  return account.objects.get(layerVersionKind, functionKey(account, layerVersionName(layer, version)));
}

async function existing(account: AccountFunctions, layer: string, version: number): Promise<Live<LayerVersion>> {
  const found = await findLayerVersion(account, layer, version);
  if (found === null) throw notThere();
  return found;
}

function notThere(): Error {
  return failure("ResourceNotFoundException", "The resource you requested does not exist.");
}

function numbered(version: number): number {
  if (version < 1) throw invalid("Layer Version Cannot be less than 1");
  return version;
}

interface Suiting {
  readonly CompatibleRuntime?: Runtime;
  readonly CompatibleArchitecture?: Architecture;
}

/** In the order of their numbers, those that say that they suit. */
async function versions(account: AccountFunctions, suiting: Suiting): Promise<readonly Live<LayerVersion>[]> {
  const { CompatibleRuntime: runtime, CompatibleArchitecture: architecture } = suiting;
  using view = account.objects.view(layerVersionKind, { namespace: account.namespace });
  await view.synced;
  const suits = ({ spec }: LayerVersion): boolean =>
    (runtime === undefined || spec.compatibleRuntimes?.includes(runtime) === true) &&
    (architecture === undefined || spec.compatibleArchitectures?.includes(architecture) === true);
  return view
    .list(account.namespace)
    .filter(suits)
    .toSorted((a, b) => a.spec.version - b.spec.version);
}

/** Sorts the highest number first. */
function fromTop(version: number): string {
  return String(Number.MAX_SAFE_INTEGER - version).padStart(16, "0");
}

function listed(account: AccountFunctions, { metadata, spec }: Live<LayerVersion>): LayerVersionsListItem {
  return {
    LayerVersionArn: layerArn(account, spec.layer, spec.version),
    Version: spec.version,
    Description: spec.description ?? "",
    CreatedDate: lambdaTime(Date.parse(metadata.creationTimestamp ?? "")),
    ...(spec.compatibleRuntimes && { CompatibleRuntimes: spec.compatibleRuntimes as readonly Runtime[] }),
    ...(spec.licenseInfo !== undefined && { LicenseInfo: spec.licenseInfo }),
    ...(spec.compatibleArchitectures && { CompatibleArchitectures: spec.compatibleArchitectures }),
  };
}

function whole(account: AccountFunctions, version: Live<LayerVersion>, call: Call): GetLayerVersionResponse {
  const { code, layer } = version.spec;
  return {
    ...listed(account, version),
    LayerArn: layerArn(account, layer),
    Content: {
      Location: codeLocation(account.region, code.sha256, call),
      CodeSha256: code.sha256,
      CodeSize: code.size,
    },
  };
}
