/** Archive: events of a bus that are kept, to be put again later (Amazon EventBridge API Reference, CreateArchive). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { archiveNameFault } from "#kinds/rules/names.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { type Infer, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("ArchiveSpec", {
  bus: optional(text({ default: "default" })),
  description: optional(text()),
  /** A pattern, as JSON text; absent: all events are kept. */
  pattern: optional(text()),
  /** Absent or 0: for ever. */
  retentionDays: optional(whole({ min: 0, unit: "days" })),
});

/** Counted about once a minute. */
const status = object("ArchiveStatus", { events: optional(whole()), bytes: optional(whole()) });

export type ArchiveSpec = Infer<typeof spec>;
export type Archive = Own<ArchiveSpec, Infer<typeof status>>;

export const archiveKind: Kind<Archive> = ownKind({
  kind: "Archive",
  plural: "archives",
  spec,
  status,
  checkName: archiveNameFault,
  columns: [
    textColumn("Bus", (archive) => archive.spec.bus ?? "default"),
    integer("Events", (archive) => archive.status?.events ?? 0),
    integer("Bytes", (archive) => archive.status?.bytes ?? 0),
    ageColumn,
  ],
  rules: ({ pattern }, faults) => {
    const fault = pattern === undefined ? null : patternFault(pattern);
    if (fault !== null) faults.invalid("spec.pattern", pattern ?? "", fault);
  },
});
