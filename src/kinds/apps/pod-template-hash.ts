/** The short hash that names the ReplicaSet of a pod template. */
import type { Json } from "#base/json.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";

// Kubernetes' safe alphabet: no vowels, so that no words come out.
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** Depends on the content only, never on the order of keys. `collisions` breaks a tie with another template. */
export function podTemplateHash(template: PodTemplateSpec, collisions = 0): string {
  const text = canonicalText(template) + (collisions === 0 ? "" : `#${collisions}`);
  const digits = Array.from(String(fnv32(encodeUtf8(text))));
  return digits.map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}

function canonicalText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as Record<string, Json>).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, child]) => `${JSON.stringify(key)}:${canonicalText(child)}`).join(",")}}`;
}

/** FNV-1a. */
function fnv32(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
