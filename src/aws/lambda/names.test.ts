/** Names, ARNs and their parts: which function they mean, and which are refused in what words. */
import assert from "node:assert/strict";
import test from "node:test";
import { AwsError } from "../aws-error.ts";
import { checkConstraints } from "../constraints.ts";
import { operationOf } from "../operation.ts";
import { model } from "./model.gen.ts";
import { referenceOf, unqualifiedName } from "./names.ts";

const HERE = { accountId: "000000000000", region: "us-east-1" };
const { input: READ } = operationOf(model, "GetFunction");
const { input: MADE } = operationOf(model, "CreateFunction");

const accepted: readonly (readonly [text: string, name: string, qualifier: string | undefined])[] = [
  ["mm", "mm", undefined],
  ["mm:$LATEST", "mm", "$LATEST"],
  ["mm:7", "mm", "7"],
  ["function:mm", "mm", undefined],
  ["000000000000:function:mm", "mm", undefined],
  ["us-east-1:000000000000:function:mm", "mm", undefined],
  ["arn:aws:lambda:us-east-1:000000000000:function:mm", "mm", undefined],
  ["arn:aws:lambda:us-east-1:000000000000:function:mm:live", "mm", "live"],
  ["arn:aws:lambda:us-east-1:000000000000:function", "function", undefined],
];
for (const [text, name, version] of accepted) {
  test(`'${text}' means ${name}${version === undefined ? "" : ` in version ${version}`}`, () => {
    checkConstraints({ FunctionName: text }, READ);
    assert.deepEqual(referenceOf(HERE, { FunctionName: text }), { name, qualifier: version });
  });
}

type Named = Parameters<typeof referenceOf>[1];
const refused: readonly (readonly [title: string, input: Named, code: string, message: RegExp])[] = [
  [
    "another region",
    { FunctionName: "arn:aws:lambda:eu-central-1:000000000000:function:mm" },
    "ResourceNotFoundException",
    /^Functions from 'eu-central-1' are not reachable in this region \('us-east-1'\)$/,
  ],
  ["another account", { FunctionName: "111111111111:function:mm" }, "AccessDeniedException", /^$/],
  [
    "another account in a full ARN",
    { FunctionName: "arn:aws:lambda:us-east-1:111111111111:function:mm" },
    "AccessDeniedException",
    /^$/,
  ],
  [
    "two qualifiers that differ",
    { FunctionName: "mm:1", Qualifier: "2" },
    "InvalidParameterValueException",
    /^The derived qualifier from the function name does not match/,
  ],
  ["letters that no name has", { FunctionName: "mm!" }, "ValidationException", /'functionName' .*pattern: \(arn:/],
  [
    "a region that is none",
    { FunctionName: "arn:aws:lambda:mars:000000000000:function:mm" },
    "ValidationException",
    /pattern/,
  ],
  ["two qualifiers in one", { FunctionName: "function:mm:1:2" }, "ValidationException", /pattern/],
  ["a qualifier with other letters", { FunctionName: "mm", Qualifier: "no!" }, "ValidationException", /'qualifier'/],
];
for (const [title, input, code, message] of refused) {
  test(`a function's name is refused: ${title}`, () => {
    const read = (): void => {
      checkConstraints(input, READ);
      referenceOf(HERE, input);
    };
    assert.throws(read, (thrown) => thrown instanceof AwsError && thrown.code === code && message.test(thrown.message));
  });
}

test("what only functions have is refused for versions", () => {
  for (const name of ["mm:1", "arn:aws:lambda:us-east-1:000000000000:function:mm:$LATEST"])
    assert.throws(() => unqualifiedName(HERE, { FunctionName: name }), /permitted on Lambda functions only/);
});

test("a name that creates something has 140 characters at most", () => {
  assert.throws(() => checkConstraints({ FunctionName: "a".repeat(141) }, MADE), /less than or equal to 140/);
});
