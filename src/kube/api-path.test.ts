/** Which object a path means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { type FindKind, parseApiPath } from "./api-path.ts";

const find: FindKind = (group, version, plural) =>
  builtinKinds.find((kind) => kind.group === group && kind.version === version && kind.plural === plural);

const cases: readonly (readonly [path: string, meaning: string | null])[] = [
  ["/api/v1/pods", "pods in '' named '' sub ''"],
  ["/api/v1/namespaces/a/pods", "pods in 'a' named '' sub ''"],
  ["/api/v1/namespaces/a/pods/b", "pods in 'a' named 'b' sub ''"],
  ["/api/v1/namespaces/a/pods/b/log", "pods in 'a' named 'b' sub 'log'"],
  ["/api/v1/namespaces", "namespaces in '' named '' sub ''"],
  ["/api/v1/namespaces/a", "namespaces in '' named 'a' sub ''"],
  ["/api/v1/namespaces/a/status", "namespaces in '' named 'a' sub 'status'"],
  ["/api/v1/namespaces/a/finalize", "namespaces in '' named 'a' sub 'finalize'"],
  ["/apis/apps/v1/namespaces/a/deployments/b/scale", "deployments in 'a' named 'b' sub 'scale'"],
  ["/apis/catamaran.dev/v1/namespaces/a/functions/my%2Ffn", "functions in 'a' named 'my/fn' sub ''"],
  ["//api//v1/nodes/", "nodes in '' named '' sub ''"],
  ["/api", null],
  ["/api/v1", null],
  ["/apis/apps", null],
  ["/apis/apps/v1", null],
  ["/openapi/v3/apis/apps/v1", null],
];

for (const [path, meaning] of cases) {
  test(`${path} means ${meaning ?? "no object"}`, () => {
    const parsed = parseApiPath(path, find);
    const { plural, namespace = "", name = "", subresource = "" } = parsed ?? {};
    assert.equal(
      plural === undefined ? null : `${plural} in '${namespace}' named '${name}' sub '${subresource}'`,
      meaning,
    );
  });
}

for (const path of ["/api/v1/nope", "/api/v2/pods", "/apis/foo/v1/pods", "/api/v1/namespaces/a/nodes"])
  test(`${path} means something that is not there`, () => assert.equal(parseApiPath(path, find)?.kind, undefined));

test("a bad percent sign is refused", () =>
  assert.throws(
    () => parseApiPath("/api/v1/%zz", find),
    (thrown: unknown) => thrown instanceof Fault && thrown.code === "BadRequest",
  ));
