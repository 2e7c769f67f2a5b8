/** The API path of a kind, of one object, of a subresource. Pure. */
import { nameOf, type ObjectKey } from "#base/key.ts";
import type { Kind } from "#kinds/kind.ts";

export function collectionPath(kind: Kind, namespace = ""): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  return kind.scope === "Namespaced" && namespace !== ""
    ? `${root}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`
    : `${root}/${kind.plural}`;
}

export function objectPath(kind: Kind, key: ObjectKey, subresource?: string): string {
  const { namespace, name } = nameOf(key);
  const path = `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
