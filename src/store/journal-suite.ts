/** What every Journal promises, as tests: each implementation runs this suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Appended, Expected, Journal, JournalChange, Revision } from "#deck/journal.ts";

export interface JournalUnderTest {
  readonly title: string;
  readonly open: () => Promise<Journal>;
  /** Closes the journal and opens it again on what it left; absent when nothing survives. */
  readonly reopen?: (journal: Journal) => Promise<Journal>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : new TextDecoder().decode(bytes);

export function testJournal(subject: JournalUnderTest): void {
  describe(subject.title, () => {
    testWrites(subject);
    testFollowing(subject);
    testSurvival(subject);
  });
}

function testWrites(subject: JournalUnderTest): void {
  test("gives every write its own revision, one more than the last", async () => {
    await using journal = await subject.open();
    const revisions = await Promise.all(["a", "b", "c"].map((key) => put(journal, key, key)));
    assert.deepEqual(revisions, [1, 2, 3]);
    assert.equal(journal.revision(), 3);
  });

  test("writes on condition: absent, an exact revision, anything", async () => {
    await using journal = await subject.open();
    assert.deepEqual(await journal.append("k", bytesOf("1"), "absent"), { ok: true, revision: 1 });
    const taken = await journal.append("k", bytesOf("2"), "absent");
    assert.equal(!taken.ok && textOf(taken.current?.bytes), "1");
    assert.deepEqual(await journal.append("k", bytesOf("2"), 1), { ok: true, revision: 2 });
    const late = await journal.append("k", bytesOf("3"), 1);
    assert.equal(!late.ok && late.current?.revision, 2);
    assert.equal((await journal.append("k", null, 2)).ok, true);
    assert.deepEqual(await journal.append("k", bytesOf("4"), 2), { ok: false, current: null });
    assert.equal((await journal.append("k", bytesOf("4"), "any")).ok, true);
  });

  test("lets one of many racing writers win and tells the others what is durable", async () => {
    await using journal = await subject.open();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => journal.append("k", bytesOf(String(i)), "absent")),
    );
    assert.equal(answers.filter(({ ok }) => ok).length, 1);
    for (const answer of answers) if (!answer.ok) assert.equal(textOf(answer.current?.bytes), "0");
  });

  test("keeps the revision of the create until the key is deleted", async () => {
    await using journal = await subject.open();
    await put(journal, "k", "1");
    await put(journal, "k", "2");
    assert.equal((await journal.get("k"))?.createRevision, 1);
    await journal.append("k", null, "any");
    await put(journal, "k", "3");
    assert.equal((await journal.get("k"))?.createRevision, 4);
  });

  test("ranges over a prefix in byte order, all of one moment", async () => {
    await using journal = await subject.open();
    for (const key of ["b/2", "a/1", "b/10", "c", "b/1"]) await put(journal, key, key);
    const { entries, revision } = await journal.range("b/");
    assert.deepEqual(
      entries.map(({ key }) => key),
      ["b/1", "b/10", "b/2"],
    );
    assert.equal(revision, 5);
  });

  test("deleting what is not there changes nothing", async () => {
    await using journal = await subject.open();
    assert.deepEqual(await journal.append("k", null, "any"), { ok: true, revision: 0 });
    assert.deepEqual(await journal.append("k", null, 7), { ok: false, current: null });
  });
}

function testFollowing(subject: JournalUnderTest): void {
  test("shows nothing before it is durable, and shows it to followers before the answer", async () => {
    await using journal = await subject.open();
    const order: string[] = [];
    using _following = journal.follow(0, (changes) =>
      order.push(`seen ${changes.map(({ revision }) => revision).join()}`),
    );
    const writing = put(journal, "k", "1").then(() => order.push("answered"));
    const early = journal.get("k");
    assert.equal(journal.revision(), 0);
    assert.equal(await early, null);
    await writing;
    assert.deepEqual(order, ["seen 1", "answered"]);
  });

  test("delivers the past and the present in order, with the state before", async () => {
    await using journal = await subject.open();
    await put(journal, "k", "1");
    await put(journal, "k", "2");
    const seen: string[] = [];
    using _following = journal.follow(1, (changes) => seen.push(...changes.map(describeChange)));
    await journal.append("k", null, "any");
    await put(journal, "k", "3");
    assert.deepEqual(seen, ["2 put k 1>2", "3 delete k 2>null", "4 put k null>3"]);
  });

  test("follows no further back than it was compacted, and keeps what is current", async () => {
    await using journal = await subject.open();
    for (const text of ["1", "2", "3"]) await put(journal, "k", text);
    await put(journal, "other", "x");
    await journal.compact(3);
    assert.equal(journal.compactedRevision(), 3);
    assert.equal(
      journal.follow(2, () => {}),
      null,
    );
    const seen: string[] = [];
    using _following = journal.follow(3, (changes) => seen.push(...changes.map(describeChange)));
    assert.deepEqual(seen, ["4 put other null>x"]);
    assert.equal(textOf((await journal.get("k"))?.bytes), "3");
  });

  test("stops telling a follower that was disposed", async () => {
    await using journal = await subject.open();
    let count = 0;
    journal.follow(0, () => count++)?.[Symbol.dispose]();
    await put(journal, "k", "1");
    assert.equal(count, 0);
  });
}

