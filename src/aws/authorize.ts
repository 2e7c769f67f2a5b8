/** Who may do what, until there are policies: the root everything; a function its own log and what its configuration names. Pure but for the look-up. */
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import { settingsOf } from "#functions/settings.ts";
import type { Members } from "./action.ts";
import { AwsError } from "./aws-error.ts";
import type { Caller, FunctionSession } from "./sign.ts";

export interface Asked {
  /** Its signing name. */
  readonly service: string;
  readonly action: { readonly name: string; readonly permission?: string };
  readonly input: Members;
}

/** Resolves when the caller may; throws AccessDeniedException when not. */
export type Authorize = (caller: Caller, asked: Asked) => Promise<void>;

export interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** `find` returns the function as it is now, null when it is gone. */
export function functionRights(
  place: Place,
  find: (session: FunctionSession) => Promise<FunctionObject | null>,
): Authorize {
  return async ({ arn, functionOf }, asked) => {
    if (functionOf === undefined) return;
    const live = await find(functionOf);
    // Credentials end with the function that they were made for.
    if (live === null)
      throw new AwsError("UnrecognizedClientException", 403, "The security token included in the request is invalid.");
    const resources = resourcesOf(asked, place);
    if (isFree(asked) || (resources.length > 0 && resources.every((resource) => mayUse(live, asked, resource)))) return;
    throw denied(arn, asked, resources[0]?.arn ?? "*");
  };
}

interface Resource {
  readonly name: string;
  readonly arn: string;
}

/** Needs no permission on AWS either (STS API Reference, GetCallerIdentity). */
function isFree({ service, action }: Asked): boolean {
  return service === "sts" && action.name === "GetCallerIdentity";
}

// Reading and writing what is there; never making, changing or removing it.
const DATA_ACTIONS: Readonly<Record<string, ReadonlySet<string>>> = {
  lambda: new Set(["Invoke"]),
  logs: new Set(["FilterLogEvents", "GetLogEvents", "DescribeLogStreams", "CreateLogStream", "PutLogEvents"]),
  dynamodb: new Set(
    "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactGetItems TransactWriteItems DescribeTable".split(
      " ",
    ),
  ),
  sqs: new Set(
    "SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility ChangeMessageVisibilityBatch GetQueueAttributes GetQueueUrl".split(
      " ",
    ),
  ),
};

/** A function may use its own log group, and tables, queues and functions that a value of its environment names, by name, ARN or URL. */
function mayUse(fn: FunctionObject, { service, action }: Asked, { name, arn }: Resource): boolean {
  const actions = Object.hasOwn(DATA_ACTIONS, service) ? DATA_ACTIONS[service] : undefined;
  if (actions?.has(action.name) !== true) return false;
  if (service === "logs") return name === settingsOf(fn).logGroup;
  return Object.values(fn.spec.environment ?? {}).some((value) =>
    namesIn(value).some((word) => word === name || word === arn || (service === "sqs" && isUrlOf(word, arn))),
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

/** What an input is about, by name and ARN. Nothing known: nothing allowed. */
function resourcesOf({ service, input }: Asked, place: Place): readonly Resource[] {
  switch (service) {
    case "dynamodb":
      return tablesOf(input).map((given) =>
        resource(given, `arn:aws:dynamodb:${place.region}:${place.accountId}:table/`),
      );
    case "lambda":
      return textsOf(input["FunctionName"] ?? input["Resource"]).map((given) =>
        resource(functionNameOf(given), `arn:aws:lambda:${place.region}:${place.accountId}:function:`),
      );
    case "logs":
      return textsOf(input["logGroupName"] ?? input["logGroupIdentifier"]).map((given) =>
        resource(
          given.replace(/^arn:[^:]*:logs:[^:]*:[^:]*:log-group:/, "").replace(/:\*$/, ""),
          `arn:aws:logs:${place.region}:${place.accountId}:log-group:`,
        ),
      );
    case "sqs":
      return textsOf(input["QueueUrl"] ?? input["QueueName"]).map((given) =>
        resource(given.slice(given.lastIndexOf("/") + 1), `arn:aws:sqs:${place.region}:${place.accountId}:`),
      );
    default:
      return [];
  }
}

function resource(given: string, prefix: string): Resource {
  const name = given.startsWith(prefix) ? given.slice(prefix.length) : given;
  return { name, arn: `${prefix}${name}` };
}

function functionNameOf(given: string): string {
  return given.replace(/^(?:arn:aws[a-z-]*:lambda:)?(?:[a-z0-9-]+:)?(?:\d{12}:)?function:/, "").replace(/:[^:]*$/, "");
}

function textsOf(value: unknown): readonly string[] {
  return typeof value === "string" ? [value] : [];
}

/** One table, the tables of a batch, or those of a transaction. */
function tablesOf(input: Members): readonly string[] {
  const batch = Object.keys((input["RequestItems"] as object | undefined) ?? {});
  const parts: readonly unknown[] = Array.isArray(input["TransactItems"]) ? input["TransactItems"] : [];
  const inner = parts
    .flatMap((part) => Object.values(part ?? {}))
    .flatMap((one) => textsOf((one as Members | null)?.["TableName"]));
  return [...textsOf(input["TableName"]), ...batch, ...inner];
}

function denied(arn: string, { service, action }: Asked, resourceArn: string): AwsError {
  const permission = `${service}:${action.permission ?? action.name}`;
  return new AwsError(
    "AccessDeniedException",
    service === "lambda" ? 403 : 400,
    `User: ${arn} is not authorized to perform: ${permission} on resource: ${resourceArn} because no identity-based policy allows the ${permission} action`,
  );
}
