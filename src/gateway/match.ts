/** Which route of the table answers a request: host before any host, then exact, most specific or longest path, as Ingress and HTTP APIs demand. */
import { decodePercent } from "#base/percent.ts";
import type { Backend, Pattern, Route } from "./route.ts";
import type { RouteTable } from "./route-table.ts";

export interface Match<R extends Pattern = Route> {
  readonly route: R;
  /** What the variables of a template stand for, decoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Null when no route fits. `host` is without port, lower case. */
export function matchRoute({ byHost }: RouteTable, host: string, path: string, method: string): Match | null {
  // A wildcard covers one label only (networking.k8s.io/v1 IngressRule.host).
  const wildcard = `*${host.slice(host.indexOf("."))}`;
  for (const known of host.includes(".") ? [host, wildcard, ""] : [host, ""]) {
    const match = matchOf(byHost.get(known) ?? [], path, method);
    if (match !== null) return match;
  }
  return null;
}

/** The best of the routes of one host. */
export function matchOf<R extends Pattern>(routes: readonly R[], path: string, method: string): Match<R> | null {
  let best: { readonly match: Match<R>; readonly rank: readonly number[] } | null = null;
  for (const route of routes) {
    if (route.methods.length > 0 && !route.methods.includes(method)) continue;
    const parameters = matchPath(route, path);
    if (parameters === null) continue;
    const rank = rankOf(route);
    if (best === null || isGreater(rank, best.rank)) best = { match: { route, parameters }, rank };
  }
  return best?.match ?? null;
}

/**
 * Compared from left to right. Of templates the most specific wins, segment by segment: text, then a variable, then the rest of the path
 * (API Gateway Developer Guide, "Create routes for HTTP APIs"); a route that names its method comes before one for any.
 */
function rankOf(route: Pattern): readonly number[] {
  const method = route.methods.length > 0 ? 1 : 0;
  switch (route.pathType) {
    case "Exact":
      return [3, method];
    case "Template":
      return [2, ...route.path.split("/").map(rankSegment), method];
    case "Prefix":
      return [1, route.path.length, method];
  }
}

function rankSegment(segment: string): number {
  if (!segment.startsWith("{")) return 4;
  return segment.endsWith("+}") ? 2 : 3;
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

function matchPath(route: Pattern, path: string): ReadonlyMap<string, string> | null {
  switch (route.pathType) {
    case "Exact":
      return route.path === path ? NO_PARAMETERS : null;
    case "Prefix":
      return isPrefix(route.path, path) ? NO_PARAMETERS : null;
    case "Template":
      return matchTemplate(route.path, path);
  }
}

// Element by element: /foo covers /foo and /foo/bar, not /foobar.
function isPrefix(prefix: string, path: string): boolean {
  const bare = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return bare === "" || path === bare || path.startsWith(`${bare}/`);
}

/** "/users/{id}" and "/files/{proxy+}", as in API Gateway's route keys. */
function matchTemplate(template: string, path: string): ReadonlyMap<string, string> | null {
  const wanted = template.split("/");
  const given = path.split("/");
  const parameters = new Map<string, string>();
  for (const [index, part] of wanted.entries()) {
    const variable = /^\{(.+?)(\+?)\}$/.exec(part);
    const value = given[index];
    if (value === undefined) return null;
    if (variable === null) {
      if (part !== value) return null;
    } else if (variable[2] === "+") {
      const rest = given.slice(index).join("/");
      return rest === "" ? null : parameters.set(variable[1] ?? "", decodePercent(rest));
    } else if (value === "") {
      return null;
    } else {
      parameters.set(variable[1] ?? "", decodePercent(value));
    }
  }
  return given.length === wanted.length ? parameters : null;
}

function isGreater(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value > other;
  }
  return false;
}

/** One of the backends by weight; `chance` is uniform in [0, 1). */
export function pickBackend(backends: readonly Backend[], chance: number): Backend | undefined {
  const total = backends.reduce((sum, backend) => sum + backend.weight, 0);
  let left = chance * total;
  for (const backend of backends) {
    left -= backend.weight;
    if (left < 0) return backend;
  }
  return backends.at(-1);
}
