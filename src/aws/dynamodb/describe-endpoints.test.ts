/** DescribeEndpoints names the address that reached us. */
import assert from "node:assert/strict";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

test("there is one endpoint: the one that was asked, for a day", async () => {
  const memory = { journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() };
  await using door = await SampleDoor.open(memory);
  const { Endpoints } = (await door.dynamodb("DescribeEndpoints")).json as { readonly Endpoints: readonly object[] };
  assert.match(JSON.stringify(Endpoints), /^\[\{"Address":"127\.0\.0\.1:\d+","CachePeriodInMinutes":1440\}\]$/);
});
