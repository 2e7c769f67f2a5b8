/** What autoscalers are told of requests: a rate over one round, and what is open now. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestLoads } from "./request-load.ts";

const web = { namespace: "default", name: "web" };

test("requests of the last fifteen seconds make the rate, and then none do", () => {
  const loads = new RequestLoads();
  for (let second = 0; second < 15; second++) loads.take([{ ...web, arrived: 10, open: 0 }], second * 1_000);
  assert.equal(loads.milliOf("requests-per-second", "default", "web", 14_000), 10_000);
  assert.equal(loads.milliOf("requests-per-second", "default", "web", 30_000), 0);
});

test("a request that stays open keeps its Service awake, whenever it came", () => {
  const loads = new RequestLoads();
  loads.take([{ ...web, arrived: 1, open: 1 }], 0);
  loads.take([{ ...web, arrived: 0, open: 1 }], 60_000);
  assert.equal(loads.milliOf("concurrent-requests", "default", "web", 60_000), 1_000);
  assert.equal(loads.milliOf("requests-per-second", "default", "web", 60_000), 67);
});

test("a report is whole: what it does not name is over", () => {
  const loads = new RequestLoads();
  loads.take([{ ...web, arrived: 1, open: 1 }], 0);
  loads.take([], 20_000);
  assert.equal(loads.milliOf("requests-per-second", "default", "web", 20_000), 0);
});
