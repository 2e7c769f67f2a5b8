/** A push finds its target by the ARN: queues and functions here, nobody for anything else. */
import assert from "node:assert/strict";
import test from "node:test";
import { decodeUtf8 } from "#base/utf8.ts";
import { Fault } from "#base/fault.ts";
import { never } from "#base/stop.ts";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { Functions } from "#functions/engine.ts";
import type { InvokeRequest } from "#functions/invocation.ts";
import { Queues } from "#managed/queue/queues.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { deliverBy, functionDeliverer, queueDeliverer } from "./deliverers.ts";

const HOME = { accountId: "000000000000", region: "us-east-1", namespace: "default" };
const SOURCE = "arn:aws:sns:us-east-1:000000000000:t";

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const queues = new Queues({
    objects: deck.objects("test"),
    database: new MemoryDatabase(),
    clock,
    random: seededRandom(1),
  });
  const invoked: InvokeRequest[] = [];
  const invoke: Functions["invoke"] = async (request) => {
    invoked.push(request);
    return { status: 202, payload: request.payload, executedVersion: "$LATEST", isCold: false, requestId: "r" };
  };
  const list = [functionDeliverer({ invoke } as Functions, HOME), queueDeliverer(queues, HOME)];
  const statuses = [200, 503, 404];
  const deliver = deliverBy(list, async () => statuses.shift() ?? 200, HOME);
  return {
    send: deliver,
    deliver: (target: string) => deliver({ target, payload: "{}", source: SOURCE, group: "g" }),
    queues,
    invoked,
  };
}

test("a function is run asynchronously, a version of it if the ARN names one", async () => {
  const { deliver, invoked } = await bench();
  await deliver("arn:aws:lambda:us-east-1:000000000000:function:f");
  await deliver("arn:aws:lambda:us-east-1:000000000000:function:f:live");
  assert.deepEqual(
    invoked.map(({ name, qualifier, type, payload }) => [name, qualifier, type, decodeUtf8(payload)]),
    [
      ["f", undefined, "Event", "{}"],
      ["f", "live", "Event", "{}"],
    ],
  );
});

test("a queue gets a message whose sender is the source", async () => {
  const { deliver, queues } = await bench();
  const metadata = { name: "q", namespace: "default" };
  const queue = await queues.create({ apiVersion: "catamaran.dev/v1", kind: "Queue", metadata, spec: {} });
  await deliver("arn:aws:sqs:us-east-1:000000000000:q");
  const [received] = await queues.messagesOf(queue).receive({ most: 1, stop: never });
  assert.deepEqual([received?.message.body, received?.message.sender], ["{}", SOURCE]);
});

const refused = [
  ["arn:aws:sqs:us-east-1:000000000000:none", "NotFound"],
  ["arn:aws:sqs:eu-west-1:000000000000:q", "NotFound"],
  ["arn:aws:sqs:us-east-1:111111111111:q", "NotFound"],
  ["arn:aws:firehose:us-east-1:000000000000:deliverystream/d", "Unsupported"],
  ["q", "Unsupported"],
] as const;
for (const [target, code] of refused)
  test(`${target} is refused: ${code}`, async () => {
    const { deliver } = await bench();
    await assert.rejects(deliver(target), (thrown) => thrown instanceof Fault && thrown.code === code);
  });

test("what comes from a namespace reaches targets of that alone", async () => {
  const { send, queues } = await bench();
  const metadata = { name: "q", namespace: "default" };
  await queues.create({ apiVersion: "catamaran.dev/v1", kind: "Queue", metadata, spec: {} });
  const push = { target: "arn:aws:sqs:us-east-1:000000000000:q", payload: "{}", source: SOURCE, namespace: "team" };
  await assert.rejects(send(push), /the queue q does not exist/);
});

test("an address is asked: its failure is tried again, its refusal is final", async () => {
  const { deliver } = await bench();
  const target = "http://127.0.0.1/hook";
  await deliver(target);
  for (const code of ["Unavailable", "BadRequest"])
    await assert.rejects(deliver(target), (thrown) => thrown instanceof Fault && thrown.code === code);
});
