/** Merging into a kubeconfig that has other clusters, and taking out again. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { changeKubeconfig, mergedConfig, withoutConfig } from "./merge-kubeconfig.ts";

const named = (
  name: string,
): {
  clusters: { name: string }[];
  users: { name: string }[];
  contexts: { name: string }[];
  "current-context": string;
} => ({ clusters: [{ name }], users: [{ name }], contexts: [{ name }], "current-context": name });
const names = (parts: readonly { readonly name: string }[] | null | undefined): readonly string[] =>
  (parts ?? []).map(({ name }) => name);

test("others stay, ours is added once and becomes current", () => {
  const twice = mergedConfig(mergedConfig(named("work"), named("catamaran-a")), named("catamaran-a"));
  assert.deepEqual(names(twice.contexts), ["work", "catamaran-a"]);
  assert.equal(twice["current-context"], "catamaran-a");
});

test("taking out leaves the others; a current context of ours is unset, another one is kept", () => {
  const merged = mergedConfig(named("work"), named("catamaran-a"));
  assert.deepEqual(names(withoutConfig(merged, named("catamaran-a")).clusters), ["work"]);
  assert.equal(withoutConfig(merged, named("catamaran-a"))["current-context"], "");
  assert.equal(
    withoutConfig({ ...merged, "current-context": "work" }, named("catamaran-a"))["current-context"],
    "work",
  );
});

test("a file is written in one step under client-go's lock, which refuses a second writer", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ctm-kubeconfig-"));
  const file = join(folder, "kube", "config");
  await changeKubeconfig(file, (theirs) => mergedConfig(theirs, named("catamaran-a")));
  assert.equal(
    (parse(await readFile(file, "utf8")) as { "current-context": string })["current-context"],
    "catamaran-a",
  );
  await writeFile(`${file}.lock`, "");
  await assert.rejects(
    changeKubeconfig(file, (theirs) => theirs),
    /somebody else is writing/,
  );
  await rm(folder, { recursive: true });
});
