/** What a node does about a pod, told as stories: a fake node carries the steps out, the test reads what was done and reported. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { timestamp } from "#base/clock.ts";
import type { Container, PodSpec } from "#kinds/core/pod-spec.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import { FakeNode, type FakeNodeOptions } from "./fake-node.ts";
import type { Place } from "./lineup.ts";
import { emptyMemory } from "./memory.ts";
import type { PodMemory } from "./observed.ts";
import { dueProbes } from "./probes.ts";

const START = Date.parse("2026-01-02T03:04:05Z");
const SECOND = 1_000;

function podOf(containers: readonly Partial<Container>[], spec: Partial<PodSpec> = {}): Pod {
  const full = containers.map((container, at) => ({ name: at === 0 ? "web" : `c${at}`, image: "app:1", ...container }));
  return {
    metadata: { name: "web-1", namespace: "default", uid: "u1", generation: 1 },
    spec: { restartPolicy: "Always", terminationGracePeriodSeconds: 30, containers: full, ...spec },
  };
}

function node(pod: Pod, options: FakeNodeOptions = {}): FakeNode {
  return new FakeNode(pod, START, { images: { "app:1": "sha256:app" }, ...options });
}

function at(seconds: number): number {
  return START + seconds * SECOND;
}

function deleted(pod: Pod, now: number, graceSeconds = 30): Pod {
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      deletionTimestamp: timestamp(now + graceSeconds * SECOND),
      deletionGracePeriodSeconds: graceSeconds,
    },
  };
}

function condition(of: FakeNode, type: string): string | undefined {
  return of.status().conditions?.find((one) => one.type === type)?.status;
}

function reasons(of: FakeNode): readonly string[] {
  return of.events.map(({ reason }) => reason);
}

test("a pod starts: volumes, sandbox, container; then it is Running and Ready", () => {
  const one = node(podOf([{}]));
  one.run();
  assert.deepEqual(one.steps, ["prepareVolumes", "sandbox#0", "start web#0"]);
  assert.deepEqual(one.states(), ["web running ready"]);
  assert.equal(one.status().phase, "Running");
  assert.equal(one.status().podIP, "10.64.1.7");
  assert.equal(one.status().startTime, "2026-01-02T03:04:05Z");
  assert.deepEqual(
    one.status().conditions?.map(({ type, status }) => `${type}=${status}`),
    ["PodReadyToStartContainers=True", "Initialized=True", "Ready=True", "ContainersReady=True", "PodScheduled=True"],
  );
  assert.deepEqual(reasons(one), ["Pulled", "Created", "Started"]);
  assert.equal(one.events[0]?.fieldPath, "spec.containers{web}");
});

test("planning again changes nothing", () => {
  const one = node(podOf([{}]));
  const first = one.run();
  const second = one.run(at(5));
  assert.deepEqual(second.status, first.status);
  assert.deepEqual(second.steps, []);
});

test("while the sandbox is made the container is ContainerCreating", () => {
  const one = node(podOf([{}]), { result: (step) => (step.do === "createSandbox" ? null : { ok: true }) });
  one.run();
  assert.deepEqual(one.states(), ["web waiting ContainerCreating"]);
  assert.equal(one.status().phase, "Pending");
  assert.equal(condition(one, "PodReadyToStartContainers"), "False");
});

test("init containers run one after the other, before the main ones", () => {
  const one = node(
    podOf([{}], {
      initContainers: [
        { name: "a", image: "app:1" },
        { name: "b", image: "app:1" },
      ],
    }),
  );
  one.run();
  assert.deepEqual(one.states(), ["a running", "b waiting PodInitializing", "web waiting PodInitializing"]);
  assert.equal(condition(one, "Initialized"), "False");
  one.exit("a", 0);
  one.run(at(1));
  assert.deepEqual(one.states(), ["a terminated Completed ready", "b running", "web waiting PodInitializing"]);
  one.exit("b", 0);
  one.run(at(2));
  assert.deepEqual(one.states(), ["a terminated Completed ready", "b terminated Completed ready", "web running ready"]);
  assert.equal(one.status().phase, "Running");
});

test("an ephemeral container is started once, beside the others, and says nothing of how the pod is", () => {
  const one = node(podOf([{}]));
  one.run();
  one.pod = { ...one.pod, spec: { ...one.pod.spec, ephemeralContainers: [{ name: "look", image: "app:1" }] } };
  one.run(at(5));
  const told = (): string | undefined => Object.keys(one.status().ephemeralContainerStatuses?.[0]?.state ?? {})[0];
  assert.equal(told(), "running");
  assert.equal(one.events.at(-1)?.fieldPath, "spec.ephemeralContainers{look}");
  assert.equal(one.events.at(-3)?.message, 'Container image "app:1" already present on machine');
  one.exit("look", 3);
  one.run(at(6));
  assert.equal(told(), "terminated");
  assert.equal(condition(one, "Ready"), "True");
  assert.equal(one.status().phase, "Running");
  // Nor does a new sandbox bring it back.
  one.sandboxes = [];
  one.containers = [];
  one.run(at(10));
  assert.deepEqual(
    one.steps.filter((step) => step.includes("look")),
    ["start look#0"],
  );
});

test("a failing init container is started again, with back-off", () => {
  const one = node(podOf([{}], { initContainers: [{ name: "a", image: "app:1" }] }));
  one.run();
  one.exit("a", 1);
  one.run(at(1));
  assert.deepEqual(one.states(), ["a running restarts=1", "web waiting PodInitializing"]);
  one.exit("a", 1);
  one.run(at(2));
  assert.deepEqual(one.states(), ["a waiting CrashLoopBackOff restarts=1", "web waiting PodInitializing"]);
  assert.equal(one.status().phase, "Pending");
});

test("a failing init container of a pod that never restarts ends the pod", () => {
  const one = node(podOf([{}], { restartPolicy: "Never", initContainers: [{ name: "a", image: "app:1" }] }));
  one.run();
  one.exit("a", 1);
  one.run(at(1));
  assert.equal(one.status().phase, "Failed");
  assert.deepEqual(one.states(), ["a terminated Error", "web waiting PodInitializing"]);
});

test("a sidecar starts before the main container and is kept up beside it", () => {
  const one = node(podOf([{}], { initContainers: [{ name: "proxy", image: "app:1", restartPolicy: "Always" }] }));
  one.run();
  assert.deepEqual(one.steps, ["prepareVolumes", "sandbox#0", "start proxy#0", "start web#0"]);
  assert.deepEqual(one.states(), ["proxy running ready", "web running ready"]);
  one.exit("proxy", 1);
  one.run(at(1));
  assert.deepEqual(one.states(), ["proxy running ready restarts=1", "web running ready"]);
});

test("sidecars end after the main containers, in reverse order", () => {
  const sidecar = (name: string): Container => ({ name, image: "app:1", restartPolicy: "Always" });
  const one = node(podOf([{}], { initContainers: [sidecar("s1"), sidecar("s2")] }));
  one.run();
  one.steps.length = 0;
  one.pod = deleted(one.pod, at(1));
  one.run(at(1));
  assert.deepEqual(one.steps, [
    "stop web in 30s",
    "stop s2 in 30s",
    "stop s1 in 30s",
    "removeSandbox",
    "cleanUp",
    "deleteObject",
  ]);
});

test("without any grace everything ends at once, sidecars too; each container's event names its place", () => {
  const sidecar = (name: string): Container => ({ name, image: "app:1", restartPolicy: "Always" });
  const one = node(podOf([{}], { initContainers: [sidecar("s1"), sidecar("s2")] }));
  one.run();
  one.events.length = 0;
  one.steps.length = 0;
  one.pod = deleted(one.pod, at(1), 0);
  one.run(at(1));
  assert.deepEqual(one.steps.slice(0, 3), ["stop web in 0s", "stop s2 in 0s", "stop s1 in 0s"]);
  assert.deepEqual(
    one.events.filter(({ reason }) => reason === "Killing").map(({ fieldPath }) => fieldPath),
    ["spec.containers{web}", "spec.initContainers{s2}", "spec.initContainers{s1}"],
  );
});

test("Initialized names the init containers that are not done and the sidecars that have not started", () => {
  const one = node(
    podOf([{}], {
      initContainers: [
        { name: "proxy", image: "app:1", restartPolicy: "Always" },
        { name: "migrate", image: "app:1" },
        { name: "last", image: "app:1", restartPolicy: "Always" },
      ],
    }),
  );
  one.run();
  const said = one.status().conditions?.find(({ type }) => type === "Initialized");
  assert.deepEqual([said?.status, said?.reason], ["False", "ContainersNotInitialized"]);
  assert.equal(said?.message, "containers with incomplete status: [migrate last]");
});

test("crashes back off: at once, then 10 s, 20 s, 40 s … up to 5 minutes", () => {
  const one = node(podOf([{}]));
  one.run();
  let now = START;
  const waits: number[] = [];
  for (let crash = 0; crash < 9; crash++) {
    now += SECOND;
    one.now = now;
    one.exit("web", 1);
    const plan = one.run(now);
    const restartAt = plan.againAtMs ?? now;
    waits.push((restartAt - now) / SECOND);
    now = restartAt;
    one.run(now);
    assert.equal(one.containers.find(({ state }) => state === "running")?.attempt, crash + 1);
  }
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300, 300]);
  assert.equal(one.status().containerStatuses?.[0]?.restartCount, 9);
});

test("in back-off the container says so, with the message that people know", () => {
  const one = node(podOf([{}]));
  one.run();
  one.exit("web", 1);
  one.run(at(1));
  one.exit("web", 3);
  one.run(at(2));
  const status = one.status().containerStatuses?.[0];
  assert.deepEqual(status?.state, {
    waiting: {
      reason: "CrashLoopBackOff",
      message: "back-off 10s restarting failed container=web pod=web-1_default(u1)",
    },
  });
  assert.equal(status?.lastState?.terminated?.exitCode, 3);
  assert.equal(one.status().phase, "Running");
  assert.equal(condition(one, "Ready"), "False");
  assert.equal(reasons(one).filter((reason) => reason === "BackOff").length, 1);
});

test("a container that ran for more than ten minutes starts again at once", () => {
  const one = node(podOf([{}]));
  one.run();
  one.exit("web", 1);
  one.run(at(1));
  one.exit("web", 1);
  one.runUntil(at(20));
  one.now = at(20 + 700);
  one.exit("web", 1);
  one.run(at(20 + 700));
  assert.deepEqual(one.states(), ["web running ready restarts=3"]);
});

for (const { policy, code, phase, state } of [
  { policy: "Never", code: 0, phase: "Succeeded", state: "terminated Completed" },
  { policy: "Never", code: 2, phase: "Failed", state: "terminated Error" },
  { policy: "OnFailure", code: 0, phase: "Succeeded", state: "terminated Completed" },
  { policy: "OnFailure", code: 2, phase: "Running", state: "running ready restarts=1" },
  { policy: "Always", code: 0, phase: "Running", state: "running ready restarts=1" },
] as const) {
  test(`restart policy ${policy}, exit code ${code}: the pod is ${phase}`, () => {
    const one = node(podOf([{}], { restartPolicy: policy }));
    one.run();
    one.exit("web", code);
    one.run(at(1));
    assert.equal(one.status().phase, phase);
    assert.deepEqual(one.states(), [`web ${state}`]);
    assert.equal(one.steps.includes("stopSandbox"), phase === "Succeeded" || phase === "Failed");
  });
}

test("a pod that has ended stays ended, also for an agent that has just started", () => {
  const one = node(podOf([{}], { restartPolicy: "Never" }));
  one.run();
  one.exit("web", 0);
  one.run(at(1));
  one.memory = emptyMemory;
  one.steps.length = 0;
  one.run(at(100));
  assert.deepEqual(one.steps, []);
  assert.equal(one.status().phase, "Succeeded");
});

test("out of memory is said by name", () => {
  const one = node(podOf([{}], { restartPolicy: "Never" }));
  one.run();
  one.exit("web", 137, "OOMKilled");
  one.run(at(1));
  assert.deepEqual(one.states(), ["web terminated OOMKilled"]);
});

test("two containers: the pod is ready when both are", () => {
  const one = node(podOf([{}, { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 } }]), {
    result: (step, now) => (step.do === "probe" && now < at(9) ? { ok: false, message: "refused" } : { ok: true }),
  });
  one.run();
  assert.equal(condition(one, "Ready"), "False");
  assert.equal(
    one.status().conditions?.find(({ type }) => type === "ContainersReady")?.message,
    "containers with unready status: [c1]",
  );
  one.runUntil(at(9));
  assert.equal(condition(one, "Ready"), "False");
  one.runUntil(at(10));
  assert.equal(condition(one, "Ready"), "True");
  assert.equal(reasons(one).filter((reason) => reason === "Unhealthy").length, 2);
  assert.equal(one.events.find(({ reason }) => reason === "Unhealthy")?.message, "Readiness probe failed: refused");
});

test("readiness needs successThreshold to come and failureThreshold to go", () => {
  let isUp = true;
  const probe = { tcpSocket: { port: 80 }, periodSeconds: 1, successThreshold: 2, failureThreshold: 3 };
  const one = node(podOf([{ readinessProbe: probe }]), {
    result: (step) => (step.do === "probe" && !isUp ? { ok: false, message: "no" } : { ok: true }),
  });
  const seen: boolean[] = [];
  for (let second = 0; second < 8; second++) {
    isUp = second < 3;
    one.run(at(second));
    seen.push(condition(one, "Ready") === "True");
  }
  assert.deepEqual(seen, [false, true, true, true, true, false, false, false]);
});

test("what is being killed is not asked whether it must be", () => {
  const spec: Container = { name: "web", livenessProbe: { tcpSocket: { port: 1 } } };
  const current = {
    id: "c1",
    sandboxId: "s1",
    name: "web",
    attempt: 0,
    state: "running",
    imageId: "",
    createdAtMs: 0,
  } as const;
  const place: Place = { spec, role: "main", current, newest: current, previous: undefined, told: undefined };
  const asked = (memory: PodMemory): number =>
    dueProbes(place, memory, { podIp: "10.64.1.7", isEnding: false, now: at(60) }).steps.length;
  assert.equal(asked(emptyMemory), 1);
  assert.equal(asked({ ...emptyMemory, stops: { c1: { deadlineMs: at(90), why: "" } } }), 0);
});

const imageStories: readonly {
  readonly title: string;
  readonly container: Partial<Container>;
  readonly failure?: { readonly reason: string; readonly message: string };
  readonly state: string;
  readonly events: readonly string[];
}[] = [
  {
    title: "is there, and is asked for anyway",
    container: { imagePullPolicy: "Always" },
    state: "web running ready",
    events: ["Pulling", "Pulled", "Created", "Started"],
  },
  {
    title: "must not be pulled",
    container: { image: "nosuch:1", imagePullPolicy: "Never" },
    state: "web waiting ErrImageNeverPull",
    events: ["ErrImageNeverPull", "Failed"],
  },
  {
    title: "cannot be pulled",
    container: { image: "nosuch:1" },
    failure: { reason: "ErrImagePull", message: "not found" },
    state: "web waiting ImagePullBackOff",
    events: ["Pulling", "Failed", "Failed", "BackOff", "Failed"],
  },
  {
    title: "has no name",
    container: { image: "No::Name" },
    failure: { reason: "InvalidImageName", message: "Failed to apply default image tag" },
    state: "web waiting InvalidImageName",
    events: ["Pulling", "InspectFailed", "Failed"],
  },
];
for (const { title, container, failure, state, events } of imageStories) {
  test(`an image that ${title}`, () => {
    const one = node(podOf([container]), {
      result: (step) => (step.do === "pullImage" && failure !== undefined ? { ok: false, ...failure } : { ok: true }),
    });
    one.run();
    one.run(at(1));
    assert.deepEqual(one.states(), [state]);
    assert.deepEqual(reasons(one), events);
  });
}

test("startup holds liveness and readiness back", () => {
  const probes = {
    startupProbe: { exec: { command: ["x"] }, periodSeconds: 2, failureThreshold: 10 },
    livenessProbe: { tcpSocket: { port: 1 } },
    readinessProbe: { tcpSocket: { port: 1 } },
  };
  const one = node(podOf([probes]), {
    result: (step, now) =>
      step.do === "probe" && step.role === "startup" && now < at(5) ? { ok: false, message: "not yet" } : { ok: true },
  });
  one.runUntil(at(4));
  assert.deepEqual(
    one.steps.filter((step) => step.endsWith(" web")),
    ["startup web", "startup web", "startup web"],
  );
  assert.equal(one.status().containerStatuses?.[0]?.started, false);
  one.runUntil(at(6));
  assert.deepEqual(one.steps.slice(-3), ["startup web", "liveness web", "readiness web"]);
  assert.equal(one.status().containerStatuses?.[0]?.started, true);
  assert.deepEqual(one.states(), ["web running ready"]);
});

test("a startup probe that never succeeds kills the container", () => {
  const one = node(podOf([{ startupProbe: { exec: { command: ["x"] }, periodSeconds: 1, failureThreshold: 3 } }]), {
    result: (step) => (step.do === "probe" ? { ok: false, message: "no" } : { ok: true }),
  });
  one.runUntil(at(2));
  assert.ok(one.steps.includes("stop web in 30s"));
  assert.equal(
    one.events.find(({ reason }) => reason === "Killing")?.message,
    "Container web failed startup probe, will be restarted",
  );
});

test("liveness: three failures kill the container, which then starts again", () => {
  const one = node(podOf([{ livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: 10, initialDelaySeconds: 5 } }]), {
    result: (step, now) => (step.do === "probe" && now < at(30) ? { ok: false, message: "no" } : { ok: true }),
  });
  one.runUntil(at(24));
  assert.equal(one.steps.filter((step) => step === "liveness web").length, 2);
  one.runUntil(at(26));
  assert.deepEqual(one.steps.slice(-3), ["liveness web", "stop web in 30s", "start web#1"]);
  assert.deepEqual(one.states(), ["web running ready restarts=1"]);
});

test("a liveness probe may shorten the grace period", () => {
  const one = node(
    podOf([{ livenessProbe: { tcpSocket: { port: 1 }, failureThreshold: 1, terminationGracePeriodSeconds: 3 } }]),
    { result: (step) => (step.do === "probe" ? { ok: false, message: "no" } : { ok: true }) },
  );
  one.run();
  assert.ok(one.steps.includes("stop web in 3s"));
});

test("image policy Never and no image: ErrImageNeverPull, nothing is pulled", () => {
  const one = node(podOf([{ image: "other", imagePullPolicy: "Never" }]));
  one.run();
  assert.deepEqual(one.states(), ["web waiting ErrImageNeverPull"]);
  assert.equal(
    one.status().containerStatuses?.[0]?.state?.waiting?.message,
    'Container image "other" is not present with pull policy of Never',
  );
});

test("an image that cannot be had: ErrImagePull, then ImagePullBackOff with doubling delays", () => {
  const one = node(podOf([{ image: "other" }]), {
    result: (step) => (step.do === "pullImage" ? { ok: false, message: "no such image" } : { ok: true }),
  });
  const first = one.run();
  assert.deepEqual(one.states(), ["web waiting ErrImagePull"]);
  assert.equal(first.againAtMs, at(10));
  one.run(at(1));
  assert.equal(
    one.status().containerStatuses?.[0]?.state?.waiting?.message,
    'Back-off pulling image "other": ErrImagePull: no such image',
  );
  assert.equal(one.run(at(10)).againAtMs, at(30));
  assert.deepEqual(one.states(), ["web waiting ImagePullBackOff"]);
  const told = ["Pulling", "Failed", "Failed", "BackOff", "Failed"];
  assert.deepEqual(reasons(one), [...told, ...told]);
});

test("policy Always pulls before each start", () => {
  const one = node(podOf([{ imagePullPolicy: "Always" }]));
  one.run();
  one.exit("web", 1);
  one.run(at(1));
  assert.deepEqual(one.steps, [
    "prepareVolumes",
    "sandbox#0",
    "pull app:1",
    "start web#0",
    "pull app:1",
    "start web#1",
  ]);
});

test("a container that cannot be configured waits with the reason and is tried again", () => {
  const one = node(podOf([{}]), {
    result: (step, now) =>
      step.do === "startContainer" && now < at(3)
        ? { ok: false, reason: "CreateContainerConfigError", message: 'configmap "c" not found' }
        : { ok: true },
  });
  one.run();
  assert.deepEqual(one.status().containerStatuses?.[0]?.state, {
    waiting: { reason: "CreateContainerConfigError", message: 'configmap "c" not found' },
  });
  one.runUntil(at(3));
  assert.deepEqual(one.states(), ["web running ready"]);
});

test("a missing volume source: FailedMount, no sandbox", () => {
  const one = node(podOf([{}]), {
    result: (step) => (step.do === "prepareVolumes" ? { ok: false, message: 'configmap "c" not found' } : { ok: true }),
  });
  one.run();
  assert.deepEqual(one.steps, ["prepareVolumes"]);
  assert.deepEqual(reasons(one), ["FailedMount"]);
});

test("deletion: stop, remove the sandbox, clean up, delete the object", () => {
  const one = node(podOf([{}]));
  one.run();
  one.steps.length = 0;
  one.pod = deleted(one.pod, at(1));
  one.run(at(1));
  assert.deepEqual(one.steps, ["stop web in 30s", "removeSandbox", "cleanUp", "deleteObject"]);
  assert.equal(one.events.find(({ reason }) => reason === "Killing")?.message, "Stopping container web");
});

test("the last status of a deleted pod tells how its containers ended, also when the runtime has forgotten them", () => {
  const one = node(podOf([{}], { restartPolicy: "Never" }), {
    result: (step) => (step.do === "deleteObject" ? null : { ok: true }),
  });
  one.run();
  one.pod = deleted(one.pod, at(1));
  one.run(at(1));
  assert.deepEqual(one.containers, []);
  assert.deepEqual(one.states(), ["web terminated Error"]);
  assert.equal(one.status().containerStatuses?.[0]?.state?.terminated?.exitCode, 143);
  assert.equal(one.status().phase, "Failed");
});

for (const { title, spec, states } of [
  { title: "never started", spec: {}, states: ["web terminated ContainerStatusUnknown"] },
  {
    title: "never initialized",
    spec: { initContainers: [{ name: "a", image: "app:1" }] },
    states: ["a terminated ContainerStatusUnknown", "web waiting PodInitializing"],
  },
])
  test(`a deleted pod that was ${title} is told as failed, not as successful`, () => {
    const one = node(deleted(podOf([{}], { restartPolicy: "Never", ...spec }), START));
    one.run();
    assert.deepEqual(one.states(), states);
    assert.equal(one.status().phase, "Failed");
  });

test("a container that runs on after its stop's deadline is stopped again", () => {
  const one = node(podOf([{}]), { isEffective: (step) => step.do !== "stopContainer" });
  one.run();
  one.pod = deleted(one.pod, at(1), 2);
  one.runUntil(at(40));
  assert.deepEqual(
    one.steps.filter((step) => step.startsWith("stop")),
    ["stop web in 3s", "stop web in 0s"],
  );
});

test("a stop is asked for once, and again only when it must be sooner", () => {
  const one = node(podOf([{ lifecycle: { preStop: { exec: { command: ["drain"] } } } }]), {
    result: (step) => (step.do === "stopContainer" && step.graceSeconds > 0 ? null : { ok: true }),
  });
  one.run();
  one.steps.length = 0;
  one.pod = deleted(one.pod, at(1));
  one.run(at(1));
  one.run(at(5));
  assert.deepEqual(one.steps, ["stop web in 30s"]);
  assert.equal(one.status().phase, "Running");
  one.pod = deleted(one.pod, at(6), 2);
  one.run(at(6));
  assert.deepEqual(one.steps, ["stop web in 30s", "stop web in 2s"]);
  one.finish("stop web in 2s");
  one.run(at(8));
  assert.deepEqual(one.steps.slice(2), ["removeSandbox", "cleanUp", "deleteObject"]);
});

test("a pod deleted before it ever started goes at once", () => {
  const one = node(deleted(podOf([{}]), START));
  one.run();
  assert.deepEqual(one.steps, ["deleteObject"]);
});

test("an object that is gone: everything is stopped and removed, nothing is deleted", () => {
  const one = node(podOf([{}]));
  one.run();
  one.steps.length = 0;
  one.isGone = true;
  one.run(at(1));
  assert.deepEqual(one.steps, ["stop web in 1s", "removeSandbox", "cleanUp"]);
});

test("a sandbox that died is replaced, and all containers with it", () => {
  const one = node(podOf([{}], { initContainers: [{ name: "a", image: "app:1" }] }));
  one.run();
  one.exit("a", 0);
  one.run(at(1));
  one.exit("web", 137);
  one.sandboxes = one.sandboxes.map((sandbox) => ({ ...sandbox, isReady: false }));
  one.steps.length = 0;
  one.run(at(2));
  assert.deepEqual(one.steps, ["removeSandbox", "sandbox#1", "start a#1"]);
  one.exit("a", 0);
  one.run(at(3));
  assert.deepEqual(one.states(), ["a terminated Completed ready restarts=1", "web running ready restarts=1"]);
});

test("an agent that starts anew adopts: no step, no flap of readiness, no new start time", () => {
  const one = node(
    podOf([
      { readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 10 }, startupProbe: { tcpSocket: { port: 1 } } },
    ]),
  );
  one.runUntil(at(20));
  assert.deepEqual(one.states(), ["web running ready"]);
  const before = one.status();
  const next = new FakeNode(one.pod, at(25), { result: (step) => (step.do === "probe" ? null : { ok: true }) });
  Object.assign(next, {
    sandboxes: one.sandboxes,
    containers: one.containers,
    areVolumesReady: true,
    images: one.images,
  });
  next.run(at(25));
  assert.deepEqual(
    next.steps.filter((step) => !step.endsWith(" web")),
    [],
  );
  assert.deepEqual(next.status(), before);
});

test("activeDeadlineSeconds ends the pod as Failed", () => {
  const one = node(podOf([{}], { activeDeadlineSeconds: 60 }));
  one.run();
  assert.equal(one.run(at(1)).againAtMs, at(60));
  one.runUntil(at(61));
  assert.equal(one.status().phase, "Failed");
  assert.equal(one.status().reason, "DeadlineExceeded");
  assert.ok(one.steps.includes("stop web in 30s"));
});

test("an evicted pod is killed at once, and says why", () => {
  const one = node(podOf([{}]));
  one.run();
  const message = "The node was low on resource: memory. ";
  one.memory = { ...one.memory, failed: { reason: "Evicted", message, atMs: at(1), graceSeconds: 0 } };
  one.run(at(1));
  assert.ok(one.steps.includes("stop web in 0s"));
  assert.deepEqual([one.status().phase, one.status().reason], ["Failed", "Evicted"]);
  assert.equal(condition(one, "DisruptionTarget"), "True");
});

test("dead attempts are removed but for the last one", () => {
  const one = node(podOf([{}]));
  one.run();
  for (let crash = 1; crash <= 4; crash++) {
    one.exit("web", 1);
    one.runUntil(at(crash * 100));
  }
  assert.deepEqual(
    one.containers.map(({ attempt }) => attempt).toSorted((a, b) => a - b),
    [3, 4],
  );
  assert.equal(one.status().containerStatuses?.[0]?.restartCount, 4);
});

test("a created container whose start died with the agent is removed and made again", () => {
  const one = node(podOf([{}]));
  one.run();
  one.containers = one.containers.map((container) => ({ ...container, state: "created" as const }));
  one.steps.length = 0;
  one.run(at(1));
  assert.deepEqual(one.steps, ["remove web", "start web#1"]);
});

test("readiness gates hold the pod back although its containers are ready", () => {
  const one = node(podOf([{}], { readinessGates: [{ conditionType: "example.com/lb" }] }));
  one.run();
  assert.equal(condition(one, "ContainersReady"), "True");
  assert.equal(condition(one, "Ready"), "False");
  one.pod = {
    ...one.pod,
    status: {
      ...one.status(),
      conditions: [...(one.status().conditions ?? []), { type: "example.com/lb", status: "True" }],
    },
  };
  one.run(at(1));
  assert.equal(condition(one, "Ready"), "True");
  assert.equal(condition(one, "example.com/lb"), "True");
});
