/** Follows the logs of a function, a pod or a deployment's pods into a browser's feed, until that closes. */
import type { IncomingMessage } from "node:http";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import type { View } from "#deck/objects.ts";
import { newestLines } from "#functions/logs.ts";
import { logGroupOf } from "#functions/settings.ts";
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { ContainerStatus } from "#kinds/core/pod-status.ts";
import { type Feed, LineSplitter } from "./feed.ts";
import type { TappedLogs } from "./taps.ts";

/** Whose log is wanted. */
export interface LogTarget {
  readonly type: "function" | "deployment" | "pod";
  readonly namespace: string;
  readonly name: string;
  readonly container: string | null;
}

export interface LogSources {
  readonly logs: TappedLogs;
  readonly pods: Pick<View<Pod>, "get" | "list">;
  readonly deployments: Pick<View<Deployment>, "get">;
  readonly functions: Pick<View<FunctionObject>, "get">;
  /** The agents' HTTPS endpoints. */
  readonly nodes: { get(nodeName: string, path: string): Promise<IncomingMessage> };
  readonly clock: Clock;
}

const HISTORY_LINES = 1_000;
const LOOK_EVERY_MS = 1_000;
// A browser has a handful of connections and a person one pair of eyes.
const MAX_PODS = 12;
const MAX_REFUSAL_CHARS = 500;
const MAX_NOTES = 200;

/** "pod/default/web", from a page's address; null when it is no such thing. */
export function logTarget(query: URLSearchParams): LogTarget | null {
  const [type, namespace, name, ...rest] = (query.get("of") ?? "").split("/");
  if (type !== "function" && type !== "deployment" && type !== "pod") return null;
  if (namespace === undefined || name === undefined || name === "" || rest.length > 0) return null;
  return { type, namespace, name, container: query.get("container") };
}

export function followLog(target: LogTarget, feed: Feed, sources: LogSources): Disposable {
  if (target.type === "function") return followFunction(target, feed, sources);
  return new PodsFollower(target, feed, sources);
}

function followFunction(target: LogTarget, feed: Feed, { logs, functions }: LogSources): Disposable {
  const group = functions.get(keyOf(target.namespace, target.name))?.spec.logGroup ?? logGroupOf(target);
  // What is appended after the read began comes by the tap, and by nothing else.
  const history = newestLines(logs, group, HISTORY_LINES);
  const early: { readonly atMs: number; readonly text: string }[] = [];
  let add = (line: { readonly atMs: number; readonly text: string }): void => void early.push(line);
  const tap = logs.follow(group, (lines) => {
    for (const { atMs, text } of lines) add({ atMs, text: text.trimEnd() });
  });
  void history
    .then((lines) => {
      for (const { atMs, text } of lines) feed.add({ atMs, text: text.trimEnd() });
    })
    .catch((thrown: unknown) => feed.note(`older lines cannot be read: ${reasonOf(thrown)}`))
    .finally(() => {
      add = (line) => feed.add(line);
      for (const line of early.splice(0)) feed.add(line);
    });
  return tap;
}

/** One container of one pod, from its start to its end. */
interface Followed {
  readonly pod: string;
  readonly container: string;
  readonly tailLines: number;
  isReading: boolean;
  timesRead: number;
  hasEnded: boolean;
  lastTime: string;
  response: IncomingMessage | null;
}

/** Looks every second which containers there are; those that it does not follow yet, it follows. */
class PodsFollower implements Disposable {
  readonly #target: LogTarget;
  readonly #feed: Feed;
  readonly #sources: LogSources;
  /** By container id: a container that starts again is another. */
  readonly #followed = new Map<string, Followed>();
  readonly #noted = new Set<string>();
  #timer: Disposable | null = null;

  constructor(target: LogTarget, feed: Feed, sources: LogSources) {
    this.#target = target;
    this.#feed = feed;
    this.#sources = sources;
    this.#look();
  }

