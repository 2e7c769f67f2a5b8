/** What containerd says of damaged data, and of other troubles. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDamage, putAside } from "./containerd-damage.ts";

for (const [text, expected] of [
  [`containerd: failed to load plugin "io.containerd.metadata.v1.bolt" error="invalid database"`, true],
  [`level=warning msg="failed to load plugin io.containerd.snapshotter.v1.overlayfs" error="checksum error"`, true],
  ["panic: page 3 already freed", true],
  [`containerd: failed to get listener for main ttrpc endpoint: address already in use`, false],
  [`containerd: failed to load TOML: /data/containerd.toml`, false],
  [`failed to load plugin "io.containerd.metadata.v1.bolt" error="open meta.db: no space left on device"`, false],
  ["", false],
] as const)
  test(`${expected ? "damage" : "no damage"}: ${text.slice(0, 60)}`, () => assert.equal(isDamage(text), expected));

test("damaged data is put aside in place of what was aside before", async () => {
  const directory = await mkdtemp(join(tmpdir(), "ctm-aside-"));
  const root = join(directory, "containerd");
  await mkdir(root);
  await putAside(root, 0);
  await writeFile(join(root, "meta.db"), "");
  const aside = await putAside(root, 3_600_000);
  assert.deepEqual((await readdir(directory)).toSorted(), ["containerd", "containerd.damaged-19700101T010000"]);
  assert.deepEqual([await readdir(root), await readdir(aside)], [[], ["meta.db"]]);
  await rm(directory, { recursive: true });
});
