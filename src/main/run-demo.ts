/** `catamaran demo` and `compare`: brings the comparison together with a running instance. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { ControlSocket } from "#cli/control-socket.ts";
import { Cluster } from "#client/cluster.ts";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { AwsClient } from "#compare/aws-client.ts";
import { demoDefaults, type DemoOptions, runDemo } from "#compare/demo.ts";
import type { Comparison } from "#compare/result.ts";
import { summaryTable } from "#compare/summary.ts";
import type { DemoWorld } from "#compare/world.ts";
import { ImageStore } from "#node/image-store.ts";
import { buildImage } from "#node/images.ts";
import { priceBooks } from "#metering/price-book.ts";
import { podAwsEndpoint } from "#instance/environment.ts";
import type { Instance } from "#instance/instance.ts";
import { demoOptionTable, placeOptions } from "./command-options.ts";
import { instanceOf, type Place, placeOf } from "#instance/place.ts";
import { files } from "#instance/files.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import { Steps } from "./steps.ts";

const ROOT = join(import.meta.dirname, "..", "..");

export async function demo(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: { ...placeOptions, ...demoOptionTable },
  });
  const options: DemoOptions = {
    requestsPerDay: positive("--requests-per-day", values["requests-per-day"] ?? String(demoDefaults.requestsPerDay)),
    replayMs: positive("--seconds", values.seconds ?? String(demoDefaults.replayMs / 1000)) * 1000,
    requests: positive("--requests", values.requests ?? String(demoDefaults.requests)),
    seed: positive("--seed", values.seed ?? String(demoDefaults.seed)),
    priceBook: bookId(values["price-book"] ?? demoDefaults.priceBook),
  };
  const stopping = new AbortController();
  process.on("SIGINT", () => stopping.abort());
  const comparison = await runOn(placeOf(values), options, stopping.signal);
  if (values.output === "json") process.stdout.write(`${JSON.stringify(comparison, null, 2)}\n`);
  const failed = comparison.hulls.reduce((total, { failed: count }) => total + count, 0);
  return failed === 0 ? 0 : 1;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Fault("BadRequest", `${name} ${text}: a number above 0`);
  return value;
}

function bookId(id: string): string {
  if (priceBooks.some((book) => book.id === id)) return id;
  throw new Fault("BadRequest", `--price-book ${id}: one of ${priceBooks.map((book) => book.id).join(", ")}`);
}

/** What `up --demo` does once everything is ready. */
export async function demoAfterUp(place: Place, stop: AbortSignal): Promise<void> {
  await runOn(place, demoDefaults, stop);
}

async function runOn(place: Place, options: DemoOptions, stop: AbortSignal): Promise<Comparison> {
  const instance = await instanceOf(place);
  if (!instance.canRunPods)
    throw new Fault(
      "Unavailable",
      "the demo needs pods, and this machine cannot run them; catamaran doctor says what is missing",
    );
  const steps = new Steps();
  await using stack = new AsyncDisposableStack();
  const { comparison, reportFile, dataFile } = await runDemo(await worldOf(instance, stack, { stop, steps }), options);
  await mkdir(files.reports(instance), { recursive: true });
  const name = new Date(comparison.startedAtMs).toISOString().replaceAll(":", "-").slice(0, 19);
  const kept = join(files.reports(instance), `${name}.html`);
  await copyFile(reportFile, kept);
  await copyFile(dataFile, join(files.reports(instance), `${name}.json`));
  await copyFile(dataFile, join(files.reports(instance), "latest.json"));
  steps.say(`report: ${kept}`);
  return comparison;
}

async function worldOf(
  instance: Instance,
  stack: AsyncDisposableStack,
  { stop, steps }: { readonly stop: AbortSignal; readonly steps: Steps },
): Promise<DemoWorld> {
  const { ports, rootKey, region } = instance;
  const credentials = readKubeconfig(await readFile(files.kubeconfig(instance), "utf8"));
  const objects = stack.use(Cluster.connect(credentials, { name: "catamaran-demo", clock: realClock, log: silent }));
  const store = new ImageStore(files.images(instance));
  const workFolder = join(instance.dataDir, "demo");
  await mkdir(workFolder, { recursive: true });
  return {
    objects,
    aws: new AwsClient({ endpoint: `http://127.0.0.1:${ports.aws}`, ...rootKey, region }, realClock),
    usage: new ControlSocket(files.invokeSocket(instance)),
    gateway: { host: "127.0.0.1", port: ports.gateway },
    buildImage: async (folder, tag) => void (await buildImage(store, folder, tag, { now: realClock.now() })),
    bundle,
    podAws: { endpoint: podAwsEndpoint(instance), region, ...rootKey },
    example: join(ROOT, "examples", "users-api"),
    workFolder,
    clock: realClock,
    random: realRandom,
    stop,
    progress: { step: (title) => steps.step(title), live: (line) => steps.live(line), say: (line) => steps.say(line) },
  };
}

/** One ES module with its dependencies, as both hulls run it. */
async function bundle(entry: string, outFile: string): Promise<void> {
  const { build } = await import("esbuild");
  await build({
    entryPoints: [entry],
    outfile: outFile,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // Some dependencies are CommonJS and ask for `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
}

export async function showComparison(place: Place, output: unknown): Promise<number> {
  const file = join(files.reports(await instanceOf(place)), "latest.json");
  if (!existsSync(file)) throw new Fault("NotFound", "there is no comparison yet; make one with: catamaran demo");
  const text = await readFile(file, "utf8");
  process.stdout.write(output === "json" ? text : `${summaryTable(JSON.parse(text) as Comparison)}\n`);
  return 0;
}
