/** The Nodes of older runtimes: what was fetched is found again without a network, and what cannot be fetched is said. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { silent } from "#base/log.ts";
import { VirtualClock } from "#functions/fakes.ts";
import { NodeBinaries } from "./node-binaries.ts";

const folder = mkdtempSync(path.join(tmpdir(), "ctm-nodes-"));
after(() => rmSync(folder, { recursive: true }));
const open = (): NodeBinaries => new NodeBinaries({ folder, log: silent, clock: new VirtualClock() });

test("the newest runtime, and those that are no Node, run on what there is", async () => {
  for (const runtime of ["nodejs24.x", "python3.11", "provided.al2023"]) assert.equal(await open().find(runtime), null);
});

test("one that is there is not fetched", async () => {
  mkdirSync(path.join(folder, "22.23.3"));
  writeFileSync(path.join(folder, "22.23.3/node"), "");
  assert.equal(await open().find("nodejs22.x"), path.join(folder, "22.23.3/node"));
});
