/** Options that several commands have, as data. What one command alone takes is in its own file. */
import { Fault } from "#base/fault.ts";

/** Whose values only the running platform, or the disk, knows; see live-names.ts. */
export type LiveNames = "instances" | "namespaces" | "workloads" | "objects";

/** `--name` and `--data-dir`, of every command that is about an instance. */
export const placeOptions = {
  name: {
    type: "string",
    value: "NAME",
    about: 'which instance; default "default", or $CATAMARAN_NAME',
    complete: "instances",
  },
  "data-dir": { type: "string", value: "DIR", about: "where its state is; default below $XDG_DATA_HOME" },
} as const;

/** Of every command that lists. */
export const outputOption = {
  output: {
    type: "string",
    short: "o",
    value: "FORMAT",
    about: "table, wide, json, yaml or name",
    complete: ["table", "wide", "json", "yaml", "name"],
  },
} as const;

/** Of commands that price. */
export const priceOptions = {
  "price-book": { type: "string", default: "aws-us-east-1", value: "ID", about: "whose list prices" },
  node: { type: "string", value: "TYPE", about: "which of its nodes pods are priced on" },
} as const;

export type Format = "table" | "wide" | "json" | "yaml" | "name";
const FORMATS: readonly Format[] = outputOption.output.complete;

/** Of commands whose words are for people, with the same as JSON for programs. */
export const jsonOption = {
  output: { type: "string", short: "o", value: "json", about: "for programs", complete: ["json"] },
} as const;

/** Throws BadRequest for a form that is not one of the five. */
export function formatOf(asked: string | undefined): Format {
  const format = FORMATS.find((candidate) => candidate === (asked ?? "table"));
  if (format === undefined) throw new Fault("BadRequest", `-o ${asked}: one of ${FORMATS.join(", ")}`);
  return format;
}

/** True for json, false for nothing; throws BadRequest for anything else. */
export function wantsJson(asked: string | undefined): boolean {
  if (asked === undefined) return false;
  if (asked === "json") return true;
  throw new Fault("BadRequest", `-o ${asked}: only json, or nothing for people`);
}
