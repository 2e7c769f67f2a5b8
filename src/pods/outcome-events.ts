/** What kubelet says in Events when a step has ended. */
import type { PodObject as Pod } from "#kinds/pod-status.ts";
import type { Outcome, PodEvent, ProbeRole } from "./observed.ts";
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
      return outcome.ok
        ? []
        : about(pod, step.container, [
            warning("Unhealthy", `${PROBE_WORDS[step.role]} probe failed: ${outcome.message}`),
          ]);
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

function warning(reason: string, message: string): PodEvent {
  return { type: "Warning", reason, message };
}

function normal(reason: string, message: string): PodEvent {
  return { type: "Normal", reason, message };
}

function pulled(image: string): readonly PodEvent[] {
  return [normal("Pulled", `Successfully pulled image "${image}"`)];
}

function pullFailed(
  image: string,
  { reason = "ErrImagePull", message }: { readonly reason?: string; readonly message: string },
): readonly PodEvent[] {
  return [warning("Failed", `Failed to pull image "${image}": ${message}`), warning("Failed", `Error: ${reason}`)];
}

function failureReason({ reason }: { readonly reason?: string }): string {
  return reason === "PostStartHookError" ? "FailedPostStartHook" : "Failed";
}

function started(pod: Pod, name: string): readonly PodEvent[] {
  const image =
    [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((container) => container.name === name)?.image ??
    "";
  return [
    normal("Pulled", `Container image "${image}" already present on machine`),
    normal("Created", `Created container: ${name}`),
    normal("Started", `Started container ${name}`),
  ];
}

function about(pod: Pod, name: string, events: readonly PodEvent[]): readonly PodEvent[] {
  const list = pod.spec.containers.some((container) => container.name === name) ? "containers" : "initContainers";
  return events.map((event) => ({ ...event, fieldPath: `spec.${list}{${name}}` }));
}
