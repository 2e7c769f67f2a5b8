/** What kubelet says in Events when a step has ended. */
import type { Container } from "#kinds/core/pod-spec.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import { containerOf } from "./memory.ts";
import type { Outcome, PodEvent, ProbeRole, StepResult } from "./observed.ts";
import { podTitle } from "./restarts.ts";

export function eventsOf(pod: Pod, outcome: Outcome): readonly PodEvent[] {
  const { step } = outcome;
  switch (step.do) {
    case "prepareVolumes":
      return outcome.ok ? [] : [warning("FailedMount", outcome.message)];
    case "createSandbox":
      return outcome.ok ? [] : [warning("FailedCreatePodSandBox", `Failed to create pod sandbox: ${outcome.message}`)];
    case "pullImage":
      return about(pod, step.container, outcome.ok ? pulled(step.image) : pullFailed(step.image, outcome));
    case "startContainer":
      return about(
        pod,
        step.container,
        outcome.ok ? started(pod, step.container) : [warning(failureReason(outcome), `Error: ${outcome.message}`)],
      );
    case "stopContainer":
      return outcome.ok
        ? []
        : about(pod, step.container, [
            warning(
              "FailedKillPod",
              `error killing container ${step.container} of pod ${podTitle(pod)}: ${outcome.message}`,
            ),
          ]);
    case "probe":
      return about(pod, step.container, probeEvents(step.role, outcome));
    case "removeContainer":
    case "stopSandbox":
    case "removeSandbox":
    case "cleanUp":
    case "deleteObject":
      return outcome.ok ? [] : [warning("FailedKillPod", `error killing pod: ${outcome.message}`)];
  }
}

const PROBE_WORDS: Readonly<Record<ProbeRole, string>> = {
  startup: "Startup",
  liveness: "Liveness",
  readiness: "Readiness",
};

function probeEvents(role: ProbeRole, result: StepResult): readonly PodEvent[] {
  const words = PROBE_WORDS[role];
  if (!result.ok) return [warning("Unhealthy", `${words} probe failed: ${result.message}`)];
  return result.warning === undefined ? [] : [warning("ProbeWarning", `${words} probe warning: ${result.warning}`)];
}

function warning(reason: string, message: string): PodEvent {
  return { type: "Warning", reason, message };
}

function normal(reason: string, message: string): PodEvent {
  return { type: "Normal", reason, message };
}

/** Said when the pull is asked for, not when it has ended. */
export function pulling(pod: Pod, name: string, image: string): readonly PodEvent[] {
  return about(pod, name, [normal("Pulling", `Pulling image "${image}"`)]);
}

/** Nothing is pulled, so no step ends: said as long as the pod's status does not say it. */
export function neverPulled(pod: Pod, name: string, image: string): readonly PodEvent[] {
  const told = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const reason = "ErrImageNeverPull";
  if (told.some((status) => status.name === name && status.state?.waiting?.reason === reason)) return [];
  return about(pod, name, [
    warning(reason, `Container image "${image}" is not present with pull policy of Never`),
    warning("Failed", `Error: ${reason}`),
  ]);
}

function pulled(image: string): readonly PodEvent[] {
  return [normal("Pulled", `Successfully pulled image "${image}"`)];
}

function pullFailed(
  image: string,
  { reason = "ErrImagePull", message }: { readonly reason?: string; readonly message: string },
): readonly PodEvent[] {
  if (reason === "InvalidImageName") return [warning("InspectFailed", message), warning("Failed", `Error: ${reason}`)];
  return [
    warning("Failed", `Failed to pull image "${image}": ${message}`),
    warning("Failed", `Error: ${reason}`),
    normal("BackOff", `Back-off pulling image "${image}"`),
    warning("Failed", "Error: ImagePullBackOff"),
  ];
}

function failureReason({ reason }: { readonly reason?: string }): string {
  return reason === "PostStartHookError" ? "FailedPostStartHook" : "Failed";
}

function started(pod: Pod, name: string): readonly PodEvent[] {
  const { image = "", imagePullPolicy } = containerOf(pod, name) ?? {};
  return [
    // With "Always" the pull has told.
    ...(imagePullPolicy === "Always"
      ? []
      : [normal("Pulled", `Container image "${image}" already present on machine`)]),
    normal("Created", `Created container: ${name}`),
    normal("Started", `Started container ${name}`),
  ];
}

function about(pod: Pod, name: string, events: readonly PodEvent[]): readonly PodEvent[] {
  const { initContainers = [], ephemeralContainers = [] } = pod.spec;
  const isIn = (containers: readonly Container[]): boolean => containers.some((container) => container.name === name);
  const list = isIn(initContainers)
    ? "initContainers"
    : isIn(ephemeralContainers)
      ? "ephemeralContainers"
      : "containers";
  return events.map((event) => ({ ...event, fieldPath: `spec.${list}{${name}}` }));
}
