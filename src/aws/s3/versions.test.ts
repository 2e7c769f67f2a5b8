/** Versions in lists, tags of objects and buckets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MemoryObjectBytes } from "#store/memory/object-bytes.ts";
import { type BucketDoor, elementsOf, openBucketDoor, outcomeOf } from "./bucket-door.ts";

function opened(): Promise<BucketDoor> {
  return openBucketDoor({
    journal: new MemoryJournal(new FakeClock()),
    database: new MemoryDatabase(),
    bytes: new MemoryObjectBytes(),
  });
}

const versioning = (status: string): { readonly body: string } => ({
  body: `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
});

test("all versions and markers are listed, newest first, in pages of any size", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/a", { body: "before" });
  await s3.ask("PUT /docs?versioning", versioning("Enabled"));
  await s3.ask("PUT /docs/a", { body: "1" });
  await s3.ask("PUT /docs/b", { body: "1" });
  await s3.ask("DELETE /docs/a");
  await s3.ask("PUT /docs?versioning", versioning("Suspended"));
  await s3.ask("PUT /docs/b", { body: "null" });
  const all = await s3.ask("GET /docs?versions");
  assert.deepEqual(elementsOf(all, "Size"), ["1", "6", "4", "1"]);
  assert.deepEqual(elementsOf(all, "IsLatest"), ["false", "false", "true", "false", "true"]);
  const versions = elementsOf(all, "VersionId");
  assert.deepEqual(versions.filter((version) => version === "null").length, 2);
  for (const size of [1, 2, 3]) {
    const seen: string[] = [];
    let query = `versions&max-keys=${size}`;
    for (let pages = 0; pages < 6; pages++) {
      const page = await s3.ask(`GET /docs?${query}`);
      seen.push(...elementsOf(page, "VersionId"));
      const [key, version] = [elementsOf(page, "NextKeyMarker")[0], elementsOf(page, "NextVersionIdMarker")[0]];
      if (key === undefined) break;
      query = `versions&max-keys=${size}&key-marker=${key}&version-id-marker=${version ?? ""}`;
    }
    assert.deepEqual(seen.toSorted(), versions.toSorted());
  }
  assert.equal(outcomeOf(await s3.ask("DELETE /docs")), "409 BucketNotEmpty");
  assert.equal(outcomeOf(await s3.ask("GET /docs?versions&version-id-marker=x")), "400 InvalidArgument");
});

const tagging = (...tags: readonly (readonly [key: string, value: string])[]): { readonly body: string } => ({
  body: `<Tagging><TagSet>${tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join("")}</TagSet></Tagging>`,
});

test("tags of objects come with them, are changed and taken away; a copy keeps them", async () => {
  await using s3 = await opened();
  await s3.ask("PUT /docs/k", { headers: { "x-amz-tagging": "a=1&b=x%20y" } });
  assert.deepEqual(elementsOf(await s3.ask("GET /docs/k?tagging"), "Value"), ["1", "x y"]);
  assert.equal((await s3.ask("HEAD /docs/k")).headers["x-amz-tagging-count"], "2");
  await s3.ask("PUT /docs/k?tagging", tagging(["c", "3"]));
  await s3.ask("PUT /docs/copy", { headers: { "x-amz-copy-source": "docs/k" } });
  assert.deepEqual(elementsOf(await s3.ask("GET /docs/copy?tagging"), "Key"), ["c"]);
  await s3.ask("DELETE /docs/k?tagging");
  assert.deepEqual(elementsOf(await s3.ask("GET /docs/k?tagging"), "Key"), []);
  const eleven = Array.from({ length: 11 }, (_, at) => [`k${at}`, "v"] as const);
  for (const [options, expected] of [
    [tagging(...eleven), "400 BadRequest"],
    [tagging(["a", "1"], ["a", "2"]), "400 InvalidTag"],
    [tagging(["a".repeat(129), "1"]), "400 InvalidTag"],
    [tagging(["a", "1".repeat(257)]), "400 InvalidTag"],
  ] as const)
    assert.equal(outcomeOf(await s3.ask("PUT /docs/k?tagging", options)), expected);
  assert.equal(outcomeOf(await s3.ask("GET /docs/none?tagging")), "404 NoSuchKey");
});

test("a bucket has tags, or says that it has none", async () => {
  await using s3 = await opened();
  assert.equal(outcomeOf(await s3.ask("GET /docs?tagging")), "404 NoSuchTagSet");
  await s3.ask("PUT /docs?tagging", tagging(["team", "a"]));
  assert.deepEqual(elementsOf(await s3.ask("GET /docs?tagging"), "Value"), ["a"]);
  assert.equal((await s3.ask("DELETE /docs?tagging")).status, 204);
  assert.equal(outcomeOf(await s3.ask("GET /docs?tagging")), "404 NoSuchTagSet");
});
