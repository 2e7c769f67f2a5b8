/** Function: code that runs per invocation, with Lambda's settings. Stored in our own group. */
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import { type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { cors, corsRules } from "./cors.ts";
import { type Own, ownKind } from "./own-kind.ts";

/** Where a function or an alias of it is reached over HTTP. */
export const url = object("FunctionUrl", {
  authType: text({ enum: ["AWS_IAM", "NONE"], default: "NONE" }),
  invokeMode: optional(text({ enum: ["BUFFERED", "RESPONSE_STREAM"], default: "BUFFERED" })),
  cors: optional(cors),
});

/** Who else may use it: the text of a resource policy, in IAM's words. */
export const policy = text();

/** A package in the code store. */
export const packaged = object("FunctionCode", { sha256: text(), size: whole() });

/** How its log is written; levels are for JSON alone. */
const logging = object("FunctionLogging", {
  format: text({ enum: ["JSON", "Text"] }),
  applicationLevel: optional(text({ enum: ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] })),
  systemLevel: optional(text({ enum: ["DEBUG", "INFO", "WARN"] })),
});

/** How it runs, with Lambda's limits: what a published version keeps for ever. */
export const configuration = {
  runtime: text(),
  handler: text(),
  role: optional(text()),
  description: optional(text()),
  memoryMib: optional(whole({ min: 128, max: 10_240, default: 128 })),
  timeoutSeconds: optional(whole({ min: 1, max: 900, default: 3 })),
  ephemeralStorageMib: optional(whole({ min: 512, max: 10_240, default: 512 })),
  architectures: optional(list(text({ enum: ["arm64", "x86_64"] }), { default: ["x86_64"] })),
  environment: optional(map(text())),
  code: packaged,
  /** Under /opt, the later over the earlier. Each keeps its package, also after the layer's version was removed. */
  layers: optional(list(object("FunctionLayer", { arn: text(), code: packaged }), { max: 5 })),
  /** The ARN of a queue or topic for asynchronous events that were given up. */
  deadLetterTarget: optional(text()),
  /** Where its log goes; absent: /aws/lambda/NAME. */
  logGroup: optional(text()),
  logging: optional(logging),
};

/** What happens with events of asynchronous invocations; of one version or alias each. */
const asynchronous = object("FunctionAsynchronous", {
  qualifier: optional(text({ default: "$LATEST" })),
  maximumRetries: optional(whole({ min: 0, max: 2, default: 2 })),
  maximumAgeSeconds: optional(whole({ min: 60, max: 21_600, unit: "seconds", default: 21_600 })),
  /** ARNs of a function, queue, topic or bus. */
  onSuccess: optional(text()),
  onFailure: optional(text()),
  lastModified: optional(text()),
});

const spec = object("FunctionSpec", {
  ...configuration,
  reservedConcurrency: optional(whole({ min: 0 })),
  asynchronous: optional(list(asynchronous, { key: "qualifier" })),
  url: optional(url),
  tags: optional(map(text())),
  policy: optional(policy),
  /** What becomes of an invocation that a chain of its own invocations leads to. */
  recursiveLoop: optional(text({ enum: ["Terminate", "Allow"] })),
});

/** Of a function's newest state, and of each version. */
export const runStatus = {
  state: optional(text({ enum: ["Pending", "Active", "Inactive", "Failed"] })),
  stateReason: optional(text()),
  stateReasonCode: optional(text()),
  lastUpdateStatus: optional(text({ enum: ["InProgress", "Successful", "Failed"] })),
  lastUpdateStatusReason: optional(text()),
  lastUpdateStatusReasonCode: optional(text()),
  lastModified: optional(text()),
};

const status = object("FunctionStatus", {
  ...runStatus,
  /** The number that was published last; none is given twice. */
  lastVersion: optional(whole()),
  warm: optional(whole()),
  running: optional(whole()),
});

export type FunctionAsynchronous = Infer<typeof asynchronous>;
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
