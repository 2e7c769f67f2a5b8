/** Runtime classes as admission sees them: a new pod gets the overhead, the selector and the tolerations of its class (upstream's plugin RuntimeClass). */
import { sameJson } from "#base/json.ts";
import { nameOf } from "#base/key.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type RuntimeClass, runtimeClassKind } from "#kinds/node/runtime-class.ts";
import type { Admission, AdmissionRequest, Present } from "./admission.ts";
import { forbidden } from "./refusals.ts";

export const runtimeClassOfPod: Admission<Pod> = {
  name: "RuntimeClass",
  kinds: [podKind],
  on: ["create"],
  admit(request, present) {
    const { spec } = request.object;
    const found = classOf(request, present);
    if (spec.overhead !== undefined && !sameJson(spec.overhead, found?.overhead?.podFixed))
      throw wrongOverhead(request, found);
    return found === undefined ? request.object : { ...request.object, spec: completed(request, found) };
  },
};

function classOf(request: AdmissionRequest<Pod>, present: Present): RuntimeClass | undefined {
  const { runtimeClassName: name = "" } = request.object.spec;
  if (name === "") return undefined;
  const found = present.get(runtimeClassKind, `/${name}`);
  if (found === undefined) throw refuse(request, `pod rejected: RuntimeClass "${name}" not found`);
  return found;
}

function wrongOverhead(request: AdmissionRequest<Pod>, found: RuntimeClass | undefined): Error {
  if (found?.overhead === undefined)
    return refuse(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  return refuse(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
}

function completed(request: AdmissionRequest<Pod>, { overhead, scheduling }: RuntimeClass): Pod["spec"] {
  const { spec } = request.object;
  const { nodeSelector = {}, tolerations = [] } = scheduling ?? {};
  for (const [key, wanted] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== wanted)
      throw refuse(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${wanted}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
  }
  const others = tolerations.filter((one) => !(spec.tolerations ?? []).some((own) => sameJson(own, one)));
  return {
    ...spec,
    ...(overhead?.podFixed && { overhead: overhead.podFixed }),
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector: { ...spec.nodeSelector, ...nodeSelector } }),
    ...(others.length > 0 && { tolerations: [...(spec.tolerations ?? []), ...others] }),
  };
}

function refuse({ kind, key }: AdmissionRequest<Pod>, why: string): Error {
  return forbidden(kind, nameOf(key).name, why);
}
