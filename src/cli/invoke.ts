/** One invocation for whoever asks by `catamaran invoke`: its event, and what is said of its log. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { Fault } from "#base/fault.ts";
import { terminalText } from "#cli/terminal-text.ts";
import { AwsClient, AwsRefused, type Invoked } from "#compare/aws-client.ts";
import type { Instance } from "#instance/instance.ts";
import { realClock } from "#machine/real-clock.ts";
import { samples } from "./sample-events.ts";

export interface Asked {
  readonly data?: string | undefined;
  readonly event?: string | undefined;
  readonly sample?: string | undefined;
  readonly qualifier?: string | undefined;
}

/** Faults: BadRequest for an event that is none, NotFound, Timeout; what Lambda says of the rest. */
export async function invokeFunction(instance: Instance, name: string, asked: Asked): Promise<Invoked> {
  const { region, ports, rootKey } = instance;
  const payload = await payloadOf(instance, asked);
  const aws = new AwsClient({ endpoint: `http://127.0.0.1:${ports.aws}`, ...rootKey, region }, realClock);
  try {
    return await aws.invoke(name, payload, asked.qualifier);
  } catch (thrown) {
    if (!(thrown instanceof AwsRefused)) throw thrown;
    throw new Fault(thrown.status === 404 ? "NotFound" : "BadRequest", thrown.message);
  }
}

async function payloadOf({ region, accountId }: Instance, { data, event, sample }: Asked): Promise<string> {
  if ([data, event, sample].filter((one) => one !== undefined).length > 1)
    throw new Fault("BadRequest", "only one of --data, --event and --sample");
  if (sample !== undefined)
    return sampleText(sample, { region, accountId, time: new Date(realClock.now()).toISOString() });
  const written = event === undefined ? (data ?? "{}") : await fileText(event);
  try {
    JSON.parse(written);
  } catch (thrown) {
    throw new Fault("BadRequest", `the event is no JSON: ${thrown instanceof Error ? thrown.message : ""}`);
  }
  return written;
}

async function fileText(path: string): Promise<string> {
  if (path === "-") return text(process.stdin);
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new Fault("NotFound", `there is no file ${path}`);
  }
}

/** Throws BadRequest with those that there are. */
export function sampleText(name: string, about: Parameters<NonNullable<(typeof samples)[string]>>[0]): string {
  const sample = Object.hasOwn(samples, name) ? samples[name] : undefined;
  if (sample === undefined)
    throw new Fault("BadRequest", `--sample ${name}: one of ${Object.keys(samples).join(", ")}`);
  return JSON.stringify(sample(about));
}

/** The end of the log, as a terminal may have it. */
export function logWords({ logTail, version }: Pick<Invoked, "logTail" | "version">): string {
  const lines = logTail.split("\n").map(terminalText);
  return `--- log of version ${version}\n${lines.join("\n")}`;
}
