/** Following logs: nothing twice, nothing lost between the history and what comes; containers that start again; what waits is said. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryLogs } from "#functions/logs.ts";
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { ContainerState } from "#kinds/core/pod-status.ts";
import type { Live } from "#kinds/object.ts";
import { Feed, type FeedLine } from "./feed.ts";
import { followLog, type LogSources, logTarget } from "./live-logs.ts";
import { TappedLogs } from "./taps.ts";

for (const [of, wanted] of [
  ["pod/default/web", { type: "pod", namespace: "default", name: "web", container: null }],
  ["function/a/b", { type: "function", namespace: "a", name: "b", container: null }],
  ["", null],
  ["pod", null],
  ["pod/default", null],
  ["pod/default/", null],
  ["pod/default/a/../../b", null],
  ["secret/default/web", null],
] as const)
  test(`whose log is "${of}"`, () => assert.deepEqual(logTarget(new URLSearchParams({ of })), wanted));

function stage(pods: () => readonly Live<Pod>[] = () => []): {
  clock: FakeClock;
  feed: Feed;
  texts: () => readonly string[];
  logs: TappedLogs;
  sources: LogSources;
  streams: { path: string; stream: PassThrough & { statusCode: number } }[];
} {
  const clock = new FakeClock(1_000);
  const sent: FeedLine[] = [];
  const outlet = {
    writableNeedDrain: false,
    write: (text: string) => sent.push(...(JSON.parse(text.slice(6)) as { lines: FeedLine[] }).lines) > 0,
    once: (() => {}) as never,
  };
  const feed = new Feed(outlet, clock);
  const logs = new TappedLogs(new MemoryLogs());
  const streams: { path: string; stream: PassThrough & { statusCode: number } }[] = [];
  const web = { spec: { selector: { matchLabels: { app: "web" } } } } as unknown as Live<Deployment>;
  const elsewhere = { spec: { logGroup: "/teams/all" } } as unknown as Live<FunctionObject>;
  const sources: LogSources = {
    logs,
    clock,
    pods: { list: pods, get: (key) => pods().find(({ metadata }) => key === `default/${metadata.name}`) },
    functions: { get: (key) => (key === "default/elsewhere" ? elsewhere : undefined) },
    deployments: { get: (key) => (key === "default/web" ? web : undefined) },
    nodes: {
      get: async (_node, path) => {
        const stream = Object.assign(new PassThrough(), { statusCode: 200 });
        streams.push({ path, stream });
        return stream as unknown as IncomingMessage;
      },
    },
  };
  return { clock, feed, texts: () => sent.map(({ text }) => text), logs, sources, streams };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

const greeter = { type: "function", namespace: "default", name: "greeter", container: null } as const;

test("a function with a log group of its own is followed there", async () => {
  const { clock, feed, texts, logs, sources } = stage();
  const write = (group: string, text: string): void =>
    logs.append(group, "s", [{ atMs: clock.now(), requestId: null, text }]);
  write("/teams/all", "old");
  write("/aws/lambda/elsewhere", "of another one with this name, long ago");
  using _following = followLog({ ...greeter, name: "elsewhere" }, feed, sources);
  await turns();
  write("/teams/all", "new");
  clock.advance(500);
  assert.deepEqual(texts(), ["old", "new"]);
  feed[Symbol.dispose]();
});

test("a function's older lines come first, those written meanwhile once, other functions' never", async () => {
  const { clock, feed, texts, logs, sources } = stage();
  const write = (name: string, text: string): void =>
    logs.append(`/aws/lambda/${name}`, "s", [{ atMs: clock.now(), requestId: null, text }]);
  write("greeter", "old\n");
  const following = followLog(greeter, feed, sources);
  write("greeter", "meanwhile");
  write("other", "not mine");
  await turns();
  write("greeter", "new");
  clock.advance(500);
  assert.deepEqual(texts(), ["old", "meanwhile", "new"]);
  following[Symbol.dispose]();
  write("greeter", "after the page was closed");
  clock.advance(500);
  assert.equal(texts().length, 3);
});

const stored = { uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };

function podWith(name: string, id: string, state: ContainerState, last?: ContainerState): Live<Pod> {
  const status = { name: "c", ready: false, restartCount: 0, image: "", imageID: "", containerID: id, state };
  return {
    metadata: { ...stored, name, namespace: "default", labels: { app: "web" } },
    spec: { nodeName: "n", containers: [{ name: "c" }] },
    status: { containerStatuses: [{ ...status, ...(last !== undefined && { lastState: last }) }] },
  };
}

const running: ContainerState = { running: {} };
const pod = { type: "pod", namespace: "default", name: "web-1", container: null } as const;

test("a torn stream is taken up where it was, a container that starts again is followed anew", async () => {
  let now = podWith("web-1", "first", running);
  const { clock, feed, texts, sources, streams } = stage(() => [now]);
  using following = followLog(pod, feed, sources);
  await turns();
  streams[0]?.stream.end("2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:00:01.000000001Z two\n");
  await turns();
  clock.advance(1_000);
  await turns();
  assert.match(streams[1]?.path ?? "", /containerLogs\/default\/web-1\/c\?.*sinceTime=2026-01-01T00%3A00%3A01/);
  streams[1]?.stream.end("2026-01-01T00:00:01.000000001Z two\n2026-01-01T00:00:02.000000001Z three\n");
  await turns();
  now = podWith("web-1", "second", running, { terminated: { exitCode: 3, containerID: "first" } });
  clock.advance(1_000);
  await turns();
  streams[2]?.stream.write("2026-01-01T00:00:05.000000001Z again\n");
  await turns();
  clock.advance(1_000);
  assert.deepEqual(texts().toSorted(), ["again", "one", "three", "two", "web-1: c ended with exit code 3"]);
  assert.equal(streams.length, 3);
  following[Symbol.dispose]();
  assert.equal(streams[2]?.stream.destroyed, true);
});

test("a pod that writes faster than a page reads is waited for: no line is skipped", async () => {
  const { clock, feed, texts, sources, streams } = stage(() => [podWith("web-1", "a", running)]);
  using _following = followLog(pod, feed, sources);
  await turns();
  const lines = Array.from({ length: 10_000 }, (_unused, i) => `2026-01-01T00:00:00.000000001Z ${i}\n`);
  streams[0]?.stream.write(lines.join(""));
  for (let i = 0; i < 20; i++) {
    await turns();
    clock.advance(200);
  }
  assert.deepEqual([texts().length, texts().at(-1)], [10_000, "9999"]);
});

test("what waits says why, once; a deployment's lines name their pods", async () => {
  const waiting = podWith("web-1", "", { waiting: { reason: "ImagePullBackOff", message: "no such image" } });
  const { clock, feed, texts, sources, streams } = stage(() => [waiting, podWith("web-2", "b", running)]);
  using _following = followLog({ ...pod, type: "deployment", name: "web" }, feed, sources);
  await turns();
  streams[0]?.stream.write("2026-01-01T00:00:00.000000001Z hello\n");
  await turns();
  clock.advance(5_000);
  assert.deepEqual(texts(), ["web-1: c waits: ImagePullBackOff – no such image", "hello"]);
});

for (const { title, target, says } of [
  { title: "a pod that is not there", target: pod, says: "there is no pod web-1 now" },
  {
    title: "a deployment that is not there",
    target: { ...pod, type: "deployment" as const, name: "nope" },
    says: "deployment nope has no pods now",
  },
])
  test(`following ${title} says so`, () => {
    const { clock, feed, texts, sources } = stage();
    using _following = followLog(target, feed, sources);
    clock.advance(5_000);
    assert.deepEqual(texts(), [says]);
  });

test("a node's refusal is a note, and asked again", async () => {
  const { clock, feed, texts, sources, streams } = stage(() => [podWith("web-1", "a", running)]);
  const refusing = { get: async (): Promise<IncomingMessage> => Promise.reject(new Error("no route")) };
  using _following = followLog(pod, feed, { ...sources, nodes: refusing });
  await turns();
  for (let i = 0; i < 3; i++) {
    clock.advance(1_000);
    await turns();
  }
  assert.deepEqual([texts(), streams.length], [["web-1: no route"], 0]);
});
