/** An action sees the members that it serves, names all others, and refuses what it does not serve: at compile time and in requests. */
import assert from "node:assert/strict";
import test from "node:test";
import { action, type Members, service } from "./action.ts";
import { model } from "./lambda/model.gen.ts";
import { refusalsOf, refuseUnserved } from "./refuse.ts";
import { openBareDoor } from "./bare-door.ts";
import { errorsOf } from "./service-error.ts";
import { shapesOf, structureOf } from "./shape.ts";

const failure = errorsOf(model);

const invoke = action(model, "Invoke", {
  serves: ["FunctionName", "Payload", "InvocationType"],
  unserved: {
    "InvocationType=Event": "invoke it and wait",
    LogType: "read the function's log group",
    ClientContext: "leave it out",
    DurableExecutionName: "leave it out",
    Qualifier: "leave it out",
    TenantId: "leave it out",
  },
  run: async (world: { readonly known: string }, { FunctionName, Payload }) => {
    if (FunctionName !== world.known) throw failure("ResourceNotFoundException", "not there");
    return { StatusCode: 202, FunctionError: "Unhandled", ...(Payload && { Payload }) };
  },
});

// Types alone: never run.
export const mistakes = [
  action(model, "GetFunctionConcurrency", {
    serves: [],
    // @ts-expect-error FunctionName is neither served nor refused.
    unserved: {},
    run: async () => ({}),
  }),
  action(model, "GetFunctionConcurrency", {
    serves: ["FunctionName"],
    unserved: {},
    // @ts-expect-error the output has no such member.
    run: async () => ({ ReservedConcurrentExecutions: "many" }),
  }),
  action(model, "CreateFunctionUrlConfig", {
    serves: ["FunctionName", "Cors.AllowOrigins"],
    unserved: { AuthType: "", InvokeMode: "", Qualifier: "" },
    run: async (_world, input) => {
      // @ts-expect-error what is not served cannot be read.
      void input.AuthType;
      // @ts-expect-error nor inside of a member.
      void input.Cors?.MaxAge;
      throw failure("ServiceException", String(input.Cors?.AllowOrigins?.length));
    },
  }),
  // @ts-expect-error the model has no such error.
  (): Error => failure("NoSuchError", "x"),
];

const PATH = "/2015-03-31/functions/f/invocations";

test("an output's members go where the model says: status, headers, payload", async () => {
  await using door = await openBareDoor([service(model, { known: "f" }, [invoke])]);
  const { status, headers, body } = await door.ask({ service: "lambda", path: PATH, body: "[1]" });
  assert.deepEqual([status, headers["x-amz-function-error"], body.toString()], [202, "Unhandled", "[1]"]);
});

const refusals: readonly (readonly [title: string, asked: object, status: number, type: string, message: RegExp])[] = [
  [
    "a member that is not served",
    { headers: { "x-amz-log-type": "Tail" } },
    400,
    "InvalidParameterValueException",
    /^LogType is not supported by Catamaran; read the function's log group$/,
  ],
  [
    "a value that is not served",
    { headers: { "x-amz-invocation-type": "Event" } },
    400,
    "InvalidParameterValueException",
    /^InvocationType=Event is not/,
  ],
  [
    "a value that the model does not have",
    { headers: { "x-amz-invocation-type": "Now" } },
    400,
    "ValidationException",
    /'invocationType' failed to satisfy constraint: .*enum value set/,
  ],
  ["what the action throws", { path: PATH.replace("/f/", "/g/") }, 404, "ResourceNotFoundException", /^not there$/],
  [
    "a path of no action",
    { path: "/2015-03-31/functions/f/nothing" },
    404,
    "UnknownOperationException",
    /no lambda action/,
  ],
  ["a method of no action", { method: "PUT" }, 404, "UnknownOperationException", /no lambda action/],
];
for (const [title, asked, status, type, message] of refusals) {
  test(`the door says no to ${title}`, async () => {
    await using door = await openBareDoor([service(model, { known: "f" }, [invoke])]);
    const answer = await door.ask({ service: "lambda", path: PATH, ...asked });
    assert.deepEqual([answer.status, answer.headers["x-amzn-errortype"]], [status, type]);
    const said = JSON.parse(answer.body.toString());
    assert.match(said.Message ?? said.message, message);
  });
}

test("an error has the members of its shape: Type where it has one, and the message under its own name", async () => {
  await using door = await openBareDoor([service(model, { known: "f" }, [invoke])]);
  const { body } = await door.ask({ service: "lambda", path: PATH.replace("/f/", "/g/") });
  assert.deepEqual(JSON.parse(body.toString()), {
    __type: "ResourceNotFoundException",
    Type: "User",
    Message: "not there",
  });
});

const find = shapesOf({
  shapes: {
    Input: { is: "structure", members: { A: "Inner", L: "List", M: "Map", T: "Text", F: "Flag", E: "Texts" } },
    Inner: { is: "structure", members: { B: "Text", C: "Texts" } },
    List: { is: "list", of: "Inner" },
    Map: { is: "map", key: "Text", value: "Inner" },
    Texts: { is: "list", of: "Text" },
    Text: { is: "string" },
    Flag: { is: "boolean" },
  },
});
const INPUT = structureOf(find, "Input");

const said: readonly (readonly [unserved: string, input: Members, isRefused: boolean])[] = [
  ["T", { T: "x" }, true],
  ["F", { F: false }, true],
  ["T", {}, false],
  ["T", { T: "" }, false],
  ["E", { E: [] }, false],
  ["A", { A: { C: [], B: "" } }, false],
  ["A", { A: { C: ["x"] } }, true],
  ["A.B", { A: { B: "x" } }, true],
  ["A.B", { A: { C: ["x"] } }, false],
  ["L.B", { L: [{ C: ["x"] }, { B: "x" }] }, true],
  ["L.B", { L: [{ C: ["x"] }] }, false],
  ["M.B", { M: { B: {}, key: { B: "x" } } }, true],
  ["M.B", { M: { B: {} } }, false],
  ["T=x", { T: "x" }, true],
  ["T=x", { T: "y" }, false],
  ["E=x", { E: ["y", "x"] }, true],
  ["F=true", { F: true }, true],
  ["F=true", { F: false }, false],
];
for (const [path, input, isRefused] of said) {
  test(`${path} is ${isRefused ? "refused" : "nothing"} in ${JSON.stringify(input)}`, () => {
    const refuse = (): void => refuseUnserved(refusalsOf({ [path]: "leave it out" }, INPUT), input);
    if (isRefused) assert.throws(refuse, /is not supported by Catamaran; leave it out$/);
    else refuse();
  });
}

test("only members of the model can be refused", () => {
  assert.throws(() => refusalsOf({ "A.D": "" }, INPUT), RangeError);
});
