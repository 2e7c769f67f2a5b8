/** Input checks in AWS's wording. */
import assert from "node:assert/strict";
import test from "node:test";
import { AwsError } from "./aws-error.ts";
import { checkShape, type Shape } from "./shape.ts";

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
  ["no integer", { Name: "abc", Size: 1.5 }, /'size' .*Member must be an integer/],
  ["beyond a bound", { Name: "abc", Size: 10 }, /'size' .*less than or equal to 9/],
  ["no member of the set", { Name: "abc", Mode: "C" }, /enum value set: \[A, B\]/],
  ["an unknown member", { Name: "abc", Colour: "red" }, /'colour' is not known to Catamaran/],
  ["a wrong element of a list", { Name: "abc", List: [1, "x"] }, /'list.2.member'/],
  ["a text for a structure", "abc" as unknown as object, /Member must be a structure/],
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
