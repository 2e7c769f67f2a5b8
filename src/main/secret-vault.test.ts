/** The keys of Secrets: made once, for their user alone, rotated, and whole after a kill at any line. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { encodeUtf8 } from "#base/utf8.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { secretKeys, withNewKey } from "#instance/secret-keys.ts";
import { SqliteJournal } from "#store/sqlite/journal.ts";
import { SecretVault } from "./secret-vault.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "vault-"));
});
after(() => rm(folder, { recursive: true }));

const numbers = async (file: string): Promise<readonly number[]> => (await secretKeys(file)).map(({ id }) => id);

test("the file is made once, and only its user can read it", async () => {
  const file = join(folder, "made", "secrets.keys");
  const [first] = await secretKeys(file);
  assert.equal(first?.bytes.length, 32);
  assert.deepEqual(await secretKeys(file), [first]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await writeFile(file, "nonsense\n");
  await assert.rejects(secretKeys(file), /is damaged: put a sound copy back/);
});

test("rotation leaves the new key alone; one that was cut short is ended at the next start", async () => {
  const file = join(folder, "rotated", "secrets.keys");
  const at = join(folder, "journal.db");
  const opened = async (): Promise<{ readonly vault: SecretVault; readonly journal: SqliteJournal }> => {
    const vault = await SecretVault.open(file);
    return { vault, journal: SqliteJournal.open(at, { clock: new FakeClock(), sealing: vault.sealing }) };
  };
  const { vault, journal } = await opened();
  await journal.append("core/secrets/default/a", encodeUtf8("{}"), "absent");
  assert.deepEqual(await Promise.all([vault.rotate([journal]), vault.rotate([journal])]), [1, 1]);
  assert.deepEqual(await numbers(file), [3]);
  await withNewKey(file, await secretKeys(file));
  await journal[Symbol.asyncDispose]();
  assert.deepEqual(await numbers(file), [3, 4]);
  const next = await opened();
  assert.equal(await next.vault.settle([next.journal]), 1);
  assert.deepEqual(await numbers(file), [4]);
  assert.equal((await readFile(at)).includes('"{}"'), false);
  await next.journal[Symbol.asyncDispose]();
});
