/** What a model demands beyond types, in AWS's words. */
import assert from "node:assert/strict";
import test from "node:test";
import { AwsError } from "./aws-error.ts";
import { checkConstraints, wholly } from "./constraints.ts";
import { shapesOf, structureOf } from "./shape.ts";

const find = shapesOf({
  shapes: {
    Input: {
      is: "structure",
      members: {
        Name: "Name",
        Size: "Size",
        Mode: "Mode",
        Modes: "Modes",
        Tags: "Tags",
        List: "List",
        Data: "Data",
        Inner: "Inner",
      },
      required: ["Name"],
    },
    Name: { is: "string", min: 2, max: 5, pattern: "[a-z]+" },
    Size: { is: "integer", min: 1, max: 9 },
    Mode: { is: "string", enum: ["A", "B"] },
    Modes: { is: "list", of: "Mode" },
    Tags: { is: "map", key: "Name", value: "Name", max: 1 },
    List: { is: "list", of: "Size", max: 3 },
    Data: { is: "blob", max: 2 },
    Inner: { is: "structure", members: { Deep: "Inner", Size: "Size" }, required: ["Size"] },
  },
});
const INPUT = structureOf(find, "Input");

const cases: readonly (readonly [title: string, input: object, message: RegExp | null])[] = [
  ["what fits", { Name: "abc", Size: 3, Mode: "A", Tags: { ab: "cd" }, List: [1, 2], Data: Buffer.from("ab") }, null],
  [
    "a missing member",
    {},
    /^1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null$/,
  ],
  [
    "too long and the wrong letters",
    { Name: "ABCDEF" },
    /^2 validation errors detected: .*less than or equal to 5; .*regular expression pattern: \[a-z\]\+$/,
  ],
  ["too short", { Name: "a" }, /Value 'a' at 'name' .*length greater than or equal to 2$/],
  ["below a bound", { Name: "abc", Size: 0 }, /'size' .*value greater than or equal to 1$/],
  ["beyond a bound", { Name: "abc", Size: 10 }, /'size' .*value less than or equal to 9$/],
  ["no member of the set", { Name: "abc", Mode: "C" }, /enum value set: \[A, B\]$/],
  [
    "a list with no member of the set",
    { Name: "abc", Modes: ["A", "C"] },
    /Value '\[A, C\]' at 'modes' .*: \[Member must satisfy enum value set: \[A, B\], Member must not be null\]$/,
  ],
  ["null in a list", { Name: "abc", List: [1, null] }, /Value null at 'list.2.member' .*Member must not be null$/],
  [
    "too many in a list",
    { Name: "abc", List: [1, 1, 1, 1] },
    /Value '\[1, 1, 1, 1\]' at 'list' .*length less than or equal to 3$/,
  ],
  ["a member of a list", { Name: "abc", List: [1, 11] }, /Value '11' at 'list.2.member' /],
  ["null in a map", { Name: "abc", Tags: { ab: null } }, /Value null at 'tags.ab.member' .*must not be null$/],
  [
    "a key of a map",
    { Name: "abc", Tags: { "1": "cd" } },
    /at 'tags' .*: Map keys must satisfy constraint: \[Member must have length less than or equal to 5, Member must have length greater than or equal to 2, Member must satisfy regular expression pattern: \[a-z\]\+\]$/,
  ],
  [
    "too many entries, printed as Java does",
    { Name: "abc", Tags: { ab: "cd", cd: "ef" } },
    /Value '\{ab=cd, cd=ef\}' at 'tags' .*length less than or equal to 1$/,
  ],
  ["too many bytes", { Name: "abc", Data: Buffer.from("abc") }, /at 'data' .*length less than or equal to 2$/],
  [
    "members inside",
    { Name: "abc", Inner: { Size: 1, Deep: { Size: 12, Deep: {} } } },
    /^2 validation errors detected: Value '12' at 'inner.deep.size' .*; Value null at 'inner.deep.deep.size'/,
  ],
];
for (const [title, input, message] of cases) {
  test(`constraints: ${title}`, () => {
    if (message === null) return checkConstraints(input, INPUT);
    assert.throws(
      () => checkConstraints(input, INPUT),
      (thrown) => thrown instanceof AwsError && thrown.code === "ValidationException" && message.test(thrown.message),
    );
  });
}

test("no more than ten sentences", () => {
  const List = Array.from({ length: 20 }, () => 0);
  assert.throws(() => checkConstraints({ Name: "abc", List }, INPUT), /^AwsError: 10 validation errors detected/);
});

const patterns: readonly (readonly [pattern: string, text: string, fits: boolean])[] = [
  ["[a-z]+", "abc", true],
  ["[a-z]+", "abc1", false],
  ["^[\\p{L}_]+$", "Größe_", true],
  ["[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF]*", "a 😹", true],
  ["[\\w\\-\\_\\@]+", "a-_@", true],
];
for (const [pattern, text, fits] of patterns) {
  test(`${text} ${fits ? "satisfies" : "does not satisfy"} ${pattern}`, () =>
    assert.equal(wholly(pattern).test(text), fits));
}
