/** The dashboard in headless Chromium on a running control plane: one list of both hulls, live, filtered, logs, compare; light and dark. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zipSync } from "fflate";
import { type Browser, chromium, type Page } from "playwright-core";
import { Histogram } from "#base/histogram.ts";
import { compareCosts } from "#compare/cost.ts";
import type { Comparison } from "#compare/result.ts";
import { priceBook } from "#metering/price-book.ts";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const CHROMIUM = "/usr/bin/chromium";
const skip = cannotRun("kubectl", "aws") || (existsSync(CHROMIUM) ? false : "needs chromium");
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let stage: Stage;
let browser: Browser;
let page: Page;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("dash");
  await stage.up("--nodes", "0");
  await stage.kubectlOk("create", "deployment", "web", "--image=busybox", "--replicas=2");
  const zip = join(stage.folder, "fn.zip");
  await writeFile(
    zip,
    zipSync({
      "index.mjs": Buffer.from(
        'export const handler = async () => { console.log("a line of the log"); return "hi"; };',
      ),
    }),
  );
  await stage.aws(
    "lambda",
    "create-function",
    "--function-name",
    "greeter",
    "--runtime",
    "nodejs24.x",
    "--handler",
    "index.handler",
    "--role",
    "arn:aws:iam::000000000000:role/t",
    "--zip-file",
    `fileb://${zip}`,
  );
  await stage.aws("lambda", "invoke", "--function-name", "greeter", join(stage.folder, "out.json"));
  // The browser enters the stage's network by itself: its process is started there.
  const launcher = join(stage.folder, "chromium.sh");
  await writeFile(launcher, `#!/bin/sh\nexec nsenter --net=/run/netns/${stage.name} ${CHROMIUM} "$@"\n`, {
    mode: 0o755,
  });
  browser = await chromium.launch({ executablePath: launcher, args: QUIET });
});

after(async () => {
  if (skip !== false) return;
  await browser.close();
  await stage[Symbol.asyncDispose]();
});

async function link(): Promise<string> {
  return (await stage.catamaran("dashboard")).out;
}

test("without a session every page says how to get one; a link works once", { skip }, async () => {
  const bare = stage.environment["CATAMARAN_DASHBOARD"] ?? "";
  page = await browser.newPage();
  await page.goto(bare);
  assert.match(await page.innerText("main"), new RegExp(`npx catamaran dashboard --name ${stage.name}`));
  const used = await link();
  await page.goto(used);
  await page.waitForSelector("#rows tr");
  assert.equal(new URL(page.url()).hash, "");
  assert.deepEqual(
    (await page.context().cookies()).map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite })),
    [{ httpOnly: true, sameSite: "Strict" }],
  );
  assert.equal(await page.evaluate("document.cookie"), "");
  await page.close();
  page = await browser.newPage();
  await page.goto(used);
  await page.getByText("This link was used before").waitFor();
  await page.close();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`both hulls are in one live list (${colorScheme})`, { skip }, async () => {
    page = await browser.newPage({ colorScheme, viewport: { width: 1360, height: 700 } });
    await page.goto(await link());
    await page.waitForSelector('tr[data-name="default/web containers"]');
    assert.match(await page.innerText('tr[data-name="default/web containers"]'), /0\/[24] ready/);
    assert.match(await page.innerText('tr[data-name="default/greeter functions"]'), /functions[^]*busy/);
    await page.focus('tr[data-name="default/greeter functions"] a');
    await stage.kubectlOk("scale", "deployment", "web", `--replicas=${colorScheme === "light" ? 4 : 2}`);
    await page.getByText(colorScheme === "light" ? "0/4 ready" : "0/2 ready").waitFor();
    assert.equal(await page.evaluate("document.activeElement.textContent"), "greeter", "an update keeps the focus");
    await page.keyboard.press("/");
    await page.keyboard.type("greeter");
    assert.deepEqual(await page.locator("#rows tr:visible").count(), 1);
    await page.fill("#filter", "");
    await page.screenshot({ path: join(stage.folder, `deck-${colorScheme}.png`) });
    if (process.env["KEEP_SCREENSHOTS"] !== undefined)
      await page.screenshot({ path: join(process.env["KEEP_SCREENSHOTS"], `deck-${colorScheme}.png`) });
    await page.close();
  });
}

test("a function's log is readable, and the newest comparison is shown with its plots", { skip }, async () => {
  page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
  await page.goto(await link());
  await page.waitForSelector("#rows tr");
  await page.click('tr[data-name="default/greeter functions"] a');
  await until(
    "the log line",
    () => page.innerText("#lines"),
    (text) => text.includes("a line of the log"),
  );
  await page.click('nav a[href="/compare"]');
  assert.match(await page.innerText("main"), /There is no comparison yet/);
  await mkdir(join(stage.dataDir, "reports"), { recursive: true });
  await writeFile(join(stage.dataDir, "reports", "latest.json"), JSON.stringify(sample()));
  await page.reload();
  assert.equal(await page.locator("svg.plot").count(), 6);
  assert.match(await page.innerText(".verdict"), /A month of this traffic costs/);
});

function sample(): Comparison {
  const book = priceBook("aws-us-east-1");
  assert.ok(book);
  const latency = new Histogram();
  for (let i = 1; i < 500; i++) latency.record(i * 40);
  const hull = (name: "containers" | "functions"): Comparison["hulls"][number] => ({
    hull: name,
    requests: 499,
    failed: 0,
    coldStarts: 3,
    latencyMs: { p50: 5, p95: 9, p99: 12, max: 20 },
    curve: latency.curve().map(({ value, share }) => ({ ms: value / 1000, share })),
    failures: [],
  });
  const timeline = Array.from({ length: 30 }, (_unused, i) => ({
    atMs: i * 1000,
    replicas: 3,
    readyReplicas: 3,
    environments: i % 4,
    containerRate: 20,
    functionRate: 20,
    bookedCpuMillis: 300,
    usedCpuMillis: 100 + i,
    bookedMemoryMib: 384,
    usedMemoryMib: 120,
  }));
  const basis = {
    requestsPerDay: 100_000,
    daysPerMonth: 30,
    memoryMib: 128,
    billedMs: 5_000,
    invocations: 499,
    meanReplicas: 3,
    podCpuMillis: 100,
    podMemoryMib: 128,
    requestsPerSecondPerReplica: 20,
    peakFactor: 3,
    minReplicas: 3,
  };
  const costs = compareCosts(
    basis,
    book,
    timeline.map(({ atMs }) => ({ atMs, containersUsd: atMs / 1e4, functionsUsd: atMs / 1e5 })),
  );
  return {
    title: "sample",
    startedAtMs: 0,
    durationMs: 30_000,
    traffic: {
      requestsPerDay: 100_000,
      replayedMs: 30_000,
      requestsSent: 499,
      seed: 1,
      plannedRate: [10, 20, 30, 20, 10],
    },
    hulls: [hull("containers"), hull("functions")],
    timeline,
    costs,
    assumptions: ["a sample"],
  };
}
