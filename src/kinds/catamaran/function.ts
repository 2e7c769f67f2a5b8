/** Function: code that runs per invocation, with Lambda's settings. Stored in our own group. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { catamaranTable } from "./catamaran-schema.ts";
import { type Cors, corsFaults } from "./cors.ts";
import { ageColumn, integer, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { statusPath } from "#kinds/subresources.ts";
import type { KubeObject } from "#kinds/object.ts";

/** Not named Function, so that it never hides JavaScript's own. */
export interface FunctionObject extends KubeObject {
  readonly spec: FunctionSpec;
  readonly status?: FunctionStatus;
}

export interface FunctionSpec {
  readonly runtime: string;
  readonly handler: string;
  readonly role?: string;
  readonly description?: string;
  readonly memoryMib?: number;
  readonly timeoutSeconds?: number;
  readonly ephemeralStorageMib?: number;
  readonly architectures?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number;
  readonly code: { readonly sha256: string; readonly size: number };
  readonly layers?: readonly string[];
  readonly url?: FunctionUrl;
  readonly tags?: Readonly<Record<string, string>>;
  /** Where its log goes; default /aws/lambda/NAME. */
  readonly logGroup?: string;
}

export interface FunctionUrl {
  readonly authType: "NONE" | "AWS_IAM";
  readonly invokeMode?: "BUFFERED" | "RESPONSE_STREAM";
  readonly cors?: Cors;
}

export interface FunctionStatus {
  readonly state?: "Pending" | "Active" | "Inactive" | "Failed";
  readonly stateReason?: string;
  readonly stateReasonCode?: string;
  readonly lastUpdateStatus?: "InProgress" | "Successful" | "Failed";
  readonly lastUpdateStatusReason?: string;
  readonly lastUpdateStatusReasonCode?: string;
  readonly lastModified?: string;
  readonly warm?: number;
  readonly running?: number;
}

/** When code or configuration was last updated through Lambda's API: each update is taken in, even one that changes nothing. */
export const UPDATED_AT = "catamaran.dev/updated-at";

export const functionKind: Kind<FunctionObject> = builtinKind<FunctionObject>({
  group: "catamaran.dev",
  version: "v1",
  kind: "Function",
  plural: "functions",
  shortNames: ["fn"],
  categories: ["all", "catamaran"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "dev.catamaran.v1.Function",
  table: catamaranTable,
  statusKeeps: "all",
  subresources: [statusPath],
  checkName: functionNameFault,
  columns: [
    text("Runtime", ({ spec }) => spec.runtime),
    text("Handler", ({ spec }) => spec.handler),
    text("Memory", ({ spec }) => `${spec.memoryMib ?? 128}Mi`),
    text("State", ({ status }) => status?.state ?? "Pending"),
    integer("Running", ({ status }) => status?.running ?? 0),
    ageColumn,
  ],
  validate: functionFaults,
});

/** Lambda's limits. */
const RANGES = { memoryMib: [128, 10_240], timeoutSeconds: [1, 900], ephemeralStorageMib: [512, 10_240] } as const;
const ARCHITECTURES = ["arm64", "x86_64"];

function functionFaults({ spec }: FunctionObject): readonly FieldFault[] {
  const faults = new FieldFaults();
  if (spec === undefined) faults.required("spec");
  if (faults.found.length > 0) return faults.found;
  for (const name of ["runtime", "handler"] as const) if ((spec[name] ?? "") === "") faults.required(`spec.${name}`);
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = spec[name as keyof typeof RANGES];
    if (value !== undefined && (value < least || value > most))
      faults.invalid(`spec.${name}`, value, `must be between ${least} and ${most}, inclusive`);
  }
  if ((spec.reservedConcurrency ?? 0) < 0)
    faults.invalid("spec.reservedConcurrency", spec.reservedConcurrency, "must be greater than or equal to 0");
  for (const architecture of spec.architectures ?? []) {
    if (!ARCHITECTURES.includes(architecture)) faults.notSupported("spec.architectures", architecture, ARCHITECTURES);
  }
  if (spec.code === undefined) faults.required("spec.code");
  else if ((spec.code.sha256 ?? "") === "") faults.required("spec.code.sha256");
  if (spec.url !== undefined) {
    faults.oneOf("spec.url.authType", spec.url.authType, ["AWS_IAM", "NONE"]);
    corsFaults(faults, "spec.url.cors", spec.url.cors);
  }
  return faults.found;
}