function testSurvival(subject: JournalUnderTest): void {
  const { reopen } = subject;
  test(
    "comes back as it was, compaction and history included",
    { skip: reopen === undefined && "nothing of this journal survives" },
    async () => {
      let journal = await subject.open();
      for (const text of ["1", "2", "3"]) await put(journal, "k", text);
      await journal.append("gone", bytesOf("x"), "absent");
      await journal.append("gone", null, "any");
      await journal.compact(2);
      journal = await (reopen as NonNullable<typeof reopen>)(journal);
      await using _closing = journal;
      assert.equal(journal.revision(), 5);
      assert.equal(journal.compactedRevision(), 2);
      const seen: string[] = [];
      using _following = journal.follow(2, (changes) => seen.push(...changes.map(describeChange)));
      assert.deepEqual(seen, ["3 put k 2>3", "4 put gone null>x", "5 delete gone x>null"]);
      await journal.compact(5);
      journal = await (reopen as NonNullable<typeof reopen>)(journal);
      assert.equal(journal.revision(), 5);
      assert.equal(await put(journal, "k", "4"), 6);
      await journal[Symbol.asyncDispose]();
    },
  );

  test("behaves as a map with a counter, whatever is done to it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), (operations) => compareWithModel(subject, operations)),
      { numRuns: 60 },
    );
  });
}

async function put(journal: Journal, key: string, text: string): Promise<Revision> {
  const appended = await journal.append(key, bytesOf(text), "any");
  assert.ok(appended.ok);
  return appended.revision;
}

function describeChange(change: JournalChange): string {
  const next = change.type === "put" ? textOf(change.bytes) : null;
  return `${change.revision} ${change.type} ${change.key} ${textOf(change.previous)}>${next}`;
}

type Operation =
  | {
      readonly is: "write";
      readonly key: string;
      readonly text: string | null;
      readonly expected: "absent" | "any" | "right" | "wrong";
    }
  | { readonly is: "compact" | "reopen" | "settle" };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      is: fc.constant("write" as const),
      key: fc.constantFrom("a", "b", "c/1", "c/2"),
      text: fc.option(fc.string({ maxLength: 4 }), { freq: 3 }),
      expected: fc.constantFrom("absent" as const, "any" as const, "right" as const, "wrong" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constantFrom("compact" as const, "reopen" as const, "settle" as const) }),
  },
);

interface ModelState {
  readonly entries: Map<string, { readonly text: string; readonly revision: Revision }>;
  revision: Revision;
}

/** Runs the operations on both, in batches between "settle"s, and compares answers, state and the whole history. */
async function compareWithModel(subject: JournalUnderTest, operations: readonly Operation[]): Promise<void> {
  let journal = await subject.open();
  const model: ModelState = { entries: new Map(), revision: 0 };
  const expectedHistory: string[] = [];
  const history: string[] = [];
  let following = journal.follow(0, (changes) => history.push(...changes.map(describeChange)));
  let answers: Promise<void>[] = [];
  for (const next of operations) {
    if (next.is === "write") {
      answers.push(writeBoth(journal, model, next, expectedHistory));
      continue;
    }
    await Promise.all(answers);
    answers = [];
    if (next.is === "compact") await journal.compact(journal.revision());
    if (next.is === "reopen" && subject.reopen !== undefined) {
      journal = await subject.reopen(journal);
      following = journal.follow(journal.revision(), (changes) => history.push(...changes.map(describeChange)));
    }
  }
  await Promise.all(answers);
  assert.deepEqual(history, expectedHistory);
  const { entries, revision } = await journal.range("");
  assert.equal(revision, model.revision);
  assert.deepEqual(
    entries.map((entry) => `${entry.key} ${entry.revision} ${textOf(entry.bytes)}`),
    [...model.entries]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => `${key} ${entry.revision} ${entry.text}`),
  );
  following?.[Symbol.dispose]();
  await journal[Symbol.asyncDispose]();
}

function writeBoth(
  journal: Journal,
  model: ModelState,
  { key, text, expected }: Operation & { readonly is: "write" },
  history: string[],
): Promise<void> {
  const live = model.entries.get(key);
  const condition: Expected =
    expected === "right" ? (live?.revision ?? "absent") : expected === "wrong" ? 999_999 : expected;
  const isMet = condition === "any" || (condition === "absent" ? live === undefined : live?.revision === condition);
  const isIdle = text === null && live === undefined;
  if (isMet && !isIdle) {
    model.revision++;
    history.push(`${model.revision} ${text === null ? "delete" : "put"} ${key} ${live?.text ?? null}>${text}`);
    if (text === null) model.entries.delete(key);
    else model.entries.set(key, { text, revision: model.revision });
  }
  const { revision } = model;
  return journal.append(key, text === null ? null : bytesOf(text), condition).then((appended: Appended) => {
    assert.equal(appended.ok, isMet);
    if (appended.ok && !isIdle) assert.equal(appended.revision, revision);
  });
}
