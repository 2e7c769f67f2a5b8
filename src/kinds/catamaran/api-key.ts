/** ApiKey: what a client of a REST API says to be counted, and let in, by a usage plan. */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { flag, type Infer, list, map, object, optional, text } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("ApiKeySpec", {
  name: optional(text()),
  description: optional(text()),
  enabled: optional(flag({ default: true })),
  /** What the client sends. */
  value: text({ pattern: /^[\x21-\x7e]{20,128}$/, says: "must have 20 to 128 printable characters" }),
  customerId: optional(text()),
  /** "API/STAGE": what older clients say; plans decide. */
  stageKeys: optional(list(text())),
  tags: optional(map(text())),
});

const status = object("ApiKeyStatus", {});

export type ApiKey = Own<Infer<typeof spec>, Infer<typeof status>>;

export const apiKeyKind: Kind<ApiKey> = ownKind({
  kind: "ApiKey",
  plural: "apikeys",
  spec,
  status,
  columns: [
    textColumn("Called", ({ spec }) => spec.name ?? ""),
    textColumn("Enabled", ({ spec }) => String(spec.enabled ?? true)),
    ageColumn,
  ],
});
