/** Input checks in AWS's wording. */
import assert from "node:assert/strict";
import test from "node:test";
import { AwsError } from "./aws-error.ts";
import { checkShape, type Shape } from "./untyped-shape.ts";

const SHAPE: Shape = {
  is: "structure",
  members: {
    Name: { is: "string", min: 2, max: 5, pattern: "[a-z]+" },
    Size: { is: "integer", min: 1, max: 9 },
    Mode: { is: "string", enum: ["A", "B"] },
    Tags: { is: "map", of: { is: "string" }, max: 1 },
    List: { is: "list", of: { is: "integer" } },
  },
  required: ["Name"],
};

const cases: readonly (readonly [title: string, input: object, message: RegExp | null])[] = [
  ["what fits", { Name: "abc", Size: 3, Mode: "A", Tags: { a: "b" }, List: [1, 2] }, null],
  ["null stands for absent", { Name: "abc", Size: null }, null],
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
  ["beyond a bound", { Name: "abc", Size: 10 }, /'size' .*less than or equal to 9/],
  ["no member of the set", { Name: "abc", Mode: "C" }, /enum value set: \[A, B\]/],
  ["an unknown member", { Name: "abc", Colour: "red" }, /'colour' is not known to Catamaran/],
  ["null in a list", { Name: "abc", List: [1, null] }, /Value null at 'list.2.member' .*Member must not be null/],
  ["null in a map", { Name: "abc", Tags: { a: null } }, /Value null at 'tags.a.member' .*must not be null/],
  [
    "too many entries, printed as Java does",
    { Name: "abc", Tags: { a: "b", c: "d" } },
    /Value '\{a=b, c=d\}' at 'tags' .*length less than or equal to 1/,
  ],
  ["a member named as one of JavaScript's own", { Name: "abc", constructor: "x" }, /'constructor' is not known/],
];
for (const [title, input, message] of cases) {
  test(`shape: ${title}`, () => {
    if (message === null) return checkShape(input, SHAPE);
    assert.throws(
      () => checkShape(input, SHAPE),
      (thrown: unknown) =>
        thrown instanceof AwsError && thrown.code === "ValidationException" && message.test(thrown.message),
    );
  });
}

const wrongTypes: readonly (readonly [title: string, input: unknown, message: string])[] = [
  ["no integer", { Name: "abc", Size: 1.5 }, "NUMBER_VALUE cannot be converted to Integer"],
  ["a number for a text", { Name: 1 }, "NUMBER_VALUE cannot be converted to String"],
  ["a boolean for a text", { Name: false }, "FALSE_VALUE cannot be converted to String"],
  ["a list for a text", { Name: [] }, "Start of list found where not expected"],
  ["a structure for a number", { Size: {} }, "Start of structure or map found where not expected."],
  ["a wrong element of a list", { List: [1, "x"] }, "STRING_VALUE cannot be converted to Integer"],
  ["a text for a structure", "abc", "Unexpected field type"],
  ["bytes for a text", { Name: new Uint8Array(1) }, "Start of structure or map found where not expected."],
];
for (const [title, input, message] of wrongTypes) {
  test(`shape: ${title} cannot be read, whatever else is wrong`, () => {
    assert.throws(
      () => checkShape(input, SHAPE),
      (thrown: unknown) =>
        thrown instanceof AwsError && thrown.code === "SerializationException" && thrown.message === message,
    );
  });
}
