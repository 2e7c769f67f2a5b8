/** Which events a pattern matches; the cases are those of AWS's documents and of aws/event-ruler (RulerTest, README). */
import assert from "node:assert/strict";
import test from "node:test";
import { Fault } from "#base/fault.ts";
import { patternOf, readPattern } from "./pattern.ts";

const event = {
  version: "0",
  "detail-type": "EC2 Instance State-change Notification",
  source: "aws.ec2",
  time: "2017-10-02T16:24:49Z",
  resources: ["arn:aws:ec2:us-east-1:012345679012:instance/i-000000aaaaaa00000"],
  detail: {
    "c.count": 5,
    "x.limit": 301.8,
    "source-ip": "10.0.0.33",
    "source-ip6": "2001:DB8:0:0::1",
    state: "running",
    path: "/a/b/c.png",
    star: "a*b",
    none: null,
    on: true,
    empty: [],
    object: { inner: 1 },
    list: ["red", 7],
  },
};

const employees = {
  employees: [
    [
      { firstName: "John", lastName: "Doe", ids: [1234, 1000, 9999] },
      { firstName: "Anna", lastName: "Smith" },
    ],
    [{ firstName: "Peter", lastName: "Jones", ids: [] }],
  ],
};

const detail = (pattern: unknown) => ({ detail: pattern });
type Case = readonly [title: string, pattern: unknown, isMatch: boolean, of?: object];

const cases: readonly Case[] = [
  ["one of several values", detail({ state: ["initializing", "running"] }), true],
  ["no such value", detail({ state: ["stopped"] }), false],
  ["all fields", { source: ["aws.ec2"], detail: { state: ["stopped"] } }, false],
  ["an element of an array", { resources: [{ suffix: "aaaaaa00000" }] }, true],
  ["a number of an array", detail({ list: [7] }), true],
  ["a number by its value", detail({ "x.limit": [3.018e2] }), true],
  ["a text is no number", detail({ "c.count": ["5"] }), false],
  ["true", detail({ on: [true] }), true],
  ["null", detail({ none: [null] }), true],
  ["null is there", detail({ none: [{ exists: true }] }), true],
  ["a missing field is not null", detail({ nothing: [null] }), false],
  ["prefix", { time: [{ prefix: "2017-10-02" }] }, true],
  ["prefix of a number", detail({ "c.count": [{ prefix: "5" }] }), false],
  ["prefix without case", detail({ state: [{ prefix: { "equals-ignore-case": "RuNn" } }] }), true],
  ["suffix", detail({ state: [{ suffix: "ning" }] }), true],
  ["suffix without case", detail({ state: [{ suffix: { "equals-ignore-case": "nInG" } }] }), true],
  ["equals-ignore-case", detail({ state: [{ "equals-ignore-case": "RUNNING" }] }), true],
  ["wildcard", detail({ path: [{ wildcard: "/*/b/*.png" }] }), true],
  ["wildcard that must not overlap", detail({ path: [{ wildcard: "/a/b/c*c.png" }] }), false],
  ["wildcard at the end", detail({ path: [{ wildcard: "/a*" }] }), true],
  ["an escaped star", detail({ star: [{ wildcard: "a\\*b" }] }), true],
  ["an escaped star is nothing else", detail({ path: [{ wildcard: "/a\\*" }] }), false],
  ["numeric range", detail({ "c.count": [{ numeric: [">", 0, "<=", 5] }] }), true],
  ["numeric below", detail({ "c.count": [{ numeric: ["<", 5] }] }), false],
  ["numeric equals", detail({ "x.limit": [{ numeric: ["=", 3.018e2] }] }), true],
  ["numeric of a text", detail({ state: [{ numeric: [">", 0] }] }), false],
  ["cidr", detail({ "source-ip": [{ cidr: "10.0.0.0/24" }] }), true],
  ["another cidr", detail({ "source-ip": [{ cidr: "10.0.1.0/24" }] }), false],
  ["cidr of IPv6", detail({ "source-ip6": [{ cidr: "2001:db8::/32" }] }), true],
  ["an address in another text", detail({ "source-ip6": ["2001:db8::1"] }), true],
  ["cidr of no address", detail({ state: [{ cidr: "10.0.0.0/24" }] }), false],
  ["anything-but", detail({ state: [{ "anything-but": "initializing" }] }), true],
  ["anything-but itself", detail({ state: [{ "anything-but": ["running", "stopped"] }] }), false],
  ["anything-but of numbers", detail({ "c.count": [{ "anything-but": [5, 6] }] }), false],
  ["anything-but texts, a number", detail({ "c.count": [{ "anything-but": ["5"] }] }), true],
  ["anything-but of a missing field", detail({ nothing: [{ "anything-but": "x" }] }), false],
  ["anything-but prefix", detail({ state: [{ "anything-but": { prefix: "init" } }] }), true],
  ["anything-but prefixes", detail({ state: [{ "anything-but": { prefix: ["init", "run"] } }] }), false],
  ["anything-but suffix", detail({ state: [{ "anything-but": { suffix: "ning" } }] }), false],
  ["anything-but without case", detail({ state: [{ "anything-but": { "equals-ignore-case": "RUNNING" } }] }), false],
  ["anything-but wildcard", detail({ path: [{ "anything-but": { wildcard: "*/lib/*" } }] }), true],
  ["exists", detail({ state: [{ exists: true }] }), true],
  ["exists on an object", detail({ object: [{ exists: true }] }), false],
  ["exists on an empty array", detail({ empty: [{ exists: true }] }), false],
  ["not exists", detail({ nothing: [{ exists: false }] }), true],
  ["not exists below what is missing", { nothing: { at: { all: [{ exists: false }] } } }, true],
  ["not exists or a value", detail({ state: [{ exists: false }, "running"] }), true],
  ["not exists of what is there", detail({ state: [{ exists: false }] }), false],
  ["$or, the second", detail({ $or: [{ state: ["x"] }, { "c.count": [{ numeric: ["<", 10] }] }] }), true],
  ["$or, none", detail({ $or: [{ state: ["x"] }, { "c.count": [1] }] }), false],
  ["$or beside others", detail({ $or: [{ state: ["running"] }, { on: [false] }], on: [false] }), false],
  ["$or inside of $or", { $or: [{ source: ["x"] }, { detail: { $or: [{ on: [true] }, { on: [false] }] } }] }, true],
  ["objects in arrays of arrays", { employees: { firstName: ["Anna"] } }, true, employees],
  ["two fields of one object", { employees: { firstName: ["John"], ids: [1000] } }, true, employees],
  ["two fields of two objects", { employees: { firstName: ["Anna"], lastName: ["Jones"] } }, false, employees],
  ["missing in the same object", { employees: { firstName: ["Anna"], ids: [{ exists: false }] } }, true, employees],
  ["there in another object", { employees: { firstName: ["Anna"], ids: [{ exists: true }] } }, false, employees],
  ["a value where objects are", { employees: ["b"] }, false, employees],
  ["a dotted name in the pattern", { "detail.state": ["running"] }, true],
  ["a dotted name in the event", detail({ c: { count: [5] } }), true],
  ["a name of every object", { toString: [{ exists: true }] }, false],
];
for (const [title, pattern, isMatch, of = event] of cases)
  test(`${isMatch ? "matches" : "does not match"}: ${title}`, () =>
    assert.equal(patternOf(pattern).matches({ ...of }), isMatch));

