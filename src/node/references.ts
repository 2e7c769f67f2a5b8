/** Which configMaps and secrets a pod refers to. Pure. */
import type { Pod } from "#kinds/pod.ts";
import type { Container } from "#kinds/pod-spec.ts";

export function allContainers({ spec }: Pod): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

export interface References {
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
}

/** The names of the configMaps and secrets that a pod refers to anywhere; `automounts` adds the cluster's certificate. */
export function referencesOf(pod: Pod): References {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const add = (names: Set<string>, name: string | undefined): void => {
    if (name !== undefined && name !== "") names.add(name);
  };
  for (const { configMap, secret, projected } of pod.spec.volumes ?? []) {
    add(configMaps, configMap?.name);
    add(secrets, secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add(configMaps, source.configMap?.name);
      add(secrets, source.secret?.name);
    }
  }
  for (const { env = [], envFrom = [] } of allContainers(pod)) {
    for (const { valueFrom } of env) {
      add(configMaps, valueFrom?.configMapKeyRef?.name);
      add(secrets, valueFrom?.secretKeyRef?.name);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      add(configMaps, configMapRef?.name);
      add(secrets, secretRef?.name);
    }
  }
  return { configMaps: [...configMaps], secrets: [...secrets] };
}
