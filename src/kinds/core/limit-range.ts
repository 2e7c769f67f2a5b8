/** LimitRange: what each container, pod or claim of a namespace may ask for, and what it gets that asks for nothing. */
import { member } from "#base/dictionary.ts";
import type { FieldFault } from "#base/fault.ts";
import { parseNanos } from "#base/quantity.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { createdAtColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { seenByAll } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { qualifiedNameFaults } from "#kinds/rules/names.ts";
import type { ResourceList } from "./pod-spec.ts";

export type LimitRange = KubeObject & {
  readonly spec: { readonly limits: readonly LimitRangeItem[] };
};

export type LimitRangeItem = {
  readonly type: string;
  readonly max?: ResourceList;
  readonly min?: ResourceList;
  readonly default?: ResourceList;
  readonly defaultRequest?: ResourceList;
  readonly maxLimitRequestRatio?: ResourceList;
};

export const limitRangeKind: Kind<LimitRange> = builtinKind<LimitRange>({
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  shortNames: ["limits"],
  scope: "Namespaced",
  roles: seenByAll,
  type: "io.k8s.api.core.v1.LimitRange",
  columns: [createdAtColumn],
  defaults: (range) => ({ ...range, spec: { ...range.spec, limits: (range.spec.limits ?? []).map(withDefaults) } }),
  validate: faultsOf,
});

/** SetDefaults_LimitRangeItem: what a container may have at most is what it gets, and asks for. */
function withDefaults(item: LimitRangeItem): LimitRangeItem {
  if (item.type !== "Container") return item;
  const limits = { ...item.max, ...item.default };
  return { ...item, default: limits, defaultRequest: { ...item.min, ...limits, ...item.defaultRequest } };
}

const TYPES = ["Pod", "Container", "PersistentVolumeClaim"];
const PARTS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

/** ValidateLimitRange. */
function faultsOf({ spec }: LimitRange): readonly FieldFault[] {
  const faults = new FieldFaults();
  const seen = new Set<string>();
  for (const [index, item] of spec.limits.entries()) {
    const path = `spec.limits[${index}]`;
    checkType(item.type, `${path}.type`, faults);
    if (seen.has(item.type)) faults.duplicate(`${path}.type`, item.type);
    seen.add(item.type);
    for (const part of PARTS) checkPart(item, part, `${path}.${part}`, faults);
    if (item.type === "PersistentVolumeClaim" && (item.min?.["storage"] ?? item.max?.["storage"]) === undefined)
      faults.required(
        `${path}.limits`,
        "either minimum or maximum storage value is required, but neither was provided",
      );
    const names = new Set(PARTS.flatMap((part) => Object.keys(item[part] ?? {})));
    for (const name of names) checkOrder(item, name, path, faults);
  }
  return faults.found;
}

function checkType(type: string, path: string, faults: FieldFaults): void {
  const found = qualifiedNameFaults(type);
  faults.invalidEach(path, type, found);
  if (found.length === 0 && !type.includes("/") && !TYPES.includes(type))
    faults.invalid(path, type, "must be a standard limit type or fully qualified");
}

function checkPart(item: LimitRangeItem, part: (typeof PARTS)[number], path: string, faults: FieldFaults): void {
  const list = item[part] ?? {};
  if (item.type === "Pod" && (part === "default" || part === "defaultRequest") && Object.keys(list).length > 0)
    return faults.forbidden(path, "may not be specified when `type` is 'Pod'");
  for (const name of Object.keys(list)) checkName(item.type, name, `${path}[${name}]`, faults);
}

const OF_CONTAINERS = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

function checkName(type: string, name: string, path: string, faults: FieldFaults): void {
  const found = qualifiedNameFaults(name);
  faults.invalidEach(path, name, found);
  if (found.length > 0 || name.includes("/") || OF_CONTAINERS.test(name)) return;
  if (type === "Pod" || type === "Container") faults.invalid(path, name, "must be a standard resource for containers");
  else if (name !== "storage") faults.invalid(path, name, "must be a standard resource type or fully qualified");
}

interface Amount {
  readonly text: string;
  readonly nanos: bigint;
}

type Part = (typeof PARTS)[number];

/** What may not be greater than what, how the sentence calls both, and which member and which amount it is about. */
const ORDER: readonly {
  readonly least: Part;
  readonly most: Part;
  readonly words: readonly [string, string];
  readonly at: Part;
  readonly shown: Part;
}[] = [
  { least: "min", most: "max", words: ["min", "max"], at: "min", shown: "min" },
  {
    least: "min",
    most: "defaultRequest",
    words: ["min", "default request"],
    at: "defaultRequest",
    shown: "defaultRequest",
  },
  {
    least: "defaultRequest",
    most: "max",
    words: ["default request", "max"],
    at: "defaultRequest",
    shown: "defaultRequest",
  },
  {
    least: "defaultRequest",
    most: "default",
    words: ["default request", "default limit"],
    at: "defaultRequest",
    shown: "defaultRequest",
  },
  { least: "min", most: "default", words: ["min", "default"], at: "default", shown: "min" },
  { least: "default", most: "max", words: ["default", "max"], at: "default", shown: "max" },
];

function checkOrder(item: LimitRangeItem, name: string, path: string, faults: FieldFaults): void {
  const of = (part: Part): Amount | undefined => {
    const text = member(item[part] ?? {}, name);
    return text === undefined ? undefined : { text, nanos: parseNanos(text) ?? 0n };
  };
  for (const { least, most, words, at, shown } of ORDER) {
    const [small, big] = [of(least), of(most)];
    if (small === undefined || big === undefined || small.nanos <= big.nanos) continue;
    const sentence = `${words[0]} value ${small.text} is greater than ${words[1]} value ${big.text}`;
    faults.invalid(`${path}.${at}[${name}]`, of(shown)?.text, sentence);
  }
  const [ratio, usual, asked] = [of("maxLimitRequestRatio"), of("default"), of("defaultRequest")];
  if (ratio !== undefined)
    checkRatio(ratio, { min: of("min"), max: of("max") }, `${path}.maxLimitRequestRatio[${name}]`, faults);
  const isFixed = name.startsWith("hugepages-") || (name.includes("/") && !name.includes("kubernetes.io/"));
  if (isFixed && usual !== undefined && asked !== undefined && usual.nanos !== asked.nanos)
    faults.invalid(
      `${path}.defaultRequest[${name}]`,
      asked.text,
      `default value ${usual.text} must equal to defaultRequest value ${asked.text} in ${name}`,
    );
}

function checkRatio(
  ratio: Amount,
  { min, max }: { readonly min: Amount | undefined; readonly max: Amount | undefined },
  path: string,
  faults: FieldFaults,
): void {
  if (ratio.nanos < 1_000_000_000n) faults.invalid(path, ratio.text, `ratio ${ratio.text} is less than 1`);
  if (min === undefined || max === undefined) return;
  const most = Number(max.nanos) / Number(min.nanos);
  if (Number(ratio.nanos) / 1e9 > most)
    faults.invalid(path, ratio.text, `ratio ${ratio.text} is greater than max/min = ${most.toFixed(6)}`);
}
