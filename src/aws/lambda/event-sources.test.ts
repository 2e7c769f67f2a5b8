/** Event source mappings at the door: what they answer and refuse (Lambda API Reference; recorded answers of Lambda for the sentences). */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { zipSync } from "fflate";
import { FakeClock } from "#deck/fake-clock.ts";
import { eventSourceMappingKind } from "#kinds/catamaran/event-source-mapping.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Answer, SampleDoor } from "../sample-door.ts";

type Members = Readonly<Record<string, unknown>>;

const PATH = "/2015-03-31/event-source-mappings";
const ARN = "arn:aws:sqs:us-east-1:000000000000:jobs";
const MAPPING = { FunctionName: "worker", EventSourceArn: ARN };

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  const ZipFile = Buffer.from(zipSync({ "index.js": Buffer.from("exports.handler = async () => 1;") })).toString(
    "base64",
  );
  const made = await door.lambda("POST /2015-03-31/functions", {
    FunctionName: "worker",
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/r",
    Code: { ZipFile },
    Timeout: 20,
  });
  assert.equal(made.status, 201, made.text);
  for (const [QueueName, VisibilityTimeout] of [
    ["jobs", "30"],
    ["short", "19"],
  ])
    await sqs({ QueueName, Attributes: { VisibilityTimeout } });
});
after(() => door[Symbol.asyncDispose]());

async function sqs(input: Members): Promise<void> {
  const headers = { "x-amz-target": "AmazonSQS.CreateQueue" };
  assert.equal((await door.send({ service: "sqs", method: "POST", path: "/", headers, input })).status, 200);
}

function ask(method: string, path: string, input?: Members): Promise<Answer> {
  return door.lambda(`${method} ${PATH}${path}`, input);
}

test("a mapping runs a version or an alias; each has mappings of its own", async () => {
  await door.lambda("POST /2015-03-31/functions/worker/invocations", {});
  await door.lambda("POST /2015-03-31/functions/worker/versions", {});
  await door.lambda("POST /2015-03-31/functions/worker/aliases", { Name: "live", FunctionVersion: "1" });
  const made = await ask("POST", "", { ...MAPPING, FunctionName: "worker:live" });
  assert.equal(made.status, 202, made.text);
  const { UUID, FunctionArn } = made.json as Members;
  assert.equal(FunctionArn, "arn:aws:lambda:us-east-1:000000000000:function:worker:live");
  const object = await door.objects.get(eventSourceMappingKind, `default/${String(UUID)}`);
  assert.deepEqual([object?.spec.function, object?.spec.qualifier], ["worker", "live"]);
  assert.equal((await ask("POST", "", { ...MAPPING, FunctionName: "worker:live" })).status, 409);
  assert.equal((await ask("POST", "", { ...MAPPING, FunctionName: "worker:none" })).status, 404);
  const listed = async (name: string): Promise<number> => {
    const { json } = await ask("GET", `/?FunctionName=${name}`);
    return (json as { readonly EventSourceMappings: readonly unknown[] }).EventSourceMappings.length;
  };
  assert.deepEqual([await listed("worker:live"), await listed("worker")], [1, 0]);
  const moved = await ask("PUT", `/${String(UUID)}`, { FunctionName: "worker:1" });
  assert.match(String((moved.json as Members)["FunctionArn"]), /:function:worker:1$/);
  await ask("DELETE", `/${String(UUID)}`);
});

test("a mapping is made, read, listed, changed and removed", async () => {
  const made = await ask("POST", "", { ...MAPPING, BatchSize: 5, FunctionResponseTypes: ["ReportBatchItemFailures"] });
  assert.equal(made.status, 202, made.text);
  const mapping = made.json as Members;
  const id = String(mapping["UUID"]);
  assert.deepEqual(
    [mapping["State"], mapping["BatchSize"], mapping["EventSourceArn"], mapping["FunctionResponseTypes"]],
    ["Creating", 5, ARN, ["ReportBatchItemFailures"]],
  );
  const object = await door.objects.get(eventSourceMappingKind, `default/${id}`);
  assert.equal(object?.metadata.name, id);
  assert.equal(object?.spec.reportsBatchItemFailures, true);
  const again = await ask("POST", "", MAPPING);
  assert.equal(again.status, 409);
  assert.match(
    again.text,
    new RegExp(`mapping already exists. Please update or delete the existing mapping with UUID ${id}`),
  );
  const listed = await ask("GET", "/?FunctionName=worker&EventSourceArn=" + encodeURIComponent(ARN));
  assert.deepEqual(
    (listed.json as { readonly EventSourceMappings: readonly Members[] }).EventSourceMappings.map(({ UUID }) => UUID),
    [id],
  );
  const FilterCriteria = { Filters: [{ Pattern: '{"body":["x"]}' }] };
  assert.deepEqual(
    ((await ask("PUT", `/${id}`, { FilterCriteria })).json as Members)["FilterCriteria"],
    FilterCriteria,
  );
  const unfiltered = await ask("PUT", `/${id}`, { FilterCriteria: { Filters: [] } });
  assert.equal((unfiltered.json as Members)["FilterCriteria"], undefined);
  const changed = await ask("PUT", `/${id}`, { Enabled: false, ScalingConfig: { MaximumConcurrency: 2 } });
  assert.deepEqual((changed.json as Members)["ScalingConfig"], { MaximumConcurrency: 2 });
  assert.equal((await door.objects.get(eventSourceMappingKind, `default/${id}`))?.spec.enabled, false);
  assert.equal(((await ask("DELETE", `/${id}`)).json as Members)["State"], "Deleting");
  assert.equal((await ask("GET", `/${id}`)).status, 404);
});

