/** Logs, printed as they come: the logs of a pod, of all pods of a deployment, or of a function, by one name. */
import type { ClientHttp2Stream } from "node:http2";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import type { Cluster } from "#client/cluster.ts";
import { collectionPath, objectPath } from "#client/paths.ts";
import { terminalText } from "#cli/terminal-text.ts";
import { AwsClient } from "#compare/aws-client.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { logGroupOf } from "#functions/settings.ts";
import { type FunctionObject, functionKind } from "#kinds/catamaran/function.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { Instance } from "#instance/instance.ts";
import { realClock } from "#machine/real-clock.ts";
import { connectCluster, controlOf, listObjects } from "./session.ts";

interface Wanted {
  readonly namespace: string;
  readonly follow: boolean;
  readonly tail: string | undefined;
  readonly container: string | undefined;
}

const FUNCTION_POLL_MS = 500;
const NEWEST = 1_000; // Lines of a function, as the service's page.

/** NAME, pod/NAME, deployment/NAME or function/NAME; without a type the first that exists, in this order. */
export async function printLogs(instance: Instance, reference: string, wanted: Wanted): Promise<void> {
  const [type, name] = reference.includes("/") ? reference.split("/", 2) : [undefined, reference];
  await using cluster = await connectCluster(instance, "catamaran-logs");
  const pods = await podsOf(cluster, type, name ?? "", wanted.namespace);
  if (pods.length > 0)
    return void (await Promise.all(pods.map((pod) => printPod(cluster, pod, wanted, pods.length > 1))));
  const found = await functionOf(cluster, type, name ?? "", wanted.namespace);
  if (found === null)
    throw new Fault(
      "NotFound",
      `there is no pod, deployment or function "${reference}" in namespace "${wanted.namespace}"`,
    );
  await printFunction(instance, found, wanted);
}

async function podsOf(
  cluster: Cluster,
  type: string | undefined,
  name: string,
  namespace: string,
): Promise<readonly string[]> {
  const key = keyOf(namespace, name);
  if ((type ?? "pod") === "pod" && (await cluster.get(podKind, key)) !== null) return [name];
  const deployment = (type ?? "deployment").startsWith("deploy") ? await cluster.get(deploymentKind, key) : null;
  const selector = deployment === null ? null : fromLabelSelector(deployment.spec.selector);
  if (selector === null) return [];
  const pods = await listObjects<Pod>(cluster, collectionPath(podKind, namespace));
  return pods.filter(({ metadata }) => matches(selector, metadata.labels)).map(({ metadata }) => metadata.name);
}

async function functionOf(
  cluster: Cluster,
  type: string | undefined,
  name: string,
  namespace: string,
): Promise<FunctionObject | null> {
  return (type ?? "function").startsWith("f") ? cluster.get(functionKind, keyOf(namespace, name)) : null;
}

async function printPod(
  cluster: Cluster,
  pod: string,
  { namespace, follow, tail, container }: Wanted,
  withName: boolean,
): Promise<void> {
  const query = new URLSearchParams({
    ...(follow && { follow: "true" }),
    ...(tail !== undefined && { tailLines: tail }),
    ...(container !== undefined && { container }),
  });
  const { status, stream } = await cluster.stream(
    `${objectPath(podKind, keyOf(namespace, pod), "log")}?${query.toString()}`,
  );
  if (status !== 200)
    throw new Fault(
      "Unavailable",
      `the logs of pod ${pod} cannot be read (HTTP ${status}): ${(await textOf(stream)).slice(0, 300)}`,
    );
  for await (const line of linesOf(stream)) writeLine(withName ? `${pod}: ${line}` : line);
}

/** A terminal gets no foreign control characters; a file or a pipe gets the line as it is. */
function writeLine(line: string): void {
  process.stdout.write(`${process.stdout.isTTY ? terminalText(line.replace(/\r$/, "")) : line}\n`);
}

async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString("utf8");
  return text;
}

async function* linesOf(stream: ClientHttp2Stream): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

async function printFunction(instance: Instance, { metadata, spec }: FunctionObject, wanted: Wanted): Promise<void> {
  const group = spec.logGroup ?? logGroupOf({ namespace: metadata.namespace ?? "default", name: metadata.name });
  const lines = await Array.fromAsync(controlOf(instance).readLogs(group, tailOf(wanted)));
  for (const { text } of lines) writeMessage(text);
  const lastMs = lines.at(-1)?.atMs ?? 0;
  if (wanted.follow)
    await followGroup(instance, group, { lastMs, printed: lines.filter(({ atMs }) => atMs === lastMs).length });
}

function tailOf({ tail }: Wanted): number {
  if (tail === undefined) return NEWEST;
  if (/^\d{1,6}$/.test(tail)) return Number(tail);
  throw new Fault("BadRequest", `--tail is a number of lines up to 999999, not "${tail}"`);
}

/** Lines of one millisecond keep their order, so those of the last one that were printed are the first of the next page. */
async function followGroup(
  { ports, rootKey, region }: Instance,
  group: string,
  from: { readonly lastMs: number; readonly printed: number },
): Promise<never> {
  const aws = new AwsClient({ endpoint: `http://127.0.0.1:${ports.aws}`, ...rootKey, region }, realClock);
  for (let { lastMs, printed } = from; ;) {
    await realClock.sleep(FUNCTION_POLL_MS);
    const events = (await eventsSince(aws, group, lastMs)).slice(printed);
    for (const { message } of events) writeMessage(message);
    const before = lastMs;
    lastMs = events.at(-1)?.timestamp ?? before;
    const isSame = lastMs === before;
    printed = events.filter(({ timestamp }) => timestamp === lastMs).length + (isSame ? printed : 0);
  }
}

function writeMessage(text: string): void {
  for (const line of text.trimEnd().split("\n")) writeLine(line);
}

async function eventsSince(aws: AwsClient, group: string, startTime: number): Promise<readonly LogEvent[]> {
  const all: LogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = (await aws.logs("FilterLogEvents", {
      logGroupName: group,
      startTime,
      ...(nextToken !== undefined && { nextToken }),
    })) as { readonly events: readonly LogEvent[]; readonly nextToken?: string };
    all.push(...page.events);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return all;
}
