/** The rules that ConfigMap and Secret share: keys, size, frozen content. */
import { sameJson } from "#base/json.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { configKeyFaults } from "#kinds/rules/names.ts";

/** Upstream's MaxSecretSize: what etcd takes in one value, less room for metadata. */
const MAX_BYTES = 1024 * 1024;

export function checkKeys(data: Readonly<Record<string, string>>, path: string, faults: FieldFaults): void {
  for (const key of Object.keys(data)) faults.invalidEach(`${path}[${key}]`, key, configKeyFaults(key));
}

export function checkSize(
  texts: readonly string[],
  base64: readonly string[],
  path: string,
  faults: FieldFaults,
): void {
  const plain = texts.reduce((sum, text) => sum + encodeUtf8(text).length, 0);
  const bytes = base64.reduce((sum, text) => sum + sizeOfBase64(text), plain);
  if (bytes > MAX_BYTES) faults.tooLong(path, MAX_BYTES);
}

function sizeOfBase64(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

type Freezable = {
  readonly immutable?: boolean;
};

export function checkFrozen<T extends Freezable>(
  next: T,
  live: T,
  contents: readonly (keyof T & string)[],
  faults: FieldFaults,
): void {
  if (live.immutable !== true) return;
  const sentence = "field is immutable when `immutable` is set";
  if (next.immutable !== true) faults.forbidden("immutable", sentence);
  for (const name of contents) if (!sameJson(next[name], live[name])) faults.forbidden(name, sentence);
}
