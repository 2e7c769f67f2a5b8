/** Brings the comparison together with a running instance. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import { AwsClient } from "#compare/aws-client.ts";
import { demoDefaults, type DemoOptions, runDemo } from "#compare/demo.ts";
import type { Comparison } from "#compare/result.ts";
import type { DemoInstance } from "#compare/demo-instance.ts";
import { ImageStore } from "#node/image-store.ts";
import { buildImage } from "#node/images.ts";
import { priceBooks } from "#metering/price-book.ts";
import { podAwsEndpoint } from "#instance/environment.ts";
import type { Instance } from "#instance/instance.ts";
import { instanceOf, type Place } from "#instance/place.ts";
import { files } from "#instance/files.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import { connectCluster, controlOf } from "./session.ts";
import { Steps } from "./steps.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Throws BadRequest for a book that there is not. */
export function bookId(id: string): string {
  if (priceBooks.some((book) => book.id === id)) return id;
  throw new Fault("BadRequest", `--price-book ${id}: one of ${priceBooks.map((book) => book.id).join(", ")}`);
}

/** What `up --demo` does once everything is ready. */
export async function demoAfterUp(place: Place, stop: AbortSignal): Promise<void> {
  await runOn(place, demoDefaults, stop);
}

/** The comparison on a running instance; its report is kept in the data folder. */
export async function runOn(place: Place, options: DemoOptions, stop: AbortSignal): Promise<Comparison> {
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
): Promise<DemoInstance> {
  const { ports, rootKey, region } = instance;
  const objects = stack.use(await connectCluster(instance, "catamaran-demo"));
  const control = stack.use(controlOf(instance));
  const store = new ImageStore(files.images(instance));
  const workFolder = join(instance.dataDir, "demo");
  await mkdir(workFolder, { recursive: true });
  return {
    objects,
    aws: new AwsClient({ endpoint: `http://127.0.0.1:${ports.aws}`, ...rootKey, region }, realClock),
    usage: {
      read: (window, is) => control.readUsage(window, is),
      functions: () => Array.fromAsync(control.readFunctions()),
    },
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
