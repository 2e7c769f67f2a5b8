/** Targets and hosts as RFC 9112 and RFC 3986 read them, and what is refused because others would read it otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { targetOf } from "./request-target.ts";

const accepted: readonly (readonly [ask: string, path: string, host?: string])[] = [
  ["/", "/"],
  ["/a/b", "/a/b"],
  ["/a/", "/a/"],
  ["//a", "//a"],
  ["/a.b/..c/d..", "/a.b/..c/d.."],
  ["/.well-known/x", "/.well-known/x"],
  ["/a/./b", "/a/b"],
  ["/a/../b", "/b"],
  ["/a/%2e%2e/b", "/b"],
  ["/a/.%2E/b", "/b"],
  ["/a/..", "/"],
  ["/a/b/..", "/a/"],
  ["/a/.", "/a/"],
  ["/../../a", "/a"],
  ["/a%2Fb", "/a%2Fb"],
  ["/J%C3%BCrg", "/J%C3%BCrg"],
  ["/a;v=1/b", "/a;v=1/b"],
  ["/%252e%252e/a", "/%252e%252e/a"],
  ["http://shop.test/a", "/a", "shop.test"],
  ["HTTP://Shop.Test:81", "/", "shop.test"],
  ["http://[::1]:80/a/../b", "/b", "[::1]"],
];
for (const [ask, path, host = "here.test"] of accepted)
  test(`target ${ask} is ${path} of ${host}`, () =>
    assert.deepEqual(targetOf(ask, ["Host", "Here.test:8080"]), { host, path, query: "" }));

const refused = [
  "*",
  "a",
  "/a#b",
  "/a/..;/b",
  "/a/..;x=1/b",
  "/a/%2e%2e;/b",
  "/a/..%2fb",
  "/a/..%5Cb",
  "/a\\..\\b",
  "/a/x%2f..%2fb",
  "/a/..%3b/b",
  "/a%00",
  "http://user@shop.test/a",
  "http://shop.test:x/a",
];
for (const ask of refused)
  test(`target ${ask} is refused`, () => assert.ok("refused" in targetOf(ask, ["Host", "here.test"])));

test("the query goes on as it came", () => {
  assert.deepEqual(targetOf("/a?b=../c&d=%2e", ["host", "h"]), { host: "h", path: "/a", query: "b=../c&d=%2e" });
  assert.deepEqual(targetOf("http://h?x=1", ["host", "other"]), { host: "h", path: "/", query: "x=1" });
});

test("hosts: none in HTTP/1.0, one, never two, and no odd ones", () => {
  assert.deepEqual(targetOf("/", []), { host: "", path: "/", query: "" });
  assert.ok("refused" in targetOf("/", ["Host", "a", "host", "a"]));
  for (const odd of ["a b", "a/b", "a@b", "a:b", "[::1", "a\\b"])
    assert.ok("refused" in targetOf("/", ["Host", odd]), odd);
});