const refused: readonly (readonly [pattern: string, reason: RegExp])[] = [
  ["[]", /^Filter is not an object$/],
  ["{", /not valid JSON/],
  ["{}", /^Empty objects are not allowed$/],
  ['{"a":[]}', /^Empty arrays are not allowed$/],
  ['{"a":"b"}', /^"a" must be an object or an array$/],
  ['{"a":[[1]]}', /^Match value must be String, number, true, false, or null$/],
  ['{"a":[{"foo":1}]}', /^Unrecognized match type foo$/],
  ['{"a":[{}]}', /^Match expression name not found$/],
  ['{"a":[{"prefix":"x","suffix":"y"}]}', /^Only one key allowed in match expression$/],
  ['{"a":[{"prefix":1}]}', /^prefix match pattern must be a string$/],
  ['{"a":[{"exists":"true"}]}', /^exists match pattern must be either true or false\.$/],
  ['{"a":[{"numeric":5}]}', /^Value of numeric must be an array\.$/],
  ['{"a":[{"numeric":["=","5"]}]}', /^Value of equals must be numeric$/],
  ['{"a":[{"numeric":["~",5]}]}', /^Unrecognized numeric range operator: ~$/],
  ['{"a":[{"numeric":[">",5,"<",1]}]}', /^Bottom must be less than top$/],
  ['{"a":[{"anything-but":["a",1]}]}', /mixed type is not supported$/],
  ['{"a":[{"anything-but":{"numeric":1}}]}', /^Unsupported anything-but pattern: numeric$/],
  ['{"a":[{"cidr":"bad"}]}', /^Malformed CIDR, one '\/' required$/],
  ['{"a":[{"cidr":"x/8"}]}', /^Nonstandard IP address: x$/],
  ['{"a":[{"cidr":"10.0.0.0/32"}]}', /^IPv4 mask bits must be < 32$/],
  ['{"a":[{"wildcard":"a**b"}]}', /^Consecutive wildcard characters at pos 2$/],
  ['{"a":[{"wildcard":"a\\\\b"}]}', /^Invalid escape character at pos 2$/],
  ['{"$or":{"a":[1]}}', /^It must be an Array followed with \$or\.$/],
  ['{"$or":[{"a":[1]}]}', /at least 2 Objects/],
  ['{"$or":[{"prefix":[1]},{"a":[1]}]}', /reserved fieldName/],
  [JSON.stringify({ a: ["x".repeat(4_096)] }), /longer than 4096/],
  [`${'{"a":'.repeat(70)}[1]${"}".repeat(70)}`, /nested deeper/],
];
for (const [pattern, reason] of refused)
  test(`refuses ${pattern.slice(0, 60)}`, () =>
    assert.throws(
      () => readPattern(pattern),
      (thrown) => thrown instanceof Fault && thrown.code === "BadRequest" && reason.test(thrown.message),
    ));

test("alternatives that multiply are bounded", () => {
  const or = Array.from({ length: 11 }, (_, at) => ({ a: [at] }));
  const pattern = { x: { $or: or }, y: { $or: or }, z: { $or: or } };
  assert.throws(() => patternOf(pattern), /too complex/);
});

test("a wildcard does not try anything twice", () => {
  const pattern = patternOf({ a: [{ wildcard: `${"a*".repeat(500)}b` }] });
  const started = performance.now();
  assert.equal(pattern.matches({ a: "a".repeat(200_000) }), false);
  assert.ok(performance.now() - started < 50);
});
