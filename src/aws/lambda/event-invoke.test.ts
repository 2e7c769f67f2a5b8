/** Event invoke configurations and dead-letter targets at the door (Lambda API Reference, PutFunctionEventInvokeConfig). */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { zipSync } from "fflate";
import { FakeClock } from "#deck/fake-clock.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

type Members = Readonly<Record<string, unknown>>;

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";
const PATH = "/2019-09-25/functions/f/event-invoke-config";

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  const zip = zipSync({ "index.js": Buffer.from("exports.handler = async () => 1;") });
  const made = await door.lambda("POST /2015-03-31/functions", {
    FunctionName: "f",
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/r",
    Code: { ZipFile: Buffer.from(zip).toString("base64") },
    DeadLetterConfig: { TargetArn: QUEUE },
  });
  assert.equal(made.status, 201, made.text);
});
after(() => door[Symbol.asyncDispose]());

async function ask(
  method: string,
  path = PATH,
  input?: Members,
): Promise<{ readonly status: number; readonly json: Members }> {
  const { status, json } = await door.lambda(`${method} ${path}`, input);
  return { status, json: (json ?? {}) as Members };
}

test("a configuration is put, changed in part, listed and removed", async () => {
  assert.equal((await ask("GET")).status, 404);
  const DestinationConfig = { OnSuccess: { Destination: QUEUE }, OnFailure: { Destination: `${QUEUE}f` } };
  const put = await ask("PUT", PATH, { MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 60, DestinationConfig });
  const { LastModified, ...config } = put.json;
  assert.equal(typeof LastModified, "number");
  assert.deepEqual(config, {
    FunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
    MaximumRetryAttempts: 1,
    MaximumEventAgeInSeconds: 60,
    DestinationConfig,
  });
  await ask("POST", PATH, { MaximumRetryAttempts: 0, DestinationConfig: { OnSuccess: { Destination: "" } } });
  const { json } = await ask("GET");
  assert.deepEqual(json["DestinationConfig"], { OnSuccess: {}, OnFailure: { Destination: `${QUEUE}f` } });
  const object = await door.objects.get(functionKind, "default/f");
  assert.deepEqual(
    { ...object?.spec.asynchronous?.[0], lastModified: "" },
    {
      qualifier: "$LATEST",
      maximumRetries: 0,
      maximumAgeSeconds: 60,
      onSuccess: "",
      onFailure: `${QUEUE}f`,
      lastModified: "",
    },
  );
  await ask("PUT", `${PATH}?Qualifier=live`, { MaximumRetryAttempts: 2 });
  const listed = await ask("GET", `${PATH}/list`);
  assert.equal((listed.json["FunctionEventInvokeConfigs"] as readonly unknown[]).length, 2);
  assert.equal((await ask("DELETE")).status, 204);
  assert.equal((await ask("DELETE")).status, 404);
});

test("a function says where its dead letters go, until that is taken away", async () => {
  const { json } = await ask("GET", "/2015-03-31/functions/f/configuration");
  assert.deepEqual(json["DeadLetterConfig"], { TargetArn: QUEUE });
  assert.equal((await door.objects.get(functionKind, "default/f"))?.spec.deadLetterTarget, QUEUE);
  const path = "/2015-03-31/functions/f/configuration";
  const changed = await ask("PUT", path, { DeadLetterConfig: { TargetArn: "" } });
  assert.equal(changed.json["DeadLetterConfig"], undefined);
  const refused = await ask("PUT", path, {
    DeadLetterConfig: { TargetArn: "arn:aws:lambda:us-east-1:000000000000:function:f" },
  });
  assert.equal(refused.status, 400);
});

test("a destination of another service is refused by name", async () => {
  const DestinationConfig = { OnFailure: { Destination: "arn:aws:s3:::bucket" } };
  const { status, json } = await ask("PUT", PATH, { DestinationConfig });
  assert.deepEqual(
    [status, /is not supported by Catamaran/.test(String(json["message"] ?? json["Message"]))],
    [400, true],
  );
});
