/** Which stream of the runtime a path means, and what is refused before the runtime is asked. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { reasonOf } from "#base/fault.ts";
import { never } from "#base/stop.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Agent } from "./agent.ts";
import { labels } from "./container-config.ts";
import { containerState } from "./cri-messages.ts";
import { openStream } from "./streams.ts";

const pod: Pod = {
  metadata: { name: "p", namespace: "n", uid: "u" },
  spec: { containers: [{ name: "c" }, { name: "t", tty: true }, { name: "ended" }] },
};
const starts: Readonly<Record<string, readonly number[]>> = {
  c: [containerState.exited, containerState.running],
  t: [containerState.running],
  ended: [containerState.exited],
};

/** What the runtime is asked, or the refusal. */
async function asked(path: string, sandboxState = 0): Promise<string> {
  const found = (what: string) => (id: string, words: unknown, streams?: unknown) =>
    Promise.reject(new Error(JSON.stringify([what, id, words, streams].filter((part) => part !== undefined))));
  const cri = {
    containers: (wanted: Readonly<Record<string, string>>) => {
      const name = wanted[labels.container] ?? "";
      return Promise.resolve((starts[name] ?? []).map((state, attempt) => ({ id: `${name}-${attempt}`, state })));
    },
    sandboxes: () => Promise.resolve([{ id: "s", state: sandboxState }]),
    execUrl: found("exec"),
    attachUrl: found("attach"),
    portForwardUrl: found("forward"),
  };
  const agent = {
    containerd: { cri },
    pods: { get: (key: string) => (key === "n/p" ? pod : undefined) },
  } as unknown as Agent;
  const url = new URL(path, "https://node");
  return openStream(
    agent,
    { words: url.pathname.split("/").filter(Boolean), query: url.searchParams },
    { request: {} as IncomingMessage, clock: new FakeClock(0), stop: never },
  ).then(() => "opened", reasonOf);
}

const streams = (stdin: boolean, stdout: boolean, stderr: boolean, tty: boolean): object => ({
  stdin,
  stdout,
  stderr,
  tty,
});
const rows: readonly (readonly [path: string, answer: string | readonly unknown[]])[] = [
  ["/exec/n/p/c?output=1&command=a&command=b", ["exec", "c-1", ["a", "b"], streams(false, true, false, false)]],
  ["/exec/n/p/c?input=1&output=1&error=1&tty=1&command=a", ["exec", "c-1", ["a"], streams(true, true, false, true)]],
  ["/attach/n/p/c?output=1&error=1&tty=1", ["attach", "c-1", streams(false, true, false, false)]],
  ["/attach/n/p/t?input=1&output=1&error=1", ["attach", "t-0", streams(true, true, false, true)]],
  ["/portForward/n/p", ["forward", "s", []]],
  ["/portForward/n/p?port=80&port=8080", ["forward", "s", [80, 8080]]],
  ["/portForward/n/p?port=65536", 'invalid port value: "65536"'],
  ["/exec/n/p/ended?output=1&command=a", 'container not found ("ended")'],
  ["/exec/n/p/none?output=1&command=a", 'container not found ("none")'],
  ["/exec/n/none/c?output=1&command=a", "pod does not exist"],
  ["/exec/n/p/c?command=a&tty=1", "you must specify at least 1 of stdin, stdout, stderr"],
];
for (const [path, answer] of rows)
  test(path, async () => assert.equal(await asked(path), typeof answer === "string" ? answer : JSON.stringify(answer)));

for (const path of ["/exec/n/p", "/exec/n/p/c/d", "/portForward/n/p/c", "/attach"])
  test(`${path} is no stream`, async () => assert.match(await asked(path), /^streams are at /));

test("a pod whose sandbox has ended forwards nothing", async () =>
  assert.equal(await asked("/portForward/n/p", 1), 'pod "p" is not running'));
