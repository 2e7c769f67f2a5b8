/** Intrinsic functions as tables: what each gives, and what CloudFormation says against it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, JsonObject } from "#base/json.ts";
import { evaluated, holds, type Scope, UNKNOWN } from "./intrinsics.ts";
import { readTemplateText } from "./template-text.ts";

const known: Readonly<Record<string, Json>> = {
  Name: "web",
  Count: 3,
  List: ["a", "b"],
  "AWS::Region": "us-east-1",
  Queue: "q-1",
  New: UNKNOWN,
};
const conditions = new Map<string, Json>([
  ["IsProd", { "Fn::Equals": [{ Ref: "Name" }, "web"] }],
  ["IsTest", { "Fn::Not": [{ Condition: "IsProd" }] }],
  ["Both", { "Fn::And": [{ Condition: "IsProd" }, { Condition: "IsTest" }] }],
  ["Either", { "Fn::Or": [{ Condition: "IsProd" }, { Condition: "IsTest" }] }],
  ["Ring", { "Fn::Not": [{ Condition: "Ring" }] }],
  ["Truth", { "Fn::Equals": [true, "true"] }],
]);
const scope: Scope = {
  ref: (name) => known[name],
  attribute: (resource, name) =>
    resource === "Queue" && name === "Arn" ? "arn:q" : resource === "New" ? UNKNOWN : undefined,
  conditions,
  mappings: { Sizes: { "us-east-1": { small: "t3", list: ["x"] } } },
  imported: (name) => (name === "shared-vpc" ? "vpc-1" : undefined),
  availabilityZones: ["us-east-1a", "us-east-1b"],
};

for (const { yaml, gives } of [
  { yaml: "!Ref Name", gives: "web" },
  { yaml: "!GetAtt Queue.Arn", gives: "arn:q" },
  { yaml: "Fn::GetAtt: [Queue, Arn]", gives: "arn:q" },
  { yaml: '!Sub "${Name}-${Queue.Arn}-${!Literal}-${AWS::Region}"', gives: "web-arn:q-${Literal}-us-east-1" },
  { yaml: '!Sub ["${a}/${Name}", { a: !Ref Count }]', gives: "3/web" },
  { yaml: '!Join ["-", [a, !Ref Name, 3]]', gives: "a-web-3" },
  { yaml: '!Join [",", !Ref List]', gives: "a,b" },
  { yaml: "!Select [1, !Ref List]", gives: "b" },
  { yaml: '!Select [0, !Split ["|", "x|y"]]', gives: "x" },
  { yaml: "!If [IsProd, yes-it-is, no-it-is-not]", gives: "yes-it-is" },
  { yaml: "!FindInMap [Sizes, !Ref AWS::Region, small]", gives: "t3" },
  { yaml: "Fn::FindInMap: [Sizes, eu, small, { DefaultValue: none }]", gives: "none" },
  { yaml: "!ImportValue shared-vpc", gives: "vpc-1" },
  { yaml: "!Base64 hello", gives: "aGVsbG8=" },
  { yaml: '!GetAZs ""', gives: ["us-east-1a", "us-east-1b"] },
  { yaml: "!Cidr [10.0.0.0/16, 2, 8]", gives: ["10.0.0.0/24", "10.0.1.0/24"] },
  { yaml: "Fn::Length: !Ref List", gives: 2 },
  { yaml: "Fn::ToJsonString: { a: !Ref Name }", gives: '{"a":"web"}' },
  { yaml: "{ a: 1, b: !Ref AWS::NoValue, c: [!Ref AWS::NoValue, 2] }", gives: { a: 1, c: [2] } },
  {
    yaml: "{ Version: 2012-10-17, Condition: { StringEquals: { a: b } } }",
    gives: { Version: "2012-10-17", Condition: { StringEquals: { a: "b" } } },
  },
  { yaml: "!Ref New", gives: UNKNOWN },
  { yaml: '!Sub "a-${New}"', gives: UNKNOWN },
  { yaml: '!Join ["", [a, !GetAtt New.Arn]]', gives: UNKNOWN },
] as const)
  test(`evaluated: ${yaml}`, () => {
    assert.deepEqual(evaluated(readTemplateText(yaml), scope), gives);
  });

for (const { yaml, says } of [
  { yaml: "!Ref Nobody", says: "Unresolved resource dependencies \\[Nobody\\]" },
  { yaml: "!GetAtt Nobody.Arn", says: "Fn::GetAtt references undefined resource Nobody" },
  { yaml: "!GetAtt Queue.Size", says: "resource Queue does not support attribute type Size" },
  { yaml: "!Select [7, !Ref List]", says: "cannot select nonexistent value at index 7" },
  { yaml: "!FindInMap [Sizes, eu, small]", says: "Unable to get mapping for Sizes::eu::small" },
  { yaml: "!ImportValue nothing", says: "No export named nothing found" },
  { yaml: '!Join ["-", a]', says: "Fn::Join object requires a list" },
  { yaml: "!If [Nothing, 1, 2]", says: "Unresolved condition dependency Nothing" },
  { yaml: "Fn::Transform: { Name: x }", says: "Fn::Transform is not supported" },
  { yaml: "!Cidr [10.0.0.0/24, 2, 8]", says: "cannot make 2 blocks of 8 bits" },
])
  test(`refused: ${yaml}`, () => {
    assert.throws(() => evaluated(readTemplateText(yaml), scope), { code: "BadRequest", message: new RegExp(says) });
  });

test("conditions", () => {
  const found = ["IsProd", "IsTest", "Both", "Either", "Truth"].map((name) => holds(name, scope));
  assert.deepEqual(found, [true, false, false, true, true]);
  assert.throws(() => holds("Ring", scope), /Circular dependency between conditions/);
});

test("evaluating does not change the template", () => {
  const template = readTemplateText("{ a: !Ref Name, b: [!Sub '${Name}'] }") as JsonObject;
  const before = JSON.stringify(template);
  evaluated(template, scope);
  assert.equal(JSON.stringify(template), before);
});