const refusals: readonly (readonly [title: string, input: Members, status: number, says: RegExp])[] = [
  ["a function that is not there", { ...MAPPING, FunctionName: "no" }, 404, /Function not found/],
  ["a queue that is not there", { ...MAPPING, EventSourceArn: `${ARN}x` }, 400, /NonExistentQueue/],
  [
    "a queue that hides for a shorter time",
    { ...MAPPING, EventSourceArn: ARN.replace("jobs", "short") },
    400,
    /Queue visibility timeout: 19 seconds is less than Function timeout: 20 seconds/,
  ],
  [
    "a stream",
    { ...MAPPING, EventSourceArn: "arn:aws:kinesis:us-east-1:000000000000:stream/s" },
    400,
    /queues and streams of tables are the only event sources/,
  ],
  [
    "a filter that is no pattern",
    { ...MAPPING, FilterCriteria: { Filters: [{ Pattern: "{}" }] } },
    400,
    /Invalid filter pattern definition/,
  ],
  ["a batch of eleven without a window", { ...MAPPING, BatchSize: 11 }, 400, /batchWindowSeconds/],
];
for (const [title, input, status, says] of refusals) {
  test(`CreateEventSourceMapping refuses ${title}`, async () => {
    const answer = await ask("POST", "", input);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.text, says);
  });
}

test("a mapping of a table's stream says how it is read, and what of it is a queue's is refused", async () => {
  const made = await door.dynamodb("CreateTable", {
    TableName: "pets",
    AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "p", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
  });
  const { LatestStreamArn } = (made.json as { readonly TableDescription: Members }).TableDescription;
  const stream = { FunctionName: "worker", EventSourceArn: LatestStreamArn };
  const reading = {
    ParallelizationFactor: 2,
    MaximumRetryAttempts: 3,
    MaximumRecordAgeInSeconds: 60,
    BisectBatchOnFunctionError: true,
    DestinationConfig: { OnFailure: { Destination: ARN } },
  };
  const created = await ask("POST", "", { ...stream, StartingPosition: "LATEST", ...reading });
  assert.equal(created.status, 202, created.text);
  const shown = created.json as Members;
  assert.deepEqual(
    [shown["EventSourceArn"], shown["BatchSize"], shown["StartingPosition"], shown["TumblingWindowInSeconds"]],
    [LatestStreamArn, 100, "LATEST", 0],
  );
  for (const [member, value] of Object.entries(reading)) assert.deepEqual(shown[member], value, member);
  const id = String(shown["UUID"]);
  const changed = await ask("PUT", `/${id}`, { MaximumRetryAttempts: -1, DestinationConfig: {} });
  assert.equal((changed.json as Members)["MaximumRetryAttempts"], -1);
  assert.deepEqual((changed.json as Members)["DestinationConfig"], { OnFailure: {} });
  for (const [input, message] of [
    [stream, /Value null at 'startingPosition'/],
    [{ ...stream, StartingPosition: "AT_TIMESTAMP" }, /Unsupported starting position/],
    [{ ...stream, EventSourceArn: `${String(LatestStreamArn)}x`, StartingPosition: "LATEST" }, /Stream not found/],
    [{ ...MAPPING, BisectBatchOnFunctionError: true }, /Unsupported parameter for SQS event source/],
    [{ ...MAPPING, StartingPosition: "LATEST" }, /StartingPosition is not valid/],
  ] as const)
    assert.match((await ask("POST", "", input)).text, message);
});
