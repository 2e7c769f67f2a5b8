/** hostPath mounts and the platform's own folders. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { propagation } from "./cri-messages.ts";
import { masksOver } from "./hidden-paths.ts";

const HIDDEN = ["/srv/data", "/srv/data/nodes/node-1", "/run/catamaran"];

for (const { title, path, masks } of [
  { title: "elsewhere", path: "/var/log", masks: [] },
  { title: "beside, with the same beginning", path: "/srv/database", masks: [] },
  { title: "a parent", path: "/srv", masks: ["/m/data"] },
  { title: "the root", path: "/", masks: ["/m/srv/data", "/m/run/catamaran"] },
])
  test(`a hostPath ${title} shows ${masks.length === 0 ? "all" : "an empty folder"}`, () =>
    assert.deepEqual(
      masksOver({ container_path: "/m", host_path: path }, HIDDEN, "/empty"),
      masks.map((container_path) => ({ container_path, host_path: "/empty", readonly: true })),
    ));

for (const [title, mount] of [
  ["the folder", { host_path: "/run/catamaran" }],
  ["something in it", { host_path: "/srv/data/pki" }],
  ["a parent that passes mounts on", { host_path: "/", propagation: propagation.bidirectional }],
] as const)
  test(`a hostPath of ${title} is refused`, () =>
    assert.throws(() => masksOver({ container_path: "/m", ...mount }, HIDDEN, "/empty"), /hostPath/));
