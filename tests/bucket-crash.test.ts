/** Buckets under kill -9: what was acknowledged is there, whole; what was removed is not; and no bytes stay that nothing refers to. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { bucketIn, type CrashedBucket, etagOf } from "./bucket-worker.ts";

const KILLS = Number(process.env["KILLS"] ?? 20);
const LIFE_MS = { shortest: 20, longest: 250 };

/** What each key may hold: what was acknowledged last, or what was tried since. "-" is nothing. */
class Heard {
  readonly #may = new Map<string, readonly string[]>();
  done = 0;

  take(line: string): void {
    const [what, key = "", etag = "", end] = line.split(" ");
    if (end !== ".") return;
    if (what === "tries") this.#may.set(key, [...(this.#may.get(key) ?? ["-"]), etag]);
    else {
      this.#may.set(key, [etag]);
      this.done++;
    }
  }

  get keys(): readonly string[] {
    return [...this.#may.keys()];
  }

  check(key: string, etag: string): void {
    assert.ok(
      this.#may.get(key)?.includes(etag) === true,
      `${key} holds ${etag}, not ${this.#may.get(key)?.join(" or ")}`,
    );
  }
}

for (const versioning of ["none", "all"] as const)
  test(
    `buckets that keep ${versioning === "all" ? "all versions" : "no versions"} lose nothing over ${KILLS} kills`,
    { timeout: 30_000 + KILLS * 3_000 },
    async (t) => {
      const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
      t.diagnostic(`SEED=${seed}`);
      const random = seededRandom(seed);
      const folder = mkdtempSync(join(tmpdir(), "bucket-crash-"));
      const heard = new Heard();
      try {
        for (let life = 0; life < KILLS; life++) {
          const lifeMs = LIFE_MS.shortest + random.number() * (LIFE_MS.longest - LIFE_MS.shortest);
          await liveAndDie([folder, String(life).padStart(4, "0"), versioning], lifeMs, heard);
        }
        await using bucket = await bucketIn(folder, versioning);
        for (const key of heard.keys) heard.check(key, await held(bucket, key));
        assert.ok(heard.done > KILLS, "there was time to work");
        const [files, referred] = [filesIn(join(folder, "objects")), await piecesOf(bucket)];
        assert.deepEqual(
          files.filter((id) => !referred.has(id)),
          [],
          "bytes that nothing refers to",
        );
        assert.deepEqual(
          [...referred].filter((id) => !files.includes(id)),
          [],
          "bytes that are gone",
        );
        t.diagnostic(`${heard.done} acknowledged, ${referred.size} pieces`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

async function liveAndDie(args: readonly string[], lifeMs: number, heard: Heard): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "bucket-worker.ts"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, "close");
  let isFirst = true;
  lines.on("line", (line) => {
    if (isFirst) setTimeout(() => child.kill("SIGKILL"), lifeMs);
    isFirst = false;
    heard.take(line);
  });
  await once(child, "exit");
  await ended;
  assert.equal(child.signalCode, "SIGKILL", "the worker lived until it was killed");
}

/** The digest of what is really there. */
async function held({ objects }: CrashedBucket, key: string): Promise<string> {
  const found = await objects.find(key);
  if (found?.is !== "object") return "-";
  assert.equal(await etagOf(objects.read(found)), found.etag, `${key} is whole`);
  return found.etag;
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "key")
    .map(({ name }) => name);
}

async function piecesOf({ objects, uploads }: CrashedBucket): Promise<ReadonlySet<string>> {
  const pieces = new Set<string>();
  const all = { prefix: "", delimiter: "", most: 1_000_000 };
  for (const { version } of (await objects.listVersions(all)).entries) {
    if (version.is === "marker") continue;
    for (const { id } of [...version.pieces, ...(await objects.parts(version))]) pieces.add(id);
  }
  for (const upload of (await uploads.list(all)).entries)
    for (const { id } of await uploads.parts(upload)) pieces.add(id);
  return pieces;
}
