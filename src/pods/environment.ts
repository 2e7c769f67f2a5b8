/** A container's environment variables: service links, envFrom, env with its references, and $(VAR) in commands. */
import { member } from "#base/dictionary.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import type { ConfigMap } from "#kinds/core/config-map.ts";
import type { Container, EnvVar } from "#kinds/core/pod-spec.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import type { Secret } from "#kinds/core/secret.ts";
import type { Service } from "#kinds/core/service.ts";
import { fromBase64 } from "#kinds/schema/base64.ts";
import { fieldText, resourceText, type Whereabouts } from "./fields.ts";

/** Objects of the pod's namespace, as far as the agent has them. */
export interface Sources {
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
}

/** What the references in a container's env, envFrom and volumes resolve to. */
export interface ReferenceValues extends Sources, Whereabouts {
  /** Services of the pod's namespace, and default/kubernetes. */
  readonly services: readonly Service[];
}

/** Data, because a missing configMap is ordinary: the container waits with CreateContainerConfigError. */
export type Environment =
  | { readonly ok: true; readonly variables: readonly (readonly [name: string, value: string])[] }
  | { readonly ok: false; readonly message: string };

export function environmentOf(pod: Pod, container: Container, values: ReferenceValues): Environment {
  const variables = new Map(serviceVariables(pod, values.services));
  const missing = addSources(container, variables, values) ?? addVariables(pod, container, variables, values);
  return missing === null ? { ok: true, variables: [...variables] } : { ok: false, message: missing };
}

/** The first thing that is missing, or null. */
function addSources(
  container: Container,
  variables: Map<string, string>,
  { configMap, secret }: Sources,
): string | null {
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef;
    if (ref === undefined) continue;
    const name = ref.name ?? "";
    const data = configMapRef === undefined ? secretTexts(secret(name)) : configMap(name)?.data;
    const isThere = configMapRef === undefined ? secret(name) !== undefined : configMap(name) !== undefined;
    if (!isThere && ref.optional !== true)
      return `${configMapRef === undefined ? "secret" : "configmap"} "${name}" not found`;
    for (const [key, value] of Object.entries(data ?? {})) variables.set(prefix + key, value);
  }
  return null;
}

function secretTexts(secret: Secret | undefined): Readonly<Record<string, string>> | undefined {
  if (secret?.data === undefined) return undefined;
  return Object.fromEntries(Object.entries(secret.data).map(([key, value]) => [key, decodeUtf8(fromBase64(value))]));
}

function addVariables(
  pod: Pod,
  container: Container,
  variables: Map<string, string>,
  values: ReferenceValues,
): string | null {
  for (const variable of container.env ?? []) {
    const found = valueOf(pod, container, variable, values);
    if (found.missing !== undefined) return found.missing;
    if (found.value !== undefined)
      variables.set(variable.name, variable.valueFrom === undefined ? expand(found.value, variables) : found.value);
  }
  return null;
}

function valueOf(
  pod: Pod,
  container: Container,
  { value = "", valueFrom }: EnvVar,
  values: ReferenceValues,
): { readonly value?: string; readonly missing?: string } {
  if (valueFrom === undefined) return { value };
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef !== undefined) return { value: fieldText(pod, fieldRef.fieldPath, values) };
  if (resourceFieldRef !== undefined) return { value: resourceText(pod, container, resourceFieldRef, values) };
  const ref = configMapKeyRef ?? secretKeyRef;
  if (ref === undefined) return {};
  const name = ref.name ?? "";
  const isSecret = configMapKeyRef === undefined;
  const source = isSecret ? values.secret(name) : values.configMap(name);
  const data = isSecret ? secretTexts(values.secret(name)) : values.configMap(name)?.data;
  const text = member(data, ref.key);
  if (text !== undefined) return { value: text };
  if (ref.optional === true) return {};
  const noun = isSecret ? "secret" : "configmap";
  return {
    missing:
      source === undefined
        ? `${noun} "${name}" not found`
        : `couldn't find key ${ref.key} in ${isSecret ? "Secret" : "ConfigMap"} ${pod.metadata.namespace ?? ""}/${name}`,
  };
}

/** $(NAME) becomes the variable's value if there is one; $$(NAME) is the literal $(NAME). */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (all, name: string | undefined) =>
    name === undefined ? "$" : (variables.get(name) ?? all),
  );
}

/** A container's command and args with its variables put in. */
export function commandOf(
  container: Container,
  variables: readonly (readonly [string, string])[],
): { readonly command: readonly string[]; readonly args: readonly string[] } {
  const known = new Map(variables);
  return {
    command: (container.command ?? []).map((text) => expand(text, known)),
    args: (container.args ?? []).map((text) => expand(text, known)),
  };
}

/** Docker-link style variables: every service of the namespace if asked, the API server's always. */
function serviceVariables(pod: Pod, services: readonly Service[]): readonly (readonly [string, string])[] {
  const isMaster = ({ metadata }: Service): boolean =>
    metadata.namespace === "default" && metadata.name === "kubernetes";
  const isWanted = (service: Service): boolean =>
    isMaster(service) ||
    (pod.spec.enableServiceLinks !== false && service.metadata.namespace === pod.metadata.namespace);
  return services.filter((service) => isWanted(service) && hasAddress(service)).flatMap(linkVariables);
}

function hasAddress({ spec }: Service): boolean {
  return spec.clusterIP !== undefined && spec.clusterIP !== "" && spec.clusterIP !== "None";
}

function linkVariables({ metadata, spec }: Service): readonly (readonly [string, string])[] {
  const [first] = spec.ports ?? [];
  if (first === undefined) return [];
  const prefix = variableName(metadata.name);
  const ip = spec.clusterIP ?? "";
  const named = (spec.ports ?? []).filter(({ name }) => name !== undefined && name !== "");
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named.map(({ name, port }) => [`${prefix}_SERVICE_PORT_${variableName(name ?? "")}`, String(port)] as const),
    [`${prefix}_PORT`, `${(first.protocol ?? "TCP").toLowerCase()}://${ip}:${first.port}`],
    ...(spec.ports ?? []).flatMap(({ port, protocol = "TCP" }) => {
      const one = `${prefix}_PORT_${port}_${protocol}`;
      const scheme = protocol.toLowerCase();
      return [
        [one, `${scheme}://${ip}:${port}`] as const,
        [`${one}_PROTO`, scheme] as const,
        [`${one}_PORT`, String(port)] as const,
        [`${one}_ADDR`, ip] as const,
      ];
    }),
  ];
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
