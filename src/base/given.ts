/** Absent is absent: drops keys whose value is undefined, so that they never reach JSON or exact optional types. */
import { draft, put } from "./dictionary.ts";

type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

export function given<T extends object>(object: T): Given<T> {
  const kept = draft<unknown>();
  for (const [key, value] of Object.entries(object)) if (value !== undefined) put(kept, key, value);
  return kept as Given<T>;
}
