/** PartiQL as a client of the door sees it: statements alone, in batches and in transactions. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  const made = await door.dynamodb("CreateTable", {
    TableName: "songs",
    AttributeDefinitions: ["band", "title", "genre"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: [
      { AttributeName: "band", KeyType: "HASH" },
      { AttributeName: "title", KeyType: "RANGE" },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: "byGenre",
        KeySchema: [{ AttributeName: "genre", KeyType: "HASH" }],
        Projection: { ProjectionType: "ALL" },
      },
    ],
    BillingMode: "PAY_PER_REQUEST",
  });
  assert.equal(made.status, 200, made.text);
  for (const [band, title, year, genre] of [
    ["abba", "sos", 1975, "pop"],
    ["abba", "waterloo", 1974, "pop"],
    ["queen", "innuendo", 1991, "rock"],
  ] as const)
    await run(`INSERT INTO songs VALUE {'band': '${band}', 'title': ?, 'year': ${year}, 'genre': '${genre}'}`, [
      { S: title },
    ]);
});
after(() => door[Symbol.asyncDispose]());

interface Told {
  readonly Items?: readonly Readonly<Record<string, Readonly<Record<string, unknown>>>>[];
  readonly NextToken?: string;
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
  readonly Responses?: readonly Readonly<Record<string, unknown>>[];
  readonly CancellationReasons?: readonly Readonly<Record<string, unknown>>[];
}

async function run(Statement: string, Parameters?: readonly object[], rest: object = {}): Promise<Told> {
  const { json } = await door.dynamodb("ExecuteStatement", { Statement, ...(Parameters && { Parameters }), ...rest });
  return json as Told;
}

const titles = ({ Items = [], message }: Told) => message ?? Items.map(({ title }) => String(title?.["S"]));

const selects: readonly (readonly [where: string, found: readonly string[]])[] = [
  ["songs WHERE band = 'abba'", ["sos", "waterloo"]],
  ["songs WHERE band = 'abba' ORDER BY title DESC", ["waterloo", "sos"]],
  ["songs WHERE band = 'abba' AND title > 't'", ["waterloo"]],
  ["songs WHERE band = 'abba' AND begins_with(\"title\", 's')", ["sos"]],
  ["songs WHERE band = 'abba' AND title BETWEEN 'a' AND 't'", ["sos"]],
  ["songs WHERE band = 'abba' AND \"year\" < 1975", ["waterloo"]],
  ["songs WHERE band IN ['queen', 'none']", ["innuendo"]],
  ["songs WHERE \"year\" = 1991 OR title = 'sos'", ["sos", "innuendo"]],
  ["songs WHERE NOT (genre = 'pop')", ["innuendo"]],
  ["songs WHERE note IS MISSING AND genre IS NOT MISSING AND band <> 'abba'", ["innuendo"]],
  ["songs WHERE contains(title, 'lo') AND size(title) >= 8", ["waterloo"]],
  ["songs.byGenre WHERE genre = 'rock'", ["innuendo"]],
  ['"songs"."byGenre" WHERE genre = \'pop\' AND "year" > 1974', ["sos"]],
];
for (const [rest, found] of selects)
  test(`SELECT * FROM ${rest}`, async () => {
    assert.deepEqual(titles(await run(`SELECT * FROM ${rest}`)), found);
  });

test("a SELECT gives out pages, and columns by the last name of their paths", async () => {
  const first = await run("SELECT title FROM songs", undefined, { Limit: 2 });
  assert.deepEqual(first.Items, [{ title: { S: "sos" } }, { title: { S: "waterloo" } }]);
  const second = await run("SELECT title FROM songs", undefined, { Limit: 2, NextToken: first.NextToken });
  assert.deepEqual([titles(second), second.NextToken], [["innuendo"], undefined]);
  await run("INSERT INTO songs VALUE {'band': 'b', 'title': 't', 'deep': {'list': [1, <<'x'>>, true, null, -2.5]}}");
  const deep = await run("SELECT deep.list, deep.list[0] FROM songs WHERE band = 'b'");
  assert.deepEqual(deep.Items, [{ list: { N: "1" } }]);
  const list = await run("SELECT deep.list FROM songs WHERE band = 'b'");
  assert.deepEqual(list.Items, [
    { list: { L: [{ N: "1" }, { SS: ["x"] }, { BOOL: true }, { NULL: true }, { N: "-2.5" }] } },
  ]);
  await run("DELETE FROM songs WHERE band = 'b' AND title = 't'");
});

test("UPDATE changes what is there, under conditions, and returns what is asked for", async () => {
  const where = "WHERE band = 'queen' AND title = 'innuendo'";
  const { Items } = await run(
    `UPDATE songs SET plays = if_not_exists(plays, 0) + 1 SET tags = <<'a', 'b'>>, l = [1] REMOVE none ${where} RETURNING MODIFIED NEW *`,
  );
  assert.deepEqual(Items, [{ plays: { N: "1" }, tags: { SS: ["a", "b"] }, l: { L: [{ N: "1" }] } }]);
  const more = await run(
    `UPDATE songs SET tags = set_add(tags, <<'c'>>) SET l = list_append(l, [2]) ${where} AND plays = 1 RETURNING ALL OLD *`,
  );
  assert.deepEqual(more.Items?.[0]?.["tags"], { SS: ["a", "b"] });
  const failed = await run(`UPDATE songs SET plays = 9 ${where} AND plays = 7`);
  assert.match(failed.__type ?? "", /ConditionalCheckFailedException$/);
  const missing = await run("UPDATE songs SET plays = 1 WHERE band = 'none' AND title = 'none'");
  assert.match(missing.__type ?? "", /ConditionalCheckFailedException$/);
  const gone = await run(`UPDATE songs REMOVE plays REMOVE tags REMOVE l ${where} RETURNING ALL NEW *`);
  assert.deepEqual(Object.keys(gone.Items?.[0] ?? {}).toSorted(), ["band", "genre", "title", "year"]);
});

const wrong: readonly (readonly [statement: string, type: RegExp, message: RegExp])[] = [
  ["INSERT INTO songs VALUE {'band': 'abba', 'title': 'sos'}", /DuplicateItemException$/, /Duplicate primary key/],
  ["SELECT * FROM none", /ResourceNotFoundException$/, /Requested resource not found/],
  ["SELECTT * FROM songs", /ValidationException$/, /Statement wasn't well formed/],
  ["SELECT * FROM songs WHERE", /ValidationException$/, /Statement wasn't well formed/],
  ["SELECT * FROM songs WHERE band = ?", /ValidationException$/, /Number of parameters/],
  ["DELETE FROM songs WHERE band = 'abba'", /ValidationException$/, /mandatory equality on all key attributes/],
  ["UPDATE songs SET band = 'x' WHERE band = 'abba' AND title = 'sos'", /ValidationException$/, /part of the key/],
  ["SELECT * FROM songs ORDER BY title", /ValidationException$/, /ORDER BY/],
  [`SELECT * FROM songs WHERE ${"(".repeat(500)}a = 1${")".repeat(500)}`, /ValidationException$/, /nest too deeply/],
];
for (const [statement, type, message] of wrong)
  test(`is refused: ${statement.slice(0, 60)}`, async () => {
    const told = await run(statement);
    assert.match(told.__type ?? "", type);
    assert.match(told.message ?? told.Message ?? "", message);
  });

test("statements of a batch succeed and fail alone", async () => {
  const Statements = [
    "SELECT title FROM songs WHERE band = 'abba' AND title = 'sos'",
    "SELECT * FROM songs WHERE band = 'abba'",
    "SELECT * FROM none WHERE band = 'abba' AND title = 'sos'",
    "INSERT INTO songs VALUE {'band': 'abba', 'title': 'sos'}",
    "DELETE FROM songs WHERE band = 'none' AND title = 'none'",
  ].map((Statement) => ({ Statement }));
  const { json } = await door.dynamodb("BatchExecuteStatement", { Statements });
  const brief = (json as Told).Responses?.map(({ Item, Error: error, TableName }) =>
    error === undefined ? [TableName, Item] : (error as { readonly Code: string }).Code,
  );
  assert.deepEqual(brief, [
    ["songs", { title: { S: "sos" } }],
    "ValidationError",
    "ResourceNotFound",
    "DuplicateItem",
    ["songs", undefined],
  ]);
});

test("statements of a transaction happen together or not at all", async () => {
  const transact = async (...statements: readonly string[]) =>
    (
      await door.dynamodb("ExecuteTransaction", {
        TransactStatements: statements.map((Statement) => ({ Statement })),
      })
    ).json as Told;
  const insert = "INSERT INTO songs VALUE {'band': 'new', 'title': 'one'}";
  const cancelled = await transact(insert, "INSERT INTO songs VALUE {'band': 'abba', 'title': 'sos'}");
  assert.deepEqual(
    cancelled.CancellationReasons?.map(({ Code }) => Code),
    ["None", "DuplicateItem"],
  );
  const exists = "EXISTS(SELECT * FROM songs WHERE band = 'abba' AND title = 'sos' AND \"year\" = 1975)";
  assert.deepEqual((await transact(insert, exists)).Responses, [{}, {}]);
  const read = await transact(
    "SELECT title FROM songs WHERE band = 'new' AND title = 'one'",
    "SELECT * FROM songs WHERE band = 'none' AND title = 'one'",
  );
  assert.deepEqual(read.Responses, [{ Item: { title: { S: "one" } } }, {}]);
  const mixed = await transact(insert, "SELECT * FROM songs WHERE band = 'new' AND title = 'one'");
  assert.match(mixed.message ?? "", /both read and write/);
});
