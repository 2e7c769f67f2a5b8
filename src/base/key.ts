/** How an object is named: namespace and name within a kind. Cluster-scoped objects have the empty namespace. */

export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** "namespace/name"; "/name" for cluster-scoped objects. One string per object within a kind, so it can key a Map. */
export type ObjectKey = string;

export function keyOf(namespace: string, name: string): ObjectKey {
  return `${namespace}/${name}`;
}

export function nameOf(key: ObjectKey): ObjectName {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
