/** What parameter mappings do to a request and to an answer, row by row (API Gateway, "Transform API requests and responses"). */
import assert from "node:assert/strict";
import test from "node:test";
import { mapAnswer, mapRequest, type MappingSource } from "./parameter-mapping.ts";

const SOURCE: MappingSource = {
  headers: new Map([
    ["x-one", ["1"]],
    ["x-two", ["a", "b"]],
  ]),
  query: "q=1&q=2&name=J%C3%BCrg",
  path: "/pets/7",
  parameters: new Map([["id", "7"]]),
  body: Buffer.from('{"user":{"name":"ann","age":3}}'),
  variables: { color: "blue" },
  context: (name) => (name === "requestId" ? "r-1" : undefined),
};
const asked = () => ({ headers: new Map([["x-one", ["1"]]]), query: SOURCE.query, path: SOURCE.path });

const requests: readonly (readonly [
  mapping: Readonly<Record<string, string>>,
  header: unknown,
  query: string,
  path: string,
])[] = [
  [{}, ["1"], SOURCE.query, "/pets/7"],
  [{ "append:header.x-one": "$request.header.x-two" }, ["1", "a,b"], SOURCE.query, "/pets/7"],
  [{ "overwrite:header.X-One": "${context.requestId}-${stageVariables.color}" }, ["r-1-blue"], SOURCE.query, "/pets/7"],
  [{ "remove:header.x-one": "''" }, undefined, SOURCE.query, "/pets/7"],
  [{ "append:header.x-one": "$request.body.user.name" }, ["1", "ann"], SOURCE.query, "/pets/7"],
  [{ "append:header.x-one": "$request.body.user.missing" }, ["1", ""], SOURCE.query, "/pets/7"],
  [{ "overwrite:header.x-one": "$context.nothing" }, [""], SOURCE.query, "/pets/7"],
  [{ "overwrite:header.x-one": "a\r\nx-evil: 1" }, ["ax-evil: 1"], SOURCE.query, "/pets/7"],
  [{ "append:querystring.p": "$request.path.id" }, ["1"], "q=1&q=2&name=J%C3%BCrg&p=7", "/pets/7"],
  [{ "overwrite:querystring.q": "$request.querystring.name" }, ["1"], "q=J%C3%BCrg&name=J%C3%BCrg", "/pets/7"],
  [{ "remove:querystring.q": "" }, ["1"], "name=J%C3%BCrg", "/pets/7"],
  [{ "overwrite:path": "/animals/$request.path.id" }, ["1"], SOURCE.query, "/animals/$request.path.id"],
  [{ "overwrite:path": "/animals/${request.path.id}" }, ["1"], SOURCE.query, "/animals/7"],
  [{ "overwrite:path": "$request.path.id" }, ["1"], SOURCE.query, "/7"],
];
for (const [mapping, header, query, path] of requests)
  test(`a request, by ${JSON.stringify(mapping)}`, () => {
    const mapped = mapRequest(mapping, asked(), SOURCE);
    assert.deepEqual([mapped.headers.get("x-one"), mapped.query, mapped.path], [header, query, path]);
  });

const answers: readonly (readonly [
  mapping: Readonly<Record<string, Readonly<Record<string, string>>>>,
  status: number,
  header: unknown,
])[] = [
  [{}, 404, ["old"]],
  [{ "404": { "overwrite:statuscode": "200" } }, 200, ["old"]],
  [{ "404": { "overwrite:statusCode": "999" } }, 404, ["old"]],
  [{ "500": { "overwrite:statuscode": "200" } }, 404, ["old"]],
  [{ default: { "append:header.x-a": "$response.header.x-a" } }, 404, ["old", "old"]],
  [{ "404": { "overwrite:header.x-a": "$context.requestId" } }, 404, ["r-1"]],
  [{ "404": { "overwrite:header.x-a": "$response.body.user.age" } }, 404, ["3"]],
  [{ "404": { "remove:header.x-a": "" } }, 404, undefined],
];
for (const [mapping, status, header] of answers)
  test(`an answer, by ${JSON.stringify(mapping)}`, () => {
    const mapped = mapAnswer(mapping, { status: 404, headers: new Map([["x-a", ["old"]]]) }, SOURCE);
    assert.deepEqual([mapped.status, mapped.headers.get("x-a")], [status, header]);
  });
