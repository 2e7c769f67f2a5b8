/** A process that is killed by tests/table-crash.test.ts: transactions over a table with indexes and a stream, each said only once it was answered. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Table } from "#kinds/catamaran/table.ts";
import { realClock } from "#machine/real-clock.ts";
import type { ItemChange } from "#managed/table/item-step.ts";
import { putChange, updateChange } from "#managed/table/plan-changes.ts";
import { parseExpressions } from "#managed/table/expression.ts";
import { transact } from "#managed/table/transaction.ts";
import { settle, type Upkeep } from "#managed/table/upkeep.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";

/** Money goes round between these; nothing else makes or takes any. */
export const ACCOUNTS = 20;
export const MONEY_OF_EACH = 1_000;

/** Every other life has an index that the others have not: it is made and dropped while everybody writes. */
export function tableOf(life: number): Table {
  const late = {
    name: "late",
    keySchema: [{ attributeName: "group", keyType: "HASH" }],
    projection: { type: "ALL" },
  } as const;
  return {
    metadata: { name: "accounts", namespace: "default", uid: "u" },
    spec: {
      keySchema: [
        { attributeName: "p", keyType: "HASH" },
        { attributeName: "s", keyType: "RANGE" },
      ],
      attributeDefinitions: [
        { attributeName: "p", attributeType: "S" },
        { attributeName: "s", attributeType: "S" },
        { attributeName: "n", attributeType: "N" },
        { attributeName: "group", attributeType: "S" },
      ],
      localIndexes: [
        {
          name: "byMoney",
          keySchema: [
            { attributeName: "p", keyType: "HASH" },
            { attributeName: "n", keyType: "RANGE" },
          ],
          projection: { type: "KEYS_ONLY" },
        },
      ],
      globalIndexes: [
        {
          name: "byGroup",
          keySchema: [
            { attributeName: "group", keyType: "HASH" },
            { attributeName: "n", keyType: "RANGE" },
          ],
          projection: { type: "INCLUDE", nonKeyAttributes: ["note"] },
        },
        ...(life % 2 === 0 ? [] : [late]),
      ],
      stream: { view: "NEW_AND_OLD_IMAGES" },
    },
  };
}

export function upkeepOf(database: SqliteDatabase): Upkeep {
  return { database, clock: realClock, turn: () => nextTurn() };
}

const LANES = 4;

/** Moves money between two accounts and notes the transfer, together or not at all. */
function transfer(table: Table, id: string): readonly ItemChange[] {
  const [from = 0, by = 0] = [0, 0].map(() => Math.floor(Math.random() * (ACCOUNTS - 1)));
  const to = (from + 1 + by) % ACCOUNTS;
  const amount = 1 + Math.floor(Math.random() * 5);
  const move = (account: number, change: number): ItemChange =>
    updateChange(
      table,
      { p: { S: "account" }, s: { S: String(account) } },
      parseExpressions({
        update: "SET n = n + :n, #g = :g",
        condition: "n >= :least",
        names: { "#g": "group" },
        values: {
          ":n": { N: String(change) },
          ":least": { N: String(Math.max(0, -change)) },
          ":g": { S: `g${Math.floor(Math.random() * 3)}` },
        },
      }),
    );
  const note = putChange(table, { p: { S: "transfer" }, s: { S: id }, note: { S: `${from} ${to} ${amount}` } });
  return from === to ? [note] : [move(from, -amount), move(to, amount), note];
}

async function run(database: SqliteDatabase, table: Table, lane: string): Promise<void> {
  for (let n = 0; ; n++) {
    const id = `${lane}/${String(n).padStart(6, "0")}`;
    const changes = transfer(table, id);
    await transact(database, { changes, now: Date.now() }, { token: id, fingerprint: id });
    // The full stop tells a whole line from a torn one.
    process.stdout.write(`done ${id} .\n`);
  }
}

async function openAccounts(database: SqliteDatabase, table: Table): Promise<void> {
  const changes = Array.from({ length: ACCOUNTS }, (_, account) => {
    const item = { p: { S: "account" }, s: { S: String(account) }, n: { N: String(MONEY_OF_EACH) } };
    const change = putChange(table, item);
    return { ...change, next: (before: Parameters<typeof change.next>[0]) => before ?? change.item };
  });
  await transact(database, { changes, now: Date.now() }, null);
}

if (import.meta.main) {
  const [file = "", life = "0"] = process.argv.slice(2);
  const database = SqliteDatabase.open(file);
  const table = tableOf(Number(life));
  // The stream is there before the first account is; afterwards the index is made or dropped while everybody writes.
  if (life === "0") await settle(upkeepOf(database), table);
  await openAccounts(database, table);
  process.stdout.write("ready .\n");
  await Promise.all([
    settle(upkeepOf(database), table),
    ...Array.from({ length: LANES }, (_, lane) => run(database, table, `${life}/${lane}`)),
  ]);
}
