/** What limit ranges make of pods and claims: the defaults they give, the sentences by which they refuse (upstream's plugin LimitRanger). Pure. */
import { parseNanos, quantityLike } from "#base/quantity.ts";
import type { LimitRange, LimitRangeItem } from "./limit-range.ts";
import { amountsOf } from "./pod-amounts.ts";
import type { Container, PodSpec, ResourceList } from "./pod-spec.ts";

export interface Completed {
  readonly spec: PodSpec;
  /** "cpu, memory request for container web". */
  readonly set: readonly string[];
}

/** Each container with what the range gives to those that say nothing. */
export function withLimitDefaults(spec: PodSpec, range: LimitRange): Completed {
  const items = range.spec.limits.filter(({ type }) => type === "Container");
  const limits: ResourceList = Object.assign({}, ...items.map((item) => item.default ?? {}));
  const requests: ResourceList = Object.assign({}, ...items.map((item) => item.defaultRequest ?? {}));
  const set: string[] = [];
  const complete = (container: Container, word: string): Container => {
    const own = container.resources ?? {};
    const missing = {
      request: Object.keys(requests).filter((name) => own.requests?.[name] === undefined),
      limit: Object.keys(limits).filter((name) => own.limits?.[name] === undefined),
    };
    for (const [part, names] of Object.entries(missing))
      if (names.length > 0) set.push(`${names.toSorted().join(", ")} ${part} for ${word} ${container.name}`);
    if (missing.request.length + missing.limit.length === 0) return container;
    const resources = { ...own, requests: { ...requests, ...own.requests }, limits: { ...limits, ...own.limits } };
    return { ...container, resources };
  };
  const containers = spec.containers.map((one) => complete(one, "container"));
  const init = spec.initContainers?.map((one) => complete(one, "init container"));
  return { spec: { ...spec, containers, ...(init && { initContainers: init }) }, set };
}

/** What of the pod the range does not allow. */
export function podLimitFaults(spec: PodSpec, range: LimitRange): readonly string[] {
  return range.spec.limits.flatMap((item) => {
    if (item.type === "Container")
      return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
        faultsOf(item, resources?.requests ?? {}, resources?.limits ?? {}),
      );
    if (item.type !== "Pod") return [];
    return faultsOf(item, summed(spec, item, "requests"), summed(spec, item, "limits"));
  });
}

/** What a claim asks for that the range does not allow; a claim has requests only. */
export function claimLimitFaults(requests: ResourceList, range: LimitRange): readonly string[] {
  const items = range.spec.limits.filter(({ type }) => type === "PersistentVolumeClaim");
  return items.flatMap(({ type, min = {}, max = {} }) => [
    ...byName(min, (name, least) => tooLittle({ type, name, bound: least }, requests[name])),
    ...byName(max, (name, most) => tooMuchAsked({ type, name, bound: most }, requests[name])),
  ]);
}

function summed(spec: PodSpec, { min, max }: LimitRangeItem, part: "requests" | "limits"): ResourceList {
  const like: ResourceList = { ...min, ...max };
  const amounts = [...amountsOf(spec, part)];
  return Object.fromEntries(amounts.map(([name, nanos]) => [name, quantityLike(nanos, like[name] ?? "")]));
}

function faultsOf(item: LimitRangeItem, requests: ResourceList, limits: ResourceList): readonly string[] {
  const { type, min = {}, max = {}, maxLimitRequestRatio: ratios = {} } = item;
  return [
    ...byName(min, (name, bound) => tooLittle({ type, name, bound }, requests[name], limits[name])),
    ...byName(max, (name, bound) => tooMuch({ type, name, bound }, requests[name], limits[name])),
    ...byName(ratios, (name, bound) => tooSteep({ type, name, bound }, requests[name], limits[name])),
  ];
}

function byName(list: ResourceList, judge: (name: string, bound: string) => string | null): readonly string[] {
  return Object.entries(list)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, bound]) => judge(name, bound) ?? []);
}

interface Bound {
  readonly type: string;
  readonly name: string;
  readonly bound: string;
}

type Asked = string | undefined;

function tooLittle({ type, name, bound }: Bound, request: Asked, limit?: Asked): string | null {
  const rule = `minimum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  if (isLess(request, bound)) return `${rule}, but request is ${request}`;
  return limit !== undefined && isLess(limit, bound) ? `${rule}, but limit is ${limit}` : null;
}

function tooMuch({ type, name, bound }: Bound, request: Asked, limit: Asked): string | null {
  const rule = `maximum ${name} usage per ${type} is ${bound}`;
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (isLess(bound, limit)) return `${rule}, but limit is ${limit}`;
  return request !== undefined && isLess(bound, request) ? `${rule}, but request is ${request}` : null;
}

function tooMuchAsked({ type, name, bound }: Bound, request: Asked): string | null {
  const rule = `maximum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  return isLess(bound, request) ? `${rule}, but request is ${request}` : null;
}

function tooSteep({ type, name, bound }: Bound, request: Asked, limit: Asked): string | null {
  const rule = `${name} max limit to request ratio per ${type} is ${bound}`;
  const [asked, most] = [nanosIn(request), nanosIn(limit)];
  if (asked === 0n) return `${rule}, but no request is specified or request is 0`;
  if (most === 0n) return `${rule}, but no limit is specified or limit is 0`;
  // Compared as products: exact, where upstream divides.
  if (most * 1_000_000_000n <= nanosIn(bound) * asked) return null;
  return `${rule}, but provided ratio is ${(Number(most) / Number(asked)).toFixed(6)}`;
}

function isLess(a: string, b: string): boolean {
  return nanosIn(a) < nanosIn(b);
}

function nanosIn(text: Asked): bigint {
  return text === undefined ? 0n : (parseNanos(text) ?? 0n);
}
