/** The agent's endpoint over real TLS, with a runtime that only lists containers: who may ask, and what bad questions get. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { silent } from "#base/log.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { ContainerStatus } from "#kinds/core/pod-status.ts";
import { ensurePki, type KeyPair, type Pki } from "#kube/pki.ts";
import { realClock as clock } from "#machine/real-clock.ts";
import type { Agent } from "#node/agent.ts";
import { containerState, type ContainerListed } from "#node/cri-messages.ts";
import { listenEndpoint, type AgentEndpoint } from "#node/endpoint.ts";
import { podLogFolder, type NodeFacts } from "#node/node-facts.ts";

const MASTERS = "system:masters";
const callers = {
  api: { commonName: "kube-apiserver", organization: MASTERS },
  admin: { commonName: "kubernetes-admin", organization: MASTERS },
  gateway: { commonName: "system:catamaran:gateway", organization: MASTERS },
  node: { commonName: "system:node:n", organization: "system:nodes" },
} as const;

interface Stage {
  readonly folder: string;
  readonly pki: Pki;
  readonly endpoint: AgentEndpoint;
}

let stage: Stage | undefined;

const statuses: Readonly<Record<string, Partial<ContainerStatus>>> = {
  running: { state: { running: {} }, containerID: "containerd://running-0" },
  // Ended, and waits to be started again.
  crashed: {
    state: { waiting: { reason: "CrashLoopBackOff" } },
    lastState: { terminated: { exitCode: 1, containerID: "containerd://crashed-1" } },
  },
  again: {
    state: { running: {} },
    lastState: { terminated: { exitCode: 1, containerID: "containerd://again-0" } },
    containerID: "containerd://again-1",
  },
  pulling: { state: { waiting: { reason: "ImagePullBackOff" } } },
  blocked: { state: { waiting: { reason: "PodInitializing" } } },
  silent: {},
};
const attempts = { running: [0], crashed: [0, 1], again: [0, 1] } as const;

const pod: Pod = {
  metadata: { name: "p", namespace: "default", uid: "u" },
  spec: { containers: Object.keys(statuses).map((name) => ({ name })) },
  status: {
    containerStatuses: Object.entries(statuses).map(([name, status]) => ({
      name,
      ready: false,
      restartCount: 0,
      image: "",
      imageID: "",
      ...status,
    })),
  },
};

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "ctm-endpoint-"));
  const pki = await ensurePki(join(folder, "pki"), { hosts: ["127.0.0.1"], clients: callers }, clock);
  const facts = { instance: "t", name: "n", nodeDir: folder, cgroup: "/none" } as NodeFacts;
  for (const [name, numbers] of Object.entries(attempts)) {
    const logs = join(podLogFolder(facts, { namespace: "default", name: "p", uid: "u" }), name);
    await mkdir(logs, { recursive: true });
    for (const number of numbers)
      await writeFile(join(logs, `${number}.log`), `2026-01-02T03:04:0${number}.000000000Z stdout F start ${number}\n`);
  }
  const listed = (name: string): readonly ContainerListed[] =>
    ((attempts as Readonly<Record<string, readonly number[]>>)[name] ?? []).map(
      (attempt) =>
        ({
          id: `${name}-${attempt}`,
          state: containerState.exited,
          metadata: { name, attempt },
          labels: {},
          created_at: attempt,
        }) as unknown as ContainerListed,
    );
  const agent = {
    facts,
    pods: { get: (key: string) => (key === "default/p" ? pod : undefined) },
    cgroups: { usage: () => Promise.resolve({ cpuMicros: 7, memoryBytes: 9 }) },
    containerd: {
      cri: {
        version: () => Promise.resolve({}),
        containers: (labels?: Readonly<Record<string, string>>) =>
          Promise.resolve(
            labels === undefined ? [] : listed(Object.values(labels).find((value) => value !== "u") ?? ""),
          ),
      },
    },
  } as unknown as Agent;
  const endpoint = await listenEndpoint({
    agent,
    host: "127.0.0.1",
    port: 0,
    ca: pki.ca,
    ...keyPair(pki, "node"),
    shownLogs: { "pods/": join(folder, "pod-logs") },
    clock,
    log: silent,
  });
  stage = { folder, pki, endpoint };
});

after(async () => {
  await stage?.endpoint[Symbol.asyncDispose]();
  if (stage !== undefined) await rm(stage.folder, { recursive: true });
});

function keyPair({ clients }: Pki, name: string): KeyPair {
  const found = clients[name];
  assert.ok(found);
  return { cert: found.cert, key: found.key };
}

/** "<status> <body>"; a refused connection rejects. */
function ask(path: string, caller: keyof typeof callers | null = "api", method = "GET"): Promise<string> {
  assert.ok(stage);
  const { pki, endpoint } = stage;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = httpsRequest(
    {
      host: "127.0.0.1",
      port: endpoint.port,
      path,
      method,
      ca: pki.ca,
      agent: false,
      checkServerIdentity: () => undefined,
      ...(caller !== null && keyPair(pki, caller)),
    },
    (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve(`${response.statusCode} ${text}`));
    },
  );
  request.on("error", reject).end();
  return promise;
}

