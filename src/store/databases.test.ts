/** Both embedded databases against the suite. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { testDatabase } from "./database-suite.ts";
import { MemoryDatabase } from "./memory/database.ts";
import { SqliteDatabase } from "./sqlite/database.ts";

testDatabase({ title: "MemoryDatabase", open: () => Promise.resolve(new MemoryDatabase()) });

const folder = mkdtempSync(join(tmpdir(), "database-"));
after(() => rmSync(folder, { recursive: true }));
const files = new WeakMap<object, string>();
let count = 0;

testDatabase({
  title: "SqliteDatabase",
  open: () => Promise.resolve(openAt(join(folder, `${count++}.db`))),
  reopen: async (database) => {
    await database[Symbol.asyncDispose]();
    return openAt(files.get(database) ?? "");
  },
});

function openAt(file: string): SqliteDatabase {
  const database = SqliteDatabase.open(file);
  files.set(database, file);
  return database;
}
