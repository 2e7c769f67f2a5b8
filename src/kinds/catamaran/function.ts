/** Function: code that runs per invocation, with Lambda's settings. Stored in our own group. */
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import { type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { cors, corsRules } from "./cors.ts";
import { type Own, ownKind } from "./own-kind.ts";

const url = object("FunctionUrl", {
  authType: text({ enum: ["AWS_IAM", "NONE"], default: "NONE" }),
  invokeMode: optional(text({ enum: ["BUFFERED", "RESPONSE_STREAM"], default: "BUFFERED" })),
  cors: optional(cors),
});

/** With Lambda's limits. */
const spec = object("FunctionSpec", {
  runtime: text(),
  handler: text(),
  role: optional(text()),
  description: optional(text()),
  memoryMib: optional(whole({ min: 128, max: 10_240, default: 128 })),
  timeoutSeconds: optional(whole({ min: 1, max: 900, default: 3 })),
  ephemeralStorageMib: optional(whole({ min: 512, max: 10_240, default: 512 })),
  architectures: optional(list(text({ enum: ["arm64", "x86_64"] }), { default: ["x86_64"] })),
  environment: optional(map(text())),
  reservedConcurrency: optional(whole({ min: 0 })),
  code: object("FunctionCode", { sha256: text(), size: whole() }),
  layers: optional(list(text())),
  url: optional(url),
  tags: optional(map(text())),
  /** Where its log goes; absent: /aws/lambda/NAME. */
  logGroup: optional(text()),
});

const status = object("FunctionStatus", {
  state: optional(text({ enum: ["Pending", "Active", "Inactive", "Failed"] })),
  stateReason: optional(text()),
  stateReasonCode: optional(text()),
  lastUpdateStatus: optional(text({ enum: ["InProgress", "Successful", "Failed"] })),
  lastUpdateStatusReason: optional(text()),
  lastUpdateStatusReasonCode: optional(text()),
  lastModified: optional(text()),
  warm: optional(whole()),
  running: optional(whole()),
});

export type FunctionSpec = Infer<typeof spec>;
export type FunctionStatus = Infer<typeof status>;
/** Not named Function, so that it never hides JavaScript's own. */
export type FunctionObject = Own<FunctionSpec, FunctionStatus>;

/** When code or configuration was last updated through Lambda's API: each update is taken in, even one that changes nothing. */
export const UPDATED_AT = "catamaran.dev/updated-at";

export const functionKind: Kind<FunctionObject> = ownKind({
  kind: "Function",
  plural: "functions",
  shortNames: ["fn"],
  spec,
  status,
  checkName: functionNameFault,
  columns: [
    textColumn("Runtime", ({ spec: { runtime } }) => runtime),
    textColumn("Handler", ({ spec: { handler } }) => handler),
    textColumn("Memory", ({ spec: { memoryMib = 128 } }) => `${memoryMib}Mi`),
    textColumn("State", (fn) => fn.status?.state ?? "Pending"),
    integerColumn("Running", (fn) => fn.status?.running ?? 0),
    ageColumn,
  ],
  rules: (desired, faults) => corsRules(desired.url?.cors, "spec.url.cors", faults),
});
