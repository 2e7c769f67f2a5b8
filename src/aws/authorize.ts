/** Who may do what, until there are policies: the root everything; a function its own log and what its configuration names. Pure but for the look-up. */
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import { settingsOf } from "#functions/settings.ts";
import type { BoundAction, Members, Need, Service } from "./action.ts";
import { AwsError } from "./aws-error.ts";
import type { Place } from "./place.ts";
import type { Caller, FunctionSession } from "./sign.ts";

/** Resolves when the caller may; throws AccessDeniedException when not. What is needed is made out only for who may not do everything. */
export type Authorize = (caller: Caller, needs: (place: Place) => readonly Need[]) => Promise<void>;

/** What the caller of an action must be allowed to do. */
export function needsOf(
  { model, permissionPrefix = model.signingName }: Pick<Service, "model" | "permissionPrefix">,
  action: Pick<BoundAction, "operation" | "permission" | "isFree" | "resources" | "conditions" | "alsoNeeds">,
  { input, place }: { readonly input: Members; readonly place: Place },
): readonly Need[] {
  if (action.isFree === true) return [];
  const permission = `${permissionPrefix}:${action.permission ?? action.operation.name}`;
  const conditions = action.conditions?.(input, place);
  const own = (resource: string): Need => ({ permission, resource, ...(conditions !== undefined && { conditions }) });
  const resources = action.resources?.(input, place) ?? ["*"];
  const needs = [...resources.map(own), ...(action.alsoNeeds?.(input, place) ?? [])];
  // An input that is about nothing is wrong, and still nobody's who has no right at all.
  return needs.length === 0 ? [own("*")] : needs;
}

/** `find` returns the function as it is now, null when it is gone. */
export function functionRights(
  place: Place,
  find: (session: FunctionSession) => Promise<FunctionObject | null>,
): Authorize {
  return async ({ arn, functionOf }, needs) => {
    if (functionOf === undefined) return;
    const live = await find(functionOf);
    // Credentials end with the function that they were made for.
    if (live === null)
      throw new AwsError("UnrecognizedClientException", 403, "The security token included in the request is invalid.");
    const missing = needs(place).find((need) => !mayUse(live, need));
    if (missing !== undefined) throw denied(arn, missing);
  };
}

// Reading and writing what is there; never making, changing or removing it.
const DATA_PERMISSIONS: ReadonlySet<string> = new Set([
  "lambda:InvokeFunction",
  ..."FilterLogEvents GetLogEvents DescribeLogStreams CreateLogStream PutLogEvents"
    .split(" ")
    .map((name) => `logs:${name}`),
  ..."GetItem PutItem UpdateItem DeleteItem ConditionCheckItem Query Scan BatchGetItem BatchWriteItem DescribeTable"
    .split(" ")
    .map((name) => `dynamodb:${name}`),
  ..."SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueAttributes GetQueueUrl"
    .split(" ")
    .map((name) => `sqs:${name}`),
]);

/** A function may use its own log group, and tables, queues and functions that a value of its environment names, by name, ARN or URL. */
function mayUse(fn: FunctionObject, { permission, resource }: Need): boolean {
  if (!DATA_PERMISSIONS.has(permission)) return false;
  const [, , service = "", , , first = "", ...rest] = resource.split(":");
  if (service === "logs") return rest[0] === settingsOf(fn).logGroup;
  const name = service === "lambda" ? (rest[0] ?? "") : service === "dynamodb" ? (first.split("/")[1] ?? "") : first;
  return Object.values(fn.spec.environment ?? {}).some((value) =>
    namesIn(value).some((word) => word === name || word === resource || (service === "sqs" && isUrlOf(word, resource))),
  );
}

/** "http://host:port/ACCOUNT/QUEUE" and the queue's ARN. */
function isUrlOf(word: string, arn: string): boolean {
  return /^https?:/.test(word) && word.endsWith(`/${arn.split(":").slice(-2).join("/")}`);
}

/** A value may be a name, an ARN, or a text with several of them (a list, JSON). */
function namesIn(value: string): readonly string[] {
  return value.split(/[^\w.:/-]+/);
}

function denied(arn: string, { permission, resource }: Need): AwsError {
  return new AwsError(
    "AccessDeniedException",
    permission.startsWith("lambda:") ? 403 : 400,
    `User: ${arn} is not authorized to perform: ${permission} on resource: ${resource} because no identity-based policy allows the ${permission} action`,
  );
}
