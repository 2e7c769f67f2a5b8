/** Who waits for a sleeping workload and who does not: ready pods, strangers, limits and time. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import type { Address } from "./service-backend.ts";
import { Sleepers } from "./sleepers.ts";

const target = { is: "service", namespace: "default", name: "web", port: 80, weight: 1 } as const;
const pod: Address = { host: "10.0.0.1", port: 8080 };

function stage(wakeable: readonly string[]) {
  const clock = new FakeClock();
  let addresses: readonly Address[] = [];
  let heard = (): void => {};
  const views = { addresses: () => addresses, onEndpoints: (listener: () => void) => void (heard = listener) };
  const told: unknown[] = [];
  const keepLoad = async (loads: readonly unknown[]) => (told.push(loads), wakeable);
  const sleepers = new Sleepers({ keepLoad, views, clock });
  const response = Object.assign(new EventEmitter(), {}) as unknown as ServerResponse;
  const enter = (bytes = 0) => sleepers.enter(target, { response, body: Buffer.alloc(bytes) });
  const wake = (): void => {
    addresses = [pod];
    heard();
  };
  return { clock, told, enter, wake, turn: () => new Promise((resolve) => setImmediate(resolve)) };
}

test("a request for a sleeping workload waits for its pod, and knows how long", async () => {
  const { clock, told, enter, wake, turn } = stage(["default/web"]);
  using visit = enter();
  const held = visit.wait();
  await turn();
  assert.deepEqual(told, [[{ namespace: "default", name: "web", arrived: 1, open: 1 }]]);
  clock.advance(300);
  wake();
  assert.deepEqual(await held, { is: "ready", addresses: [pod], waitedMs: 300 });
});

test("nobody waits for what no autoscaler wakes", async () => {
  using visit = stage([]).enter();
  assert.equal((await visit.wait()).is, "refused");
});

test("after a minute the client is told to come again", async () => {
  const { clock, enter, turn } = stage(["default/web"]);
  using visit = enter();
  const held = visit.wait();
  await turn();
  clock.advance(60_000);
  const { is, retryAfterS } = { retryAfterS: undefined, ...(await held) };
  assert.deepEqual([is, retryAfterS], ["refused", 5]);
});

test("bodies beyond 64 MiB are not held", async () => {
  using visit = stage(["default/web"]).enter(64 * 1024 * 1024 + 1);
  assert.match(JSON.stringify(await visit.wait()), /too many requests wait/);
});
