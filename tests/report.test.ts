/** The report of a comparison in a real browser: one file that asks for nothing, on a wide and a narrow page, light and dark. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { reportHtml } from "#compare/report.ts";
import type { Comparison, HullResult, Moment } from "#compare/result.ts";

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const skip = program === undefined ? "no chromium" : false;

function hullOf(hull: HullResult["hull"]): HullResult {
  const curve = [1, 2, 5, 9, 40].map((ms, i) => ({ ms, share: (i + 1) / 5 }));
  const latencyMs = { p50: 2, p95: 9, p99: 40, max: 41.5 };
  return { hull, requests: 6000, failed: 1, coldStarts: 3, latencyMs, curve, failures: ["503 <b>no room</b>"] };
}

function momentAt(second: number): Moment {
  const rates = { containerRate: 100 + second, functionRate: 99 + second };
  const booked = { bookedCpuMillis: 300, usedCpuMillis: 40, bookedMemoryMib: 384, usedMemoryMib: 150 };
  return { atMs: second * 1000, replicas: 3, readyReplicas: 3, environments: 2, ...rates, ...booked };
}

const line = { meter: "requests", quantity: "3,000,000", price: "$0.20 per 1 M", amountUsd: "0.600000" };
const side = { totalUsd: "12.345678", lines: [line], basis: "what was measured" };
const comparison: Comparison = {
  title: "users-api on both hulls",
  startedAtMs: Date.UTC(2026, 0, 1),
  durationMs: 60_000,
  traffic: { requestsPerDay: 100_000, replayedMs: 60_000, requestsSent: 6000, seed: 1, plannedRate: [1, 5, 9, 2] },
  hulls: [hullOf("containers"), hullOf("functions")],
  timeline: Array.from({ length: 60 }, (_, second) => momentAt(second)),
  costs: {
    book: "aws-us-east-1",
    bookTitle: "AWS us-east-1",
    asOf: "2026-01-01",
    containers: side,
    functions: side,
    breakEvenRequests: 40_000_000,
    curve: [1, 10, 100].map((millions) => ({ requests: millions * 1e6, containersUsd: 90, functionsUsd: millions })),
    cumulated: [0, 30, 60].map((s) => ({ atMs: s * 1000, containersUsd: s / 1e4, functionsUsd: s / 1e5 })),
  },
  assumptions: ["List prices."],
};

for (const width of [1280, 390])
  for (const colorScheme of ["light", "dark"] as const)
    test(`${width} pixels wide, ${colorScheme}`, { skip }, async () => {
      const folder = await mkdtemp(join(tmpdir(), "ctm-report-"));
      const file = join(folder, "report.html");
      await writeFile(file, reportHtml(comparison));
      const browser = await chromium.launch({
        ...(program !== undefined && { executablePath: program }),
        args: ["--no-sandbox"],
      });
      try {
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        const asked: string[] = [];
        const wrong: string[] = [];
        page.on("request", (request) => asked.push(request.url()));
        page.on("console", (message) => wrong.push(message.text()));
        page.on("pageerror", (error) => wrong.push(error.message));
        await page.goto(`file://${file}`);
        assert.deepEqual({ asked, wrong }, { asked: [`file://${file}`], wrong: [] });
        assert.equal(await page.locator("h1").count(), 1);
        assert.ok((await page.locator("svg").count()) >= 4, "plots");
        assert.equal(await page.locator("b", { hasText: "no room" }).count(), 0, "text from outside stays text");
        const [full, shown] = (await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")) as [
          number,
          number,
        ];
        assert.ok(full <= shown, `the page is ${full} wide on a screen of ${shown}`);
      } finally {
        await browser.close();
        await rm(folder, { recursive: true });
      }
    });
