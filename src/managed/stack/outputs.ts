/** What a stack says of itself: its outputs, and which of them others may import. Pure. */
import { Fault } from "#base/fault.ts";
import { evaluated, holds, type Scope } from "./intrinsics.ts";
import type { StackOutput } from "./stack-record.ts";
import type { Exports } from "./stack-scope.ts";
import { formatError, type Template } from "./template.ts";

/** Fault: BadRequest, for a value that is no text, and for an export that another stack has. `others` are all stacks' but its own. */
export function outputsOf(template: Template, scope: Scope, others: Exports): readonly StackOutput[] {
  return [...template.outputs]
    .filter(([, { condition }]) => condition === undefined || holds(condition, scope))
    .map(([key, output]) => {
      const value = evaluated(output.value, scope);
      if (value === undefined || typeof value === "object")
        throw formatError(`[/Outputs/${key}/Value] The value of an output must be a string.`);
      const exportName = output.exportName === undefined ? undefined : evaluated(output.exportName, scope);
      return {
        key,
        value: String(value),
        ...(output.description !== undefined && { description: output.description }),
        ...(exportName !== undefined && {
          exportName: freeName(typeof exportName === "string" ? exportName : JSON.stringify(exportName), others),
        }),
      };
    });
}

function freeName(name: string, others: Exports): string {
  const taken = others.get(name);
  if (taken === undefined) return name;
  throw new Fault(
    "BadRequest",
    `Export with name ${name} is already exported by stack ${taken.stackName}. Rename the export or delete the other one.`,
  );
}
