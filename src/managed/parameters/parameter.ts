/** A parameter and its versions as values, and what a new version makes of them (Systems Manager User Guide, "AWS Systems Manager Parameter Store"). Pure. */
import { Fault } from "#base/fault.ts";
import { encodeUtf8 } from "#base/utf8.ts";

export type ParameterType = "String" | "StringList";
export type Tier = "Standard" | "Advanced";

export interface ParameterVersion {
  readonly version: number;
  readonly type: ParameterType;
  readonly value: string;
  readonly tier: Tier;
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly modifiedMs: number;
  /** ARN of whoever put it. */
  readonly modifiedBy: string;
}

/** What is kept under a parameter's name: its newest version whole, and what is said of the others. */
export interface Parameter {
  readonly name: string;
  readonly latest: ParameterVersion;
  /** Of those that are still kept. */
  readonly oldest: number;
  /** Versions by label: a label is on one version at a time. */
  readonly labels: Readonly<Record<string, number>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a version is to be; what is left out of a new version is as it was. */
export interface AskedVersion {
  readonly type?: ParameterType;
  readonly value: string;
  readonly tier?: Tier | "Intelligent-Tiering";
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly by: string;
}

// "Parameter Store retains the 100 most recent versions" (User Guide, "Working with parameter versions").
const VERSIONS = 100;
// "Maximum size of a parameter value" by tier (User Guide, "Managing parameter tiers").
const STANDARD_BYTES = 4_096;
const ADVANCED_BYTES = 8_192;
// "A parameter version can have a maximum of 10 labels" (API Reference, LabelParameterVersion).
const LABELS = 10;
const LABEL = /^(?![0-9]|aws|ssm)[a-z0-9_.-]{1,100}$/i;

export interface NewVersion {
  readonly parameter: Parameter;
  /** The version that is kept no longer. */
  readonly dropped: number | null;
}

/** The first version of a parameter. */
export function firstVersion(
  name: string,
  asked: AskedVersion & { readonly type: ParameterType },
  { now, tags }: { readonly now: number; readonly tags: Readonly<Record<string, string>> },
): Parameter {
  const { type, value, tier, by: modifiedBy } = asked;
  const latest = { version: 1, type, value, tier: tierFor(value, tier, "Standard"), modifiedMs: now, modifiedBy };
  return { name, latest: { ...latest, ...saidOf(asked) }, oldest: 1, labels: {}, tags };
}

/** The next version; throws where the oldest cannot go because of its label. */
export function nextVersion(parameter: Parameter, asked: AskedVersion, now: number): NewVersion {
  const { latest, oldest, labels } = parameter;
  const { type = latest.type, value, by: modifiedBy } = asked;
  if (type !== latest.type) throw new Fault("Conflict", "the type of a parameter never changes");
  const tier = tierFor(value, asked.tier, latest.tier);
  const version = latest.version + 1;
  const isFull = version - oldest >= VERSIONS;
  if (isFull && Object.values(labels).includes(oldest)) throw new Fault("TooManyRequests", String(oldest));
  return {
    parameter: {
      ...parameter,
      latest: { ...latest, ...saidOf(asked), version, value, tier, modifiedMs: now, modifiedBy },
      oldest: isFull ? oldest + 1 : oldest,
    },
    dropped: isFull ? oldest : null,
  };
}

function saidOf({ description, allowedPattern }: AskedVersion): Pick<AskedVersion, "description" | "allowedPattern"> {
  return { ...(description !== undefined && { description }), ...(allowedPattern !== undefined && { allowedPattern }) };
}

/** An advanced parameter stays one: it would lose what only that tier can hold. */
function tierFor(value: string, asked: AskedVersion["tier"], before: Tier): Tier {
  const bytes = encodeUtf8(value).length;
  if (bytes > ADVANCED_BYTES)
    throw new Fault("Invalid", `Parameter value can't exceed ${ADVANCED_BYTES} characters in the advanced tier.`);
  if (before === "Advanced" && asked === "Standard")
    throw new Fault(
      "Invalid",
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
    );
  if (asked === "Advanced" || before === "Advanced") return "Advanced";
  if (bytes <= STANDARD_BYTES) return "Standard";
  if (asked === "Intelligent-Tiering") return "Advanced";
  throw new Fault(
    "Invalid",
    "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
  );
}

export interface Labelled {
  readonly parameter: Parameter;
  /** Those that no label may be called. */
  readonly invalid: readonly string[];
}

/** The labels go from the versions that they were on. Null when the version would have more than it may. */
export function withLabels(parameter: Parameter, version: number, asked: readonly string[]): Labelled | null {
  const [valid, invalid] = [asked.filter((one) => LABEL.test(one)), asked.filter((one) => !LABEL.test(one))];
  const labels = { ...parameter.labels, ...Object.fromEntries(valid.map((label) => [label, version])) };
  if (labelsOf({ labels }, version).length > LABELS) return null;
  return { parameter: { ...parameter, labels }, invalid };
}

/** Without those of the labels that are on the version; `invalid` are the others. */
export function withoutLabels(parameter: Parameter, version: number, asked: readonly string[]): Labelled {
  const isOn = (label: string): boolean => parameter.labels[label] === version;
  const kept = Object.entries(parameter.labels).filter(([label]) => !(asked.includes(label) && isOn(label)));
  return {
    parameter: { ...parameter, labels: Object.fromEntries(kept) },
    invalid: asked.filter((label) => !isOn(label)),
  };
}

export function labelsOf({ labels }: Pick<Parameter, "labels">, version: number): readonly string[] {
  return Object.entries(labels)
    .filter(([, one]) => one === version)
    .map(([label]) => label);
}

/** The version that "NAME:SELECTOR" names: a number or a label; null: there is none. */
export function selectedVersion({ latest, oldest, labels }: Parameter, selector: string): number | null {
  const version = /^\d+$/.test(selector) ? Number(selector) : labels[selector];
  return version === undefined || version < oldest || version > latest.version ? null : version;
}
