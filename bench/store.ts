/** Measures the journal and the deck on this machine's disk and prints a table. Short: about 25 seconds; with etcd beside it where that is installed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Clock } from "#base/clock.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { Deck } from "#deck/deck.ts";
import type { Journal } from "#deck/journal.ts";
import type { KubeObject } from "#kinds/object.ts";
import { podKind } from "#kinds/core/pod.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SqliteJournal } from "#store/sqlite/journal.ts";
import { EtcdPeer, hasEtcd } from "./etcd-peer.ts";

/** One line of the table. A peer measured in the same run adds its own rows. */
export interface Row {
  readonly what: string;
  readonly subject: string;
  readonly perSecond?: number;
  readonly msP50?: number;
  readonly msP99?: number;
  readonly cpuMicrosPerOp?: number;
  readonly note?: string;
}

const WRITE_MS = 1_500;
const WRITERS = [1, 64, 256];
const me = { manager: "bench" };

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  after: (ms, work) => {
    const timer = setTimeout(work, ms).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** A pod of about 2.5 KB, as a deployment makes them. */
export function realisticPod(name: string): KubeObject {
  const env = Array.from({ length: 12 }, (_, i) => ({
    name: `SETTING_${i}`,
    value: `value-of-setting-${i}-`.padEnd(40, "x"),
  }));
  const probe = {
    httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" },
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  };
  const resources = { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "200m", memory: "256Mi" } };
  const container = {
    name: "main",
    image: "example/api:1.2.3",
    ports: [{ containerPort: 8080, name: "http", protocol: "TCP" }],
    env,
    resources,
    livenessProbe: probe,
    readinessProbe: probe,
  };
  const metadata = {
    name,
    namespace: "default",
    labels: { app: "api", "pod-template-hash": "5d59d67564", tier: "backend" },
    annotations: { "example.com/note": "n".repeat(200) },
  };
  const volumes = [
    { name: "config", configMap: { name: "api-config", defaultMode: 420 } },
    { name: "scratch", emptyDir: {} },
  ];
  return {
    metadata,
    spec: {
      containers: [container],
      volumes,
      nodeSelector: { disk: "ssd" },
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
    },
  } as KubeObject;
}

/** Runs `writers` at once, each one operation after the other, for a while. */
export async function measure(
  what: string,
  subject: string,
  writers: number,
  operate: (writer: number, n: number) => Promise<unknown>,
): Promise<Row> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = 0; performance.now() - start < WRITE_MS; n++) {
        const before = performance.now();
        await operate(writer, n);
        latencies.push(performance.now() - before);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return {
    what,
    subject,
    perSecond: latencies.length / seconds,
    msP50: at(0.5),
    msP99: at(0.99),
    cpuMicrosPerOp: (user + system) / latencies.length,
  };
}

async function once(what: string, subject: string, work: () => unknown): Promise<Row> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = performance.now();
    await work();
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  return { what, subject, msP50: times[2] ?? 0, msP99: times[4] ?? 0 };
}

async function journalRows(folder: string): Promise<readonly Row[]> {
  const bytes = Buffer.from(JSON.stringify(realisticPod("web")).padEnd(2_500, " "));
  const rows: Row[] = [];
  // The peer, on the same disk in the same run, where it is installed.
  await using etcd = hasEtcd() ? await EtcdPeer.start(join(folder, "etcd")) : null;
  for (const writers of WRITERS) {
    await using journal = SqliteJournal.open(join(folder, `journal-${writers}.db`), { clock });
    rows.push(
      await measure(`durable appends, ${writers} writers`, "SqliteJournal", writers, (writer, n) =>
        journal.append(`core/pods/default/p${writer}-${n}`, bytes, "absent"),
      ),
    );
    if (etcd === null) continue;
    rows.push(
      await measure(`durable appends, ${writers} writers`, "etcd", writers, (writer, n) =>
        etcd.put(`/registry/pods/${writers}/p${writer}-${n}`, bytes),
      ),
    );
  }
  return rows;
}

