/** `catamaran up` and `catamaran down`: the supervisor's own life. */
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { Fault, reasonOf } from "#base/fault.ts";
import { changeKubeconfig, mergedConfig, withoutConfig } from "#cli/merge-kubeconfig.ts";
import { dashboardLink } from "#cli/dashboard-link.ts";
import { type Instance, readInstance, remainsOf } from "#instance/instance.ts";
import { jsonLog } from "#machine/json-log.ts";
import { realClock } from "#machine/real-clock.ts";
import { endByForce, signalProcess, untilGone } from "./end-processes.ts";
import { refuseSecond, supervisorOf, takeLock, unwritable } from "#instance/lock.ts";
import { childEnvironment, type UpOptions, userKubeconfig } from "./options.ts";
import { type Place } from "#instance/place.ts";
import { files } from "#instance/files.ts";
import { cleanUp, Platform } from "./platform.ts";
import { missingForPods, prepareFabric, prepareIdentities, prepareInstance } from "./prepare.ts";
import { Steps } from "#cli/steps.ts";

/** What runs once the platform is up in the foreground; its end does not end the platform. */
export type AfterUp = (place: Place, stop: AbortSignal) => Promise<void>;

/** `line` is the command line behind `up`, for the process that stays behind. */
export async function up(line: readonly string[], options: UpOptions, afterUp: AfterUp): Promise<number> {
  return options.detach ? upDetached(line, options) : upHere(options, afterUp);
}

const SAME_SIGNAL_MS = 1_000;
const ORPHANS_END_WITHIN_MS = 6_000;

async function upHere(options: UpOptions, afterUp: AfterUp): Promise<number> {
  const steps = new Steps();
  const stop = stopOnSignals();
  await refuseSecond(options);
  // Roles whose supervisor was killed end by themselves; until then they hold its ports and files.
  await untilGone(options, ORPHANS_END_WITHIN_MS);
  await endByForce(options);
  await takeLock(options);
  const instance = await prepareInstance(options).catch((thrown: unknown) => {
    throw unwritable(options, thrown);
  });
  sayWhatIsMissing(steps, options);
  const log = jsonLog(openSync(files.roleLog(instance, "supervisor"), "a", 0o600), "info");
  const platform = new Platform(instance, options, log);
  try {
    await orStopped(stop, startUp(platform, steps, options));
    steps.say(
      `ready in ${steps.seconds()} s — eval "$(npx catamaran env${options.name === "default" ? "" : ` --name ${options.name}`})"`,
    );
    if (process.send === undefined) steps.say(dashboardLines(instance));
    if (options.mergeKubeconfig) await mergeKubeconfig(steps, instance);
    process.send?.({ ready: true });
    if (options.demo)
      await afterUp(options, stop).catch((thrown: unknown) => steps.say(`the demo ended early: ${reasonOf(thrown)}`));
    if (options.demo && !stop.aborted) steps.say("the platform stays up; Ctrl-C ends it");
    await stopped(stop);
    steps.say("ending");
    return 0;
  } catch (thrown) {
    if (!stop.aborted) throw thrown;
    steps.say("ending, in the midst of the start");
    return 130;
  } finally {
    await platform.end();
    steps.say(`ended; data is kept in ${options.dataDir}`);
  }
}

async function startUp(platform: Platform, steps: Steps, place: Place): Promise<void> {
  const { instance } = platform;
  const identities = (): Promise<void> =>
    prepareIdentities(instance).catch((thrown: unknown) => {
      throw unwritable(place, thrown);
    });
  await Promise.all([steps.run("certificates", identities), steps.run("network", () => prepareFabric(instance))]);
  await platform.start((what) => steps.done(what));
}

function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  let stoppedAt = 0;
  const stop = (): void => {
    // npm passes on what the terminal has sent already: what comes at once is the same Ctrl-C. The next one does not wait for
    // anything; `catamaran down --purge` cleans up what it leaves.
    if (stopping.signal.aborted && performance.now() - stoppedAt > SAME_SIGNAL_MS) process.exit(130);
    if (stopping.signal.aborted) return;
    stoppedAt = performance.now();
    stopping.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  return stopping.signal;
}

function stopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
}

/** The work, or an end in its midst when somebody asks for it. */
async function orStopped(stop: AbortSignal, work: Promise<void>): Promise<void> {
  work.catch(() => {}); // What fails after the end was asked for is nobody's matter.
  await Promise.race([work, stopped(stop)]);
  stop.throwIfAborted();
}

