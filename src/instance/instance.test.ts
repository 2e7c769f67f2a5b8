/** Address plans: one holder each, given back, taken again. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { claimNetwork, readInstance, releaseNetwork } from "./instance.ts";
import { ownerFile, placeOf } from "./place.ts";

test("two instances never share an address plan; the default one has the first", async () => {
  const root = await mkdtemp(join(tmpdir(), "ctm-plan-"));
  assert.equal(await claimNetwork(root, "default"), 0);
  const [a, b] = [await claimNetwork(root, "a"), await claimNetwork(root, "b")];
  assert.equal(new Set([0, a, b]).size, 3);
  assert.equal(await claimNetwork(root, "a"), a, "asked again, it is the same");
  await rm(root, { recursive: true });
});

test("an instance that has lived before gets its own plan again or is refused: its services have those addresses", async () => {
  const root = await mkdtemp(join(tmpdir(), "ctm-plan-"));
  const plan = await claimNetwork(root, "a");
  await releaseNetwork(root, "a");
  assert.equal(await claimNetwork(root, "b", plan), plan);
  await assert.rejects(
    claimNetwork(root, "a", plan),
    /the addresses of "a" are used by instance "b" now; end that one/,
  );
  await releaseNetwork(root, "b");
  assert.equal(await claimNetwork(root, "a", plan), plan);
  await rm(root, { recursive: true });
});

test("32 instances find 32 plans; the next one is told so", async () => {
  const root = await mkdtemp(join(tmpdir(), "ctm-plan-"));
  const plans = new Set<number>();
  for (let i = 0; i < 32; i++) plans.add(await claimNetwork(root, `dev-${i}`));
  assert.equal(plans.size, 32);
  await assert.rejects(claimNetwork(root, "one-more"), /all 32 address plans are taken/);
  await rm(root, { recursive: true });
});

test("there is no instance where there is no file", async () => assert.equal(await readInstance("/nonexistent"), null));

test("a data directory knows its instance's name; a name that is given wins", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "ctm-place-"));
  assert.equal(placeOf({ "data-dir": dataDir }).name, "default");
  await writeFile(join(dataDir, "instance.json"), JSON.stringify({ name: "dev-1" }));
  assert.equal(placeOf({ "data-dir": dataDir }).name, "dev-1");
  assert.equal(placeOf({ "data-dir": dataDir, name: "other" }).name, "other");
  await rm(dataDir, { recursive: true });
});

test("sockets of the longest name fit into the 107 bytes of a socket's path", () => {
  const place = placeOf({ name: "a".repeat(20), "data-dir": "/nonexistent" });
  assert.ok(join(place.runDir, "launcher", "control.sock").length < 108);
  assert.equal(ownerFile(place), `${place.runDir}.owner`);
});
