/** The dashboard in headless Chromium on a running control plane: one list of both hulls, live, sorted, filtered; logs as they are written; compare; light and dark, wide and narrow. */
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
import { money, times } from "#metering/money.ts";
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

// What a page must show as it is: nothing of a log may become part of a page.
const TICKER = `i=0; while true; do i=$((i+1)); printf "tick $i <img src=x onerror='document.title=1'> \\033[31mred\\033[0m\\n"; sleep 0.2; done`;

let stage: Stage;
let browser: Browser;
let page: Page;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("dash");
  await stage.up();
  // Its image is nowhere: it never gets ready.
  await stage.kubectlOk("create", "deployment", "web", "--image=nowhere/there:1", "--replicas=2");
  await stage.kubectlOk("run", "ticker", "--image=busybox", "--grace-period=1", "--", "sh", "-c", TICKER);
  const zip = join(stage.folder, "fn.zip");
  await writeFile(
    zip,
    zipSync({
      "index.mjs": Buffer.from(
        `export const handler = async ({ lines = 1, fail = false }) => {
          for (let i = 0; i < lines; i++) console.log("a line of the log", i);
          if (fail) throw new Error("asked to");
          return "hi";
        };`,
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

async function invoke(payload: object): Promise<void> {
  const file = join(stage.folder, "out.json");
  await stage.aws("lambda", "invoke", "--function-name", "greeter", "--payload", JSON.stringify(payload), file);
}

/** A page with a session, and what its console complains about. */
async function enter(
  options: Parameters<Browser["newPage"]>[0] = { viewport: { width: 1280, height: 800 } },
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const entered = await browser.newPage(options);
  const complaints: string[] = [];
  await entered.goto(await link());
  await entered.waitForSelector("#rows tr[data-name]");
  entered.on("pageerror", ({ message }) => complaints.push(message));
  entered.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return { page: entered, complaints };
}

test("a function's row counts what comes by the AWS door", { skip }, async () => {
  const { page: deck } = await enter();
  const row = deck.locator('tr[data-name="default/greeter functions"]');
  const figure = async (label: string): Promise<number> =>
    Number(await row.locator(`[data-label="${label}"]`).getAttribute("data-value"));
  const [requests, errors] = [await figure("requests"), await figure("errors")];
  for (const fail of [false, false, true]) await invoke({ fail });
  await until(
    "three more requests, one of them failed",
    async () => ({ requests: await figure("requests"), errors: await figure("errors"), p99: await figure("p99") }),
    (seen) => seen.requests >= requests + 3 && seen.errors === errors + 1 && seen.p99 > 0,
  );
  assert.match(await row.locator('[data-label="$ an hour"]').innerText(), /^\$0\.0000\d*[1-9]/);
  await deck.close();
});

test("a function's log is followed, filtered, paused, wrapped and bounded", { skip }, async () => {
  const { page: logs, complaints } = await enter();
  await logs.click('tr[data-name="default/greeter functions"] a');
  const lines = logs.locator(".line");
  await logs.getByText("a line of the log 0").first().waitFor();
  const before = await lines.count();
  await invoke({ lines: 3 });
  await logs.getByText("a line of the log 2").waitFor();
  assert.ok((await lines.count()) >= before + 3);

  await logs.keyboard.press("/");
  await logs.keyboard.type("THE LOG 2");
  assert.deepEqual(
    (await logs.locator(".line:visible .text").allInnerTexts()).map((text) => text.includes("a line of the log 2")),
    [true],
  );
  await logs.fill("#filter", "");

  await logs.click("#pause");
  const paused = await lines.count();
  await invoke({ lines: 20 });
  await logs.getByRole("button", { name: /Resume \(\d+ new\)/ }).waitFor();
  assert.equal(await lines.count(), paused);
  await logs.click("#pause");
  await logs.getByText("a line of the log 19").waitFor();

  const styleOf = (): Promise<unknown> => logs.evaluate("getComputedStyle(document.querySelector('.line')).whiteSpace");
  const wrapped = await styleOf();
  await logs.click("#wrap");
  assert.notEqual(await styleOf(), wrapped);

  await invoke({ lines: 7_000 });
  await logs.getByText("a line of the log 6999").waitFor();
  assert.ok((await lines.count()) <= 5_000);
  assert.deepEqual(complaints, []);
  await logs.close();
});

test("a pod's log is followed, and is text whatever it looks like", { skip }, async () => {
  const { page: logs, complaints } = await enter();
  await logs.click('tr[data-name="default/ticker containers pod"] a');
  const last = logs.locator(".line").last();
  const first = await last.innerText();
  await until(
    "a new line",
    () => last.innerText(),
    (text) => text !== first,
  );
  assert.match(await last.innerText(), /tick \d+ <img src=x onerror='document\.title=1'> red$/);
  assert.equal(await logs.locator("main img").count(), 0);
  assert.match(await logs.title(), /Logs/);
  await logs.selectOption("#of", "deployment/default/web");
  await logs
    .getByText(/waits: \w*ImagePull/)
    .first()
    .waitFor();
  assert.deepEqual(complaints, []);
  await logs.close();
});

test("the list is sorted and reached by keyboard, and what has the focus is seen", { skip }, async () => {
  const { page: deck } = await enter();
  const names = (): Promise<readonly string[]> => deck.locator("#rows tr th a").allInnerTexts();
  assert.equal((await names())[0], "web", "what is not well comes first");
  await deck.focus('[data-column="3"]');
  await deck.keyboard.press("Enter");
  assert.equal(await deck.locator('[data-column="3"]').locator("..").getAttribute("aria-sort"), "descending");
  assert.equal((await names())[0], "greeter");
  await deck.keyboard.press("Tab");
  assert.match(
    await deck.evaluate("getComputedStyle(document.activeElement).outline"),
    /2px/,
    "the focus has an outline",
  );
  await deck.focus("#filter");
  await deck.keyboard.type("nothing like this");
  await deck.getByText("live · 0 of 3 workloads").waitFor();
  await deck.close();
});

test("the control process dies: the page says so, and is live again without a new link", { skip }, async () => {
  const { page: deck } = await enter();
  await deck.getByText("live · 3 workloads").waitFor();
  const [pid] = await stage.pidsOf("control");
  assert.ok(pid);
  process.kill(pid, "SIGKILL");
  await deck.getByText("not connected").waitFor();
  await deck.getByText("live · 3 workloads").waitFor();
  await deck.close();
});

test("the control process dies: a log goes on where it was, no line twice", { skip }, async () => {
  const { page: logs } = await enter();
  await logs.goto(new URL("/logs?of=pod/default/ticker", logs.url()).href);
  await logs
    .getByText(/tick \d+ /)
    .first()
    .waitFor();
  const [pid] = await stage.pidsOf("control");
  assert.ok(pid);
  process.kill(pid, "SIGKILL");
  await logs.getByText("not connected").waitFor();
  const before = await logs.locator(".line .text").count();
  await logs.getByText("live ·").waitFor();
  await until(
    "new lines",
    () => logs.locator(".line .text").count(),
    (count) => count > before + 5,
  );
  const ticks = (await logs.locator(".line .text").allInnerTexts()).flatMap(
    (text) => /^tick (\d+)/.exec(text)?.[1] ?? [],
  );
  assert.deepEqual(
    ticks.map(Number),
    ticks.map((_tick, place) => Number(ticks[0]) + place),
    "every tick once, in order",
  );
  await logs.close();
});

test("the newest comparison is shown with its plots", { skip }, async () => {
  const { page: compare, complaints } = await enter();
  await compare.click('nav a[href="/compare"]');
  assert.match(await compare.innerText("main"), /There is no comparison yet/);
  await mkdir(join(stage.dataDir, "reports"), { recursive: true });
  await writeFile(join(stage.dataDir, "reports", "latest.json"), JSON.stringify(sample()));
  await compare.reload();
  assert.equal(await compare.locator("svg.plot").count(), 6);
  assert.match(await compare.innerText(".verdict"), /A month of this traffic costs/);
  assert.deepEqual(complaints, []);
  await compare.close();
});

const PAGES = ["/", "/compare", "/logs", "/logs?of=pod/default/ticker", "/logs?of=deployment/default/web"];

for (const colorScheme of ["light", "dark"] as const)
  for (const width of [1280, 390])
    test(`every page fits ${width} pixels and has contrast (${colorScheme})`, { skip }, async () => {
      const { page: any, complaints } = await enter({ colorScheme, viewport: { width, height: 800 } });
      for (const path of PAGES) {
        await any.goto(new URL(path, any.url()).href);
        await any
          .locator(path.includes("?") ? ".line" : "main > *")
          .first()
          .waitFor();
        assert.ok(Number(await any.evaluate("document.documentElement.scrollWidth")) <= width, `${path} is too wide`);
        assert.deepEqual(await any.evaluate(PALE), [], `${path} has pale text`);
        if (process.env["KEEP_SCREENSHOTS"] !== undefined) {
          const file = `${path.replaceAll(/\W+/g, "-")}-${colorScheme}-${width}.png`;
          await any.screenshot({ path: join(process.env["KEEP_SCREENSHOTS"], file) });
        }
      }
      assert.deepEqual(complaints, []);
      await any.close();
    });

/** In the browser: texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3); what is disabled may be pale. */
const PALE = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].flatMap((element) => {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (text === "" || element.matches(":disabled, :disabled *, option, optgroup, title") || !element.checkVisibility()) return [];
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(channels(element.closest("svg") ? style.fill : style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    return contrast >= 4.5 ? [] : [text.slice(0, 40) + " " + contrast.toFixed(2)];
  });
})()`;

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
  const day = timeline.map(({ atMs }) => ({
    atMs,
    containers: times(money("0.0001"), BigInt(atMs)),
    functions: times(money("0.00001"), BigInt(atMs)),
  }));
  const costs = compareCosts(basis, day, book);
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