async function mergeKubeconfig(steps: Steps, instance: Instance): Promise<void> {
  const [file, ours] = [userKubeconfig(), parse(await readFile(files.kubeconfig(instance), "utf8")) as object];
  await changeKubeconfig(file, (theirs) => mergedConfig(theirs, ours));
  steps.say(`${file}: context catamaran-${instance.name} is current now; catamaran down --purge takes it out`);
}

/** A context of ours that somebody merged goes with its instance. */
async function unmergeKubeconfig(instance: Instance): Promise<void> {
  const [theirs, ours] = await Promise.all(
    [userKubeconfig(), files.kubeconfig(instance)].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  if (theirs?.includes(`catamaran-${instance.name}\n`) !== true || ours === undefined || ours === "") return;
  await changeKubeconfig(userKubeconfig(), (config) => withoutConfig(config, parse(ours) as object));
}

function sayWhatIsMissing(steps: Steps, options: UpOptions): void {
  const missing = missingForPods();
  if (missing.length === 0 || options.noNodes) return;
  steps.say(
    `no pods and no isolated sandboxes on this machine: ${missing.join(", ")} missing. The control plane works, and functions ${process.getuid?.() === 0 ? "are refused: none runs as root without isolation" : "run as plain processes (not isolated)"}.`,
  );
}

async function upDetached(words: readonly string[], options: UpOptions): Promise<number> {
  await refuseSecond(options);
  const logFile = join(options.dataDir, "up.log");
  const log = await openLog(options, logFile);
  const rest = words.filter((word) => word !== "--detach");
  const child = spawn(process.execPath, [join(import.meta.dirname, "catamaran.ts"), "up", ...rest], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    env: { ...process.env, ...childEnvironment() },
  });
  const outcome = await new Promise<"ready" | "ended">((resolve) => {
    child.once("message", () => resolve("ready"));
    child.once("exit", () => resolve("ended"));
  });
  if (outcome === "ended")
    throw new Fault("Unavailable", `the platform did not come up:\n${(await readFile(logFile, "utf8")).trimEnd()}`);
  child.disconnect();
  child.unref();
  process.stderr.write(`instance "${options.name}" is up (process ${child.pid})\n`);
  const instance = await readInstance(options.dataDir);
  if (instance !== null) process.stderr.write(`${dashboardLines(instance)}\n`);
  return 0;
}

async function openLog(options: UpOptions, file: string): Promise<number> {
  try {
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
    return openSync(file, "w", 0o600);
  } catch (thrown) {
    throw unwritable(options, thrown);
  }
}

function dashboardLines(instance: Instance): string {
  const named = instance.name === "default" ? "" : ` --name ${instance.name}`;
  return `dashboard: ${dashboardLink(instance, realClock.now())}\n  the link opens once; another one: npx catamaran dashboard${named}`;
}

// The supervisor gives each role 8 seconds; whatever takes longer than two that hang is ended from here.
const END_WITHIN_MS = 20_000;

/** Ends the supervisor if there is one, by force if it must be; with `purge` also its data and whatever a crash left. */
export async function down(place: Place, { purge }: { readonly purge: boolean }): Promise<number> {
  const instance = purge ? await whateverIsKnown(place) : await readInstance(place.dataDir);
  const pid = await supervisorOf(place);
  if (instance === null) {
    process.stderr.write(`there is no instance "${place.name}" in ${place.dataDir}\n`);
    return 3;
  }
  if (pid !== null) signalProcess(pid, "SIGTERM");
  // Roles whose supervisor was killed end by themselves.
  await untilGone(place, END_WITHIN_MS);
  await endByForce(place);
  if (purge) await unmergeKubeconfig(instance);
  await cleanUp(instance, place, { purge });
  process.stderr.write(`instance "${place.name}" is down${purge ? " and gone" : ""}\n`);
  return 0;
}

/** Facts that cannot be read must not keep anybody from taking the rest away. */
async function whateverIsKnown(place: Place): Promise<Instance | null> {
  try {
    return await readInstance(place.dataDir);
  } catch (thrown) {
    process.stderr.write(`${reasonOf(thrown)}\nwhat carries the name is removed all the same\n`);
    return remainsOf(place, place.runRoot);
  }
}
