/** Which route of the table answers a request: host before any host, exact before longest prefix, as Ingress demands. */
import type { Backend, Route } from "./route.ts";

export interface Match {
  readonly route: Route;
  /** The path that the route itself stands for; what follows it belongs to the backend. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Null when no route fits. `host` is without port, lower case. */
export function matchRoute(routes: readonly Route[], host: string, path: string, method: string): Match | null {
  let best: { readonly match: Match; readonly rank: readonly number[] } | null = null;
  for (const route of routes) {
    if (route.methods.length > 0 && !route.methods.includes(method)) continue;
    const hostRank = rankHost(route.host, host);
    if (hostRank === 0) continue;
    const parameters = matchPath(route, path);
    if (parameters === null) continue;
    const rank = [hostRank, rankPath(route), route.path.length, route.methods.length > 0 ? 1 : 0];
    if (best === null || isGreater(rank, best.rank)) best = { match: { route, parameters }, rank };
  }
  return best?.match ?? null;
}

function rankHost(pattern: string, host: string): number {
  if (pattern === "") return 1;
  if (pattern === host) return 3;
  // A wildcard covers one label only (networking.k8s.io/v1 IngressRule.host).
  const isWild =
    pattern.startsWith("*.") &&
    host.indexOf(".") === host.length - pattern.length + 1 &&
    host.endsWith(pattern.slice(1));
  return isWild ? 2 : 0;
}

function rankPath(route: Route): number {
  switch (route.pathType) {
    case "Exact":
      return 3;
    case "Template":
      return 2;
    case "Prefix":
      return 1;
  }
}

function matchPath(route: Route, path: string): Readonly<Record<string, string>> | null {
  switch (route.pathType) {
    case "Exact":
      return route.path === path ? {} : null;
    case "Prefix":
      return isPrefix(route.path, path) ? {} : null;
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
function matchTemplate(template: string, path: string): Readonly<Record<string, string>> | null {
  const wanted = template.split("/");
  const given = path.split("/");
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const variable = /^\{(.+?)(\+?)\}$/.exec(part);
    const value = given[index];
    if (value === undefined) return null;
    if (variable === null) {
      if (part !== value) return null;
    } else if (variable[2] === "+") {
      const rest = given.slice(index).join("/");
      return rest === "" ? null : { ...parameters, [variable[1] ?? ""]: decode(rest) };
    } else if (value === "") {
      return null;
    } else {
      parameters[variable[1] ?? ""] = decode(value);
    }
  }
  return given.length === wanted.length ? parameters : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A malformed percent sign is the backend's to judge.
    return text;
  }
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
