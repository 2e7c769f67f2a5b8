/** Takes an API path apart: group, version, namespace, kind, name, subresource. Pure. */
import { Fault } from "#base/fault.ts";
import type { Kind, SubresourceName } from "#kinds/kind.ts";

export interface ApiPath extends Named {
  readonly kind: Kind;
  readonly subresource: SubresourceName | undefined;
}

/** A path of the form of an object's, whether there is such a kind or not: what is asked about before that is told. */
export interface Named {
  readonly group: string;
  readonly plural: string;
  /** "" for cluster-scoped objects and for all namespaces. */
  readonly namespace: string;
  /** "" for the collection. */
  readonly name: string;
  readonly subresource: string | undefined;
}

export type FindKind = (group: string, version: string, plural: string) => Kind | undefined;

/** Null when the path is no API object path; without a kind when group, version or kind is unknown. */
export function parseApiPath(path: string, find: FindKind): ApiPath | (Named & { readonly kind?: never }) | null {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  const [root, ...rest] = parts;
  if (root === "api" && rest.length >= 2) return located("", rest[0] ?? "", rest.slice(1), find);
  if (root === "apis" && rest.length >= 3) return located(rest[0] ?? "", rest[1] ?? "", rest.slice(2), find);
  return null;
}

function decode(part: string): string {
  try {
    return part.includes("%") ? decodeURIComponent(part) : part;
  } catch {
    throw new Fault("BadRequest", `the path has a malformed percent sign in "${part}"`);
  }
}

function located(
  group: string,
  version: string,
  parts: readonly string[],
  find: FindKind,
): ReturnType<typeof parseApiPath> {
  const isNamespaced = parts[0] === "namespaces" && parts.length > 2 && !isNamespaceSubresource(parts);
  const namespace = isNamespaced ? (parts[1] ?? "") : "";
  const [plural = "", name = "", subresource] = isNamespaced ? parts.slice(2) : parts;
  const named = { group, plural, namespace, name };
  const kind = find(group, version, plural);
  if (kind === undefined || (kind.scope === "Cluster" && isNamespaced)) return { ...named, subresource };
  return { ...named, kind, subresource: subresource as SubresourceName | undefined };
}

function isNamespaceSubresource(parts: readonly string[]): boolean {
  return parts.length === 3 && ["status", "finalize"].includes(parts[2] ?? "");
}
