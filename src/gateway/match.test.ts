/** Route matching, by the rules of Ingress and of API Gateway. */
import assert from "node:assert/strict";
import test from "node:test";
import { matchRoute, pickBackend } from "./match.ts";
import type { Backend, Route } from "./route.ts";
import type { RouteTable } from "./route-table.ts";

function route(text: string): Route {
  const [host = "", pathType = "Prefix", path = "/", ...methods] = text.split(" ");
  return {
    host: host === "-" ? "" : host,
    pathType: pathType as Route["pathType"],
    path,
    methods,
    backends: [],
    from: text,
  };
}

function table(routes: readonly string[]): RouteTable {
  return {
    byHost: Map.groupBy(routes.map(route), ({ host }) => host),
    cors: new Map(),
    apis: new Map(),
    keys: { keys: new Map(), plans: new Map() },
  };
}

const cases: readonly {
  readonly title: string;
  readonly routes: readonly string[];
  readonly ask: string;
  readonly found: string | null;
  readonly parameters?: Readonly<Record<string, string>>;
}[] = [
  { title: "a prefix covers its own path", routes: ["- Prefix /foo"], ask: "a GET /foo", found: "- Prefix /foo" },
  { title: "a prefix covers elements below", routes: ["- Prefix /foo"], ask: "a GET /foo/bar", found: "- Prefix /foo" },
  { title: "a prefix is no string prefix", routes: ["- Prefix /foo"], ask: "a GET /foobar", found: null },
  {
    title: "a slash at the end of a prefix changes nothing",
    routes: ["- Prefix /foo/"],
    ask: "a GET /foo",
    found: "- Prefix /foo/",
  },
  {
    title: "the longest prefix wins",
    routes: ["- Prefix /", "- Prefix /a/b", "- Prefix /a"],
    ask: "a GET /a/b/c",
    found: "- Prefix /a/b",
  },
  { title: "exact wins over prefix", routes: ["- Prefix /a", "- Exact /a"], ask: "a GET /a", found: "- Exact /a" },
  { title: "exact is exact", routes: ["- Exact /a"], ask: "a GET /a/", found: null },
  {
    title: "a named host wins over any host",
    routes: ["- Exact /a", "shop.test Prefix /"],
    ask: "shop.test GET /a",
    found: "shop.test Prefix /",
  },
  {
    title: "a wildcard covers one label",
    routes: ["*.shop.test Prefix /"],
    ask: "a.shop.test GET /",
    found: "*.shop.test Prefix /",
  },
  {
    title: "a wildcard covers not two labels",
    routes: ["*.shop.test Prefix /"],
    ask: "b.a.shop.test GET /",
    found: null,
  },
  {
    title: "a wildcard covers not the bare name",
    routes: ["*.shop.test Prefix /"],
    ask: "shop.test GET /",
    found: null,
  },
  {
    title: "an exact host wins over a wildcard",
    routes: ["*.shop.test Prefix /", "a.shop.test Prefix /"],
    ask: "a.shop.test GET /",
    found: "a.shop.test Prefix /",
  },
  { title: "another method does not fit", routes: ["- Template /users/{id} GET"], ask: "a POST /users/7", found: null },
  {
    title: "a template gives its parameters",
    routes: ["- Template /users/{id} GET"],
    ask: "a GET /users/J%C3%BCrg",
    found: "- Template /users/{id} GET",
    parameters: { id: "Jürg" },
  },
  { title: "a template parameter is not empty", routes: ["- Template /users/{id}"], ask: "a GET /users/", found: null },
  {
    title: "a greedy parameter takes the rest",
    routes: ["- Template /files/{proxy+}"],
    ask: "a GET /files/a/b",
    found: "- Template /files/{proxy+}",
    parameters: { proxy: "a/b" },
  },
  {
    title: "text wins over a variable, however long the other is",
    routes: ["- Template /users/{id} GET", "- Template /users/{proxy+}", "- Template /users/me GET"],
    ask: "a GET /users/me",
    found: "- Template /users/me GET",
  },
  {
    title: "a variable wins over the rest of the path",
    routes: ["- Template /users/{proxy+}", "- Template /users/{id} GET"],
    ask: "a GET /users/7",
    found: "- Template /users/{id} GET",
    parameters: { id: "7" },
  },
  {
    title: "the rest of the path takes what nothing else does",
    routes: ["- Template /users/{id} GET", "- Template /users/{proxy+}", "- Prefix /"],
    ask: "a GET /users/7/x",
    found: "- Template /users/{proxy+}",
    parameters: { proxy: "7/x" },
  },
  {
    title: "text in an earlier segment decides",
    routes: ["- Template /{a}/b/c", "- Template /a/{b}/{c}"],
    ask: "a GET /a/b/c",
    found: "- Template /a/{b}/{c}",
    parameters: { b: "b", c: "c" },
  },
  {
    title: "of equal paths the one that names the method wins",
    routes: ["- Template /users/{id}", "- Template /users/{id} GET"],
    ask: "a GET /users/7",
    found: "- Template /users/{id} GET",
    parameters: { id: "7" },
  },
  {
    title: "any host serves what a named host does not",
    routes: ["shop.test Exact /a", "- Prefix /"],
    ask: "shop.test GET /b",
    found: "- Prefix /",
  },
  {
    title: "no name is special",
    routes: ["- Template /{__proto__}"],
    ask: "a GET /x",
    found: "- Template /{__proto__}",
    parameters: Object.fromEntries([["__proto__", "x"]]),
  },
  {
    title: "a malformed percent sign stays as it is",
    routes: ["- Template /users/{id}"],
    ask: "a GET /users/%zz",
    found: "- Template /users/{id}",
    parameters: { id: "%zz" },
  },
];
for (const { title, routes, ask, found, parameters = {} } of cases) {
  test(`routes: ${title}`, () => {
    const [host = "", method = "", path = ""] = ask.split(" ");
    const match = matchRoute(table(routes), host, path, method);
    assert.equal(match?.route.from ?? null, found);
    if (match !== null) assert.deepEqual(Object.fromEntries(match.parameters), parameters);
  });
}

test("backends share requests by weight", () => {
  const backend = (name: string, weight: number): Backend => ({
    is: "service",
    namespace: "default",
    name,
    port: 80,
    weight,
  });
  const backends = [backend("a", 3), backend("b", 0), backend("c", 1)];
  const picked = Array.from({ length: 100 }, (_unused, i) => pickBackend(backends, i / 100)?.name);
  assert.deepEqual(
    [picked.filter((name) => name === "a").length, picked.filter((name) => name === "b").length],
    [75, 0],
  );
});
