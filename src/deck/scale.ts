/** The scale subresource: autoscaling/v1 Scale as a window on two numbers and a selector of any kind that has them. */
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { unsupported } from "#base/fault.ts";
import type { LabelSelector } from "#base/selector.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";
import { jsonOf } from "./stored.ts";

export interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number; readonly selector?: string };
}

export function scaleOf(kind: Kind, object: KubeObject): Scale {
  const paths = kind.scale;
  if (paths === undefined) throw unsupported(`${kind.plural}/scale`);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const metadata = Object.fromEntries(
    Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as unknown as ObjectMeta;
  const desired = read(jsonOf(object), paths.specReplicas);
  const running = read(jsonOf(object), paths.statusReplicas);
  const selector = paths.selector === undefined ? undefined : selectorText(read(jsonOf(object), paths.selector));
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata,
    spec: typeof desired === "number" ? { replicas: desired } : {},
    status: { replicas: typeof running === "number" ? running : 0, ...(selector !== undefined && { selector }) },
  };
}

/** The object with the replicas that a Scale asks for. */
export function withScale(kind: Kind, object: KubeObject, scale: KubeObject): KubeObject {
  if (kind.scale === undefined) throw unsupported(`${kind.plural}/scale`);
  const { replicas = 0 } = (scale as Partial<Scale>).spec ?? {};
  const next = write(jsonOf(object), segmentsOf(kind.scale.specReplicas), replicas) as unknown as KubeObject;
  const { resourceVersion } = scale.metadata;
  return resourceVersion === undefined ? next : { ...next, metadata: { ...next.metadata, resourceVersion } };
}

/** ".spec.replicas" as CRDs write it; the leading dot may be missing. */
function segmentsOf(path: string): readonly string[] {
  return path.split(".").filter((segment) => segment !== "");
}

function read(json: Json, path: string): Json | undefined {
  let value: Json | undefined = json;
  for (const segment of segmentsOf(path)) value = isJsonObject(value) ? value[segment] : undefined;
  return value;
}

function write(json: Json | undefined, [first, ...rest]: readonly string[], value: Json): JsonObject {
  const object = isJsonObject(json) ? json : {};
  if (first === undefined) return object;
  return { ...object, [first]: rest.length === 0 ? value : write(object[first], rest, value) };
}

function selectorText(selector: Json | undefined): string | undefined {
  if (typeof selector === "string") return selector;
  if (!isJsonObject(selector)) return undefined;
  // A ReplicationController's selector is a map of labels; a LabelSelector has an object and a list as its members.
  const isMap = Object.values(selector).some((value) => typeof value === "string");
  const { matchLabels = {}, matchExpressions = [] } = (isMap ? { matchLabels: selector } : selector) as LabelSelector;
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${values.join(",")})`;
  });
  return [...labels.toSorted(), ...expressions].join(",");
}
