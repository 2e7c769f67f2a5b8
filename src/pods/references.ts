/** Which configMaps and secrets a pod refers to. Pure. */
import type { Pod } from "#kinds/core/pod.ts";
import type { Container } from "#kinds/core/pod-spec.ts";

export function allContainers({ spec }: Pod): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

export interface References {
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
}

/** The names of the configMaps and secrets that a pod refers to anywhere. */
export function referencesOf(pod: Pod): References {
  const volumes = pod.spec.volumes ?? [];
  const projections = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  const values = allContainers(pod).flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom ?? []));
  const lists = allContainers(pod).flatMap(({ envFrom = [] }) => envFrom);
  return {
    configMaps: names([
      ...volumes.map(({ configMap }) => configMap?.name),
      ...projections.map(({ configMap }) => configMap?.name),
      ...values.map(({ configMapKeyRef }) => configMapKeyRef?.name),
      ...lists.map(({ configMapRef }) => configMapRef?.name),
    ]),
    secrets: names([
      ...volumes.map(({ secret }) => secret?.secretName),
      ...projections.map(({ secret }) => secret?.name),
      ...values.map(({ secretKeyRef }) => secretKeyRef?.name),
      ...lists.map(({ secretRef }) => secretRef?.name),
    ]),
  };
}

function names(found: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(found.flatMap((name) => (name === undefined || name === "" ? [] : name)))];
}
