/** What a client is told when it applies fields that others own; the words are upstream's, tools parse them. */
import { Fault } from "#base/fault.ts";
import { printPath } from "./field-set.ts";
import { type ManagedFields, printManager } from "./managed-fields.ts";

export interface Conflict {
  readonly entry: ManagedFields;
  readonly path: readonly string[];
}

export function conflictFault(conflicts: readonly Conflict[]): Fault {
  const causes = conflicts.map(({ entry, path }) => ({
    reason: "FieldManagerConflict" as const,
    message: `conflict with ${printManager(entry)}`,
    field: printPath(path),
  }));
  return new Fault("Conflict", messageOf(conflicts), { causes });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${printManager(first.entry)}: ${printPath(first.path)}`;
  }
  const byManager = new Map<string, string[]>();
  for (const { entry, path } of conflicts) {
    const manager = printManager(entry);
    const paths = byManager.get(manager);
    if (paths === undefined) byManager.set(manager, [`- ${printPath(path)}`]);
    else paths.push(`- ${printPath(path)}`);
  }
  const lines = [...byManager]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([manager, paths]) => [`conflicts with ${manager}:`, ...paths]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}