function openDeck(journal: Journal): Promise<Deck> {
  return Deck.open({ journal, clock, random: seededRandom(1), log: silent, kinds: builtinKinds });
}

async function deckRows(folder: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const writers of [1, 64]) {
    await using journal = SqliteJournal.open(join(folder, `deck-${writers}.db`), { clock });
    await using deck = await openDeck(journal);
    rows.push(
      await measure(`pod creates, ${writers} writers`, "Deck on SqliteJournal", writers, (writer, n) =>
        deck.create(podKind, realisticPod(`p${writer}-${n}`), me),
      ),
    );
  }
  await using journal = new MemoryJournal(clock);
  await using deck = await openDeck(journal);
  rows.push(
    await measure("pod creates, 1 writer", "Deck on MemoryJournal", 1, (_writer, n) =>
      deck.create(podKind, realisticPod(`p-${n}`), me),
    ),
  );
  return rows;
}

async function readRows(folder: string): Promise<readonly Row[]> {
  const file = join(folder, "read.db");
  const objects = 10_000;
  const writer = SqliteJournal.open(file, { clock });
  const full = await openDeck(writer);
  await Promise.all(Array.from({ length: objects }, (_, n) => full.create(podKind, realisticPod(`p-${n}`), me)));
  await writer[Symbol.asyncDispose]();
  const opening = performance.now();
  await using journal = SqliteJournal.open(file, { clock });
  await using deck = await openDeck(journal);
  const opened: Row = {
    what: `open with ${objects} pods`,
    subject: "Deck on SqliteJournal",
    msP50: performance.now() - opening,
  };
  let size = 0;
  const list = (): void => {
    size = deck.list(podKind).stored.reduce((sum, { bytes }) => sum + bytes.length, 0);
  };
  const listed = await once(`list ${objects} pods to bytes`, "Deck", list);
  const selected = await once(`list ${objects} pods by label`, "Deck", () =>
    deck.list(podKind, { labels: [{ key: "app", operator: "In", values: ["none"] }] }),
  );
  return [opened, { ...listed, note: `${(size / 1e6).toFixed(1)} MB` }, selected, await fanOut(deck)];
}

async function fanOut(deck: Deck): Promise<Row> {
  const watchers = 500;
  let seen = 0;
  const watches = Array.from({ length: watchers }, () =>
    deck.watch(podKind, { after: deck.revision(podKind) }, ({ stored }) => (seen += stored.bytes.length > 0 ? 1 : 0)),
  );
  let n = 0;
  const row = await once(`one create to ${watchers} watchers`, "Deck on SqliteJournal", () =>
    deck.create(podKind, realisticPod(`fan-${n++}`), me),
  );
  for (const watch of watches) watch[Symbol.dispose]();
  return { ...row, note: `${seen / n} told of each` };
}

export function printTable(rows: readonly Row[]): void {
  const number = (value: number | undefined, digits: number): string =>
    value === undefined ? "" : value.toFixed(digits);
  const cells = rows.map((row) => [
    row.what,
    row.subject,
    number(row.perSecond, 0),
    number(row.msP50, 2),
    number(row.msP99, 2),
    number(row.cpuMicrosPerOp, 0),
    row.note ?? "",
  ]);
  const table = [["what", "subject", "per s", "p50 ms", "p99 ms", "cpu us/op", "note"], ...cells];
  const widths = table[0]?.map((_, i) => Math.max(...table.map((line) => line[i]?.length ?? 0))) ?? [];
  for (const line of table)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const folder = mkdtempSync(join(tmpdir(), "bench-store-"));
  try {
    const rows = [...(await journalRows(folder)), ...(await deckRows(folder)), ...(await readRows(folder))];
    if (values.json) console.log(JSON.stringify(rows));
    else printTable(rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
