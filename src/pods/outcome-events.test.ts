/** The words of kubelet's events when a step has ended, one row for each step and outcome. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import type { Outcome } from "./observed.ts";
import { eventsOf, neverPulled, pulling } from "./outcome-events.ts";

const pod: Pod = {
  metadata: { name: "web-1", namespace: "default", uid: "u1" },
  spec: {
    initContainers: [{ name: "init", image: "app:1", imagePullPolicy: "Always" }],
    containers: [{ name: "web", image: "app:1" }],
  },
};

const failed = { ok: false, message: "no luck" } as const;
const start = { do: "startContainer", container: "web", sandboxId: "s", attempt: 0 } as const;
const pull = { do: "pullImage", container: "web", image: "app:1" } as const;
const stop = { do: "stopContainer", container: "web", id: "c", graceSeconds: 1, deadlineMs: 1, why: "" } as const;

/** "Type Reason: message", without the place. */
function said(outcome: unknown): readonly string[] {
  return eventsOf(pod, outcome as Outcome).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

for (const [title, outcome, want] of [
  ["volumes fail", { step: { do: "prepareVolumes" }, ...failed }, ["Warning FailedMount: no luck"]],
  ["volumes are there", { step: { do: "prepareVolumes" }, ok: true }, []],
  [
    "a sandbox fails",
    { step: { do: "createSandbox", attempt: 0 }, ...failed },
    ["Warning FailedCreatePodSandBox: Failed to create pod sandbox: no luck"],
  ],
  ["an image is pulled", { step: pull, ok: true }, ['Normal Pulled: Successfully pulled image "app:1"']],
  [
    "an image is not pulled",
    { step: pull, ...failed },
    [
      'Warning Failed: Failed to pull image "app:1": no luck',
      "Warning Failed: Error: ErrImagePull",
      'Normal BackOff: Back-off pulling image "app:1"',
      "Warning Failed: Error: ImagePullBackOff",
    ],
  ],
  [
    "an image has no name",
    { step: pull, ...failed, reason: "InvalidImageName" },
    ["Warning InspectFailed: no luck", "Warning Failed: Error: InvalidImageName"],
  ],
  [
    "a container starts",
    { step: start, ok: true },
    [
      'Normal Pulled: Container image "app:1" already present on machine',
      "Normal Created: Created container: web",
      "Normal Started: Started container web",
    ],
  ],
  [
    "a container starts whose pull has told",
    { step: { ...start, container: "init" }, ok: true },
    ["Normal Created: Created container: init", "Normal Started: Started container init"],
  ],
  ["a container does not start", { step: start, ...failed }, ["Warning Failed: Error: no luck"]],
  [
    "a postStart hook fails",
    { step: start, ...failed, reason: "PostStartHookError" },
    ["Warning FailedPostStartHook: Error: no luck"],
  ],
  [
    "a container does not stop",
    { step: stop, ...failed },
    ["Warning FailedKillPod: error killing container web of pod web-1_default(u1): no luck"],
  ],
  ["a container stops", { step: stop, ok: true }, []],
  [
    "a probe fails",
    { step: { do: "probe", container: "web", role: "liveness" }, ...failed },
    ["Warning Unhealthy: Liveness probe failed: no luck"],
  ],
  [
    "a probe warns",
    { step: { do: "probe", container: "web", role: "startup" }, ok: true, warning: "moved" },
    ["Warning ProbeWarning: Startup probe warning: moved"],
  ],
  ["a folder stays", { step: { do: "cleanUp" }, ...failed }, ["Warning FailedKillPod: error killing pod: no luck"]],
] as const)
  test(`events: ${title}`, () => assert.deepEqual(said(outcome), want));

test("events name the container's place in the spec", () => {
  const places = ["web", "init"].map((name) => pulling(pod, name, "app:1")[0]?.fieldPath);
  assert.deepEqual(places, ["spec.containers{web}", "spec.initContainers{init}"]);
});

test("an image that must not be pulled is told until the status says it", () => {
  assert.deepEqual(
    neverPulled(pod, "web", "app:1").map(({ reason }) => reason),
    ["ErrImageNeverPull", "Failed"],
  );
  const waiting = { name: "web", image: "app:1", imageID: "", ready: false, restartCount: 0, started: false };
  const told = { ...waiting, state: { waiting: { reason: "ErrImageNeverPull" } } };
  const of = (name: string): Pod => ({ ...pod, status: { containerStatuses: [{ ...told, name }] } });
  assert.deepEqual(neverPulled(of("web"), "web", "app:1"), []);
  assert.equal(neverPulled(of("other"), "web", "app:1").length, 2);
});
