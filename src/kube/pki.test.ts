/** Certificates that are damaged are made anew; what others trust already is refused in a sentence, never replaced. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { ensurePki, type PkiNames } from "./pki.ts";

const root = mkdtempSync(join(tmpdir(), "pki-"));
after(() => rmSync(root, { recursive: true }));
const names: PkiNames = {
  hosts: ["127.0.0.1"],
  clients: { admin: { commonName: "a", organization: "system:masters" } },
};
const clock = new FakeClock(Date.now());
let count = 0;

async function made(): Promise<string> {
  const folder = join(root, String(count++));
  await ensurePki(folder, names, clock);
  return folder;
}

const flip = (text: string): string =>
  text.replace(/^(.{200})(.)/s, (_all, before: string, at: string) => `${before}${at === "A" ? "B" : "A"}`);
const damages: readonly (readonly [title: string, damage: (text: string, other: string) => string | null])[] = [
  ["missing", () => null],
  ["empty", () => ""],
  ["cut", (text) => text.slice(0, text.length / 2)],
  ["garbage", () => "garbage"],
  ["with a flipped bit", flip],
  ["of another instance", (_text, other) => other],
];

for (const [title, damage] of damages)
  for (const name of [
    "ca.crt",
    "ca.key",
    "service-accounts.key",
    "server.crt",
    "server.key",
    "admin.crt",
    "admin.key",
  ]) {
    const isRefused =
      name.startsWith("ca.") || (name.startsWith("service") && !["missing", "of another instance"].includes(title));
    test(`${name} ${title}: ${isRefused ? "refused" : "made anew, or as good as it was"}`, async () => {
      const [folder, other] = [await made(), await made()];
      const text = damage(readFileSync(join(folder, name), "utf8"), readFileSync(join(other, name), "utf8"));
      if (text === null) rmSync(join(folder, name));
      else writeFileSync(join(folder, name), text);
      if (isRefused)
        return assert.rejects(
          ensurePki(folder, names, clock),
          /pki-.*Put a sound copy back; or remove the whole folder/,
        );
      const first = await ensurePki(folder, names, clock);
      assert.deepEqual(await ensurePki(folder, names, clock), first, "and then it stays");
    });
  }

test("a client whose rights changed gets a certificate that says so", async () => {
  const folder = await made();
  const fewer = { ...names, clients: { admin: { commonName: "a", organization: "readers" } } };
  const [before, later] = [await ensurePki(folder, names, clock), await ensurePki(folder, fewer, clock)];
  assert.notEqual(later.clients["admin"]?.cert, before.clients["admin"]?.cert);
});