  #look(): void {
    if (this.#feed.isClosed) return;
    const pods = podsOf(this.#target, this.#sources);
    if (pods.length === 0)
      this.#note(
        this.#target.type === "pod"
          ? `there is no pod ${this.#target.name} now`
          : `deployment ${this.#target.name} has no pods now`,
      );
    if (pods.length > MAX_PODS) this.#note(`the first ${MAX_PODS} of ${pods.length} pods are followed`);
    for (const pod of pods.slice(0, MAX_PODS)) this.#lookAt(pod);
    this.#timer = this.#sources.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #lookAt(pod: Pod): void {
    const container = this.#target.container ?? defaultContainer(pod);
    const status = statusesOf(pod).find(({ name }) => name === container);
    const waiting = status?.state?.waiting;
    if (waiting !== undefined || status === undefined)
      this.#note(
        `${pod.metadata.name}: ${container} waits${waiting?.reason === undefined ? "" : `: ${waiting.reason}`}${waiting?.message === undefined ? "" : ` – ${waiting.message}`}`,
      );
    this.#lookForEnd(status);
    const id = status?.containerID ?? "";
    if (id === "") return;
    const followed = this.#followed.get(id) ?? this.#begin(id, pod, container);
    if (followed.isReading || followed.hasEnded) return;
    followed.isReading = true;
    void this.#read(pod, followed)
      .catch((thrown: unknown) => this.#note(`${followed.pod}: ${reasonOf(thrown)}`))
      .finally(() => {
        followed.isReading = false;
        followed.timesRead++;
      });
  }

  #begin(id: string, { metadata }: Pod, container: string): Followed {
    const pods = podsOf(this.#target, this.#sources).length;
    const followed: Followed = {
      pod: metadata.name,
      container,
      tailLines: Math.ceil(HISTORY_LINES / Math.min(MAX_PODS, Math.max(1, pods))),
      isReading: false,
      timesRead: 0,
      hasEnded: false,
      lastTime: "",
      response: null,
    };
    this.#followed.set(id, followed);
    return followed;
  }

  /** A stream that ends may be torn or be over; only the container's state tells. */
  #lookForEnd(status: ContainerStatus | undefined): void {
    for (const ended of [status?.lastState?.terminated, status?.state?.terminated]) {
      const followed = this.#followed.get(ended?.containerID ?? "");
      if (ended === undefined || followed === undefined) continue;
      if (followed.isReading || followed.timesRead === 0 || followed.hasEnded) continue;
      followed.hasEnded = true;
      this.#feed.note(`${followed.pod}: ${followed.container} ended with exit code ${ended.exitCode}`);
    }
  }

  async #read(pod: Pod, followed: Followed): Promise<void> {
    const { namespace = "default", name } = pod.metadata;
    const { lastTime, tailLines } = followed;
    const since = lastTime === "" ? { tailLines: String(tailLines) } : { sinceTime: lastTime };
    const query = new URLSearchParams({ follow: "true", timestamps: "true", ...since });
    const response = await this.#sources.nodes.get(
      pod.spec.nodeName ?? "",
      `/containerLogs/${namespace}/${name}/${followed.container}?${query.toString()}`,
    );
    followed.response = response;
    if (this.#feed.isClosed) response.destroy();
    if (response.statusCode !== 200) throw new Fault("Unavailable", await refusalOf(response));
    const decoder = new TextDecoder();
    const splitter = new LineSplitter();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      for (const line of splitter.push(decoder.decode(chunk, { stream: true }))) {
        this.#show(followed, line, lastTime);
        if (this.#feed.isHalfFull) await this.#feed.room();
      }
    }
  }

  /** What was shown before the stream was torn, up to `shownUntil`, is not shown again. */
  #show(followed: Followed, line: string, shownUntil: string): void {
    const time = line.slice(0, line.indexOf(" "));
    if (time === shownUntil || Date.parse(time) < Date.parse(shownUntil)) return;
    followed.lastTime = time;
    const text = line.slice(time.length + 1);
    const from = this.#target.type === "deployment" ? { from: followed.pod } : {};
    this.#feed.add({ atMs: Date.parse(time) || this.#sources.clock.now(), text, ...from });
  }

  /** Once for every state of things. */
  #note(text: string): void {
    if (this.#noted.has(text) || this.#feed.isClosed) return;
    if (this.#noted.size >= MAX_NOTES) this.#noted.clear();
    this.#noted.add(text);
    this.#feed.note(text);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const { response } of this.#followed.values()) response?.destroy();
  }
}

async function refusalOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>)
    if (text.length < MAX_REFUSAL_CHARS) text += String(chunk);
  return text.trim() || `its node answered ${response.statusCode ?? "nothing"}`;
}

function podsOf({ type, namespace, name }: LogTarget, { pods, deployments }: LogSources): readonly Pod[] {
  if (type === "pod") {
    const pod = pods.get(keyOf(namespace, name));
    return pod === undefined ? [] : [pod];
  }
  const selector = fromLabelSelector(deployments.get(keyOf(namespace, name))?.spec.selector);
  if (selector === null) return [];
  return pods
    .list(namespace)
    .filter(({ metadata }) => matches(selector, metadata.labels))
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** As kubectl chooses. */
export function defaultContainer(pod: Pod): string {
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  return preferred ?? pod.spec.containers[0]?.name ?? "";
}

function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  return [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
}
