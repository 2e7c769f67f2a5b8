/** Whether a structure keeps base64 as it came, somewhere inside. */
import type { Shape, Structure } from "../shape.ts";

const known = new WeakMap<Structure, boolean>();

export function hasEncoded(structure: Structure): boolean {
  const before = known.get(structure);
  if (before !== undefined) return before;
  const found = isInside(structure, new Set());
  known.set(structure, found);
  return found;
}

/** Shapes may contain themselves: each is looked at once. */
function isInside(shape: Shape, seen: Set<Shape>): boolean {
  if (seen.has(shape)) return false;
  seen.add(shape);
  switch (shape.is) {
    case "structure":
      return [...shape.members.values()].some((member) => isInside(member.shape, seen));
    case "list":
      return isInside(shape.of.shape, seen);
    case "map":
      return isInside(shape.value.shape, seen);
    case "blob":
      return shape.encoded === true;
    case "string":
    case "integer":
    case "long":
    case "float":
    case "double":
    case "boolean":
    case "timestamp":
    case "json":
      return false;
  }
}