const logs = "/containerLogs/default/p";
const rows: readonly (readonly [path: string, answer: string | RegExp])[] = [
  ["/healthz", "200 ok"],
  ["/stats", /^200 \{"atMs":\d+,"node":\{"cpuMicros":7,"memoryBytes":9\},"pods":\[\]\}$/],
  [`${logs}/running`, "200 start 0\n"],
  [`${logs}/running?timestamps=true`, "200 2026-01-02T03:04:00.000000000Z start 0\n"],
  [`${logs}/running?limitBytes=5`, "200 start"],
  [`${logs}/running?sinceTime=2026-01-02T03:04:01Z`, "200 "],
  [`${logs}/running?previous=true`, '400 previous terminated container "running" in pod "p" not found'],
  [`${logs}/again`, "200 start 1\n"],
  [`${logs}/again?previous=true`, "200 start 0\n"],
  [`${logs}/crashed`, "200 start 1\n"],
  [`${logs}/crashed?previous=true`, "200 start 1\n"],
  [`${logs}/pulling`, '400 container "pulling" in pod "p" is waiting to start: trying and failing to pull image'],
  [`${logs}/blocked`, '400 container "blocked" in pod "p" is waiting to start: PodInitializing'],
  [`${logs}/silent`, '400 container "silent" in pod "p" is waiting to start: ContainerCreating'],
  [`${logs}/none`, "400 container none is not valid for pod p"],
  ["/containerLogs/default/none/c", /^404 /],
  [`${logs}`, /^404 /],
  [`${logs}/..%2f..%2fetc`, /^400 /],
  [`${logs}/%zz`, /^400 /],
  ["//", /^40[04] /],
  ["//[", /^40[04] /],
  [`${logs}/running?tailLines=-1`, /^400 /],
  [`${logs}/running?tailLines=1e99`, /^400 /],
  [`${logs}/running?sinceSeconds=x`, /^400 /],
  [`${logs}/running?sinceTime=yesterday`, /^400 /],
  ["/exec/default/p/c", "400 Upgrade request required"],
  ["/logs/", /^200 <!doctype html>.*<a href="pods\/">pods\/<\/a>/s],
  ["/logs/pods/default_p_u/running/0.log", "200 2026-01-02T03:04:00.000000000Z stdout F start 0\n"],
  ["/logs/pods/default_p_u/running%2f0.log", /^400 /],
  ["/nothing", /^404 /],
];
for (const [path, answer] of rows)
  test(`GET ${path}`, async () => {
    const found = await ask(path);
    if (typeof answer === "string") assert.equal(found, answer);
    else assert.match(found, answer);
  });

const answers = { api: 200, admin: 200, gateway: 403, node: 403 } as const;
for (const [caller, status] of Object.entries(answers))
  test(`${callers[caller as keyof typeof callers].commonName} gets ${status}`, async () =>
    assert.match(await ask("/stats", caller as keyof typeof callers), new RegExp(`^${status} `)));

test("whoever has no certificate of the cluster gets no answer", () => assert.rejects(ask("/healthz", null)));

test("only GET is answered", async () => assert.match(await ask("/healthz", "api", "POST"), /^405 /));
