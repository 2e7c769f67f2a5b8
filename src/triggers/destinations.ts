/**
 * Where asynchronous invocations go when they are done with: destinations and dead letters (Lambda Developer Guide, "Capturing records
 * of Lambda asynchronous invocations"). What they become is decided here; the outbox delivers it.
 */
import { parseArn } from "#base/arn.ts";
import type { Json } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import type { View } from "#deck/objects.ts";
import { type AsyncEnd, type AsyncEvent, ASYNC_RULES, type Asynchronous } from "#functions/event-queue.ts";
import { LATEST } from "#functions/settings.ts";
import type { FunctionAsynchronous, FunctionObject } from "#kinds/catamaran/function.ts";
import { type FunctionVersion, versionName } from "#kinds/catamaran/function-version.ts";
import type { Push, Pushes } from "#managed/push.ts";

export interface DestinationTools {
  readonly functions: View<FunctionObject>;
  readonly versions: View<FunctionVersion>;
  readonly pushes: Pushes;
  readonly functionArn: (name: string, qualifier: string) => string;
  readonly now: () => number;
}

export function destinations(tools: DestinationTools): Asynchronous {
  const { functions, versions, pushes } = tools;
  const configOf = ({ namespace, name, qualifier = LATEST }: AsyncEvent): FunctionAsynchronous | undefined =>
    functions.get(keyOf(namespace, name))?.spec.asynchronous?.find((one) => (one.qualifier ?? LATEST) === qualifier);
  return {
    rulesOf: (event) => {
      const { maximumRetries, maximumAgeSeconds } = configOf(event) ?? {};
      return {
        retries: maximumRetries ?? ASYNC_RULES.retries,
        maxAgeMs: maximumAgeSeconds === undefined ? ASYNC_RULES.maxAgeMs : maximumAgeSeconds * 1_000,
      };
    },
    ended: async (event, end) => {
      const { namespace, name } = event;
      const version = end.result?.executedVersion ?? LATEST;
      const ran =
        version === LATEST
          ? functions.get(keyOf(namespace, name))
          : versions.get(keyOf(namespace, versionName(name, version)));
      const letter = ran?.spec.deadLetterTarget;
      const source = tools.functionArn(name, event.qualifier ?? LATEST);
      const timestamp = new Date(tools.now()).toISOString();
      await pushes.accept(pushesOf(event, end, { config: configOf(event) ?? {}, letter, source, timestamp }));
    },
  };
}

interface Known {
  readonly config: FunctionAsynchronous;
  /** The dead-letter target of the version that ran. */
  readonly letter: string | undefined;
  readonly source: string;
  readonly timestamp: string;
}

/** At most one destination and one dead letter: a function may have both. */
export function pushesOf(
  event: AsyncEvent,
  end: AsyncEnd,
  { config, letter, source, timestamp }: Known,
): readonly Push[] {
  const isSuccess = end.condition === "Success";
  // Nothing ran, and nothing failed: the function is gone.
  if (isSuccess && end.result === undefined) return [];
  const destination = isSuccess ? config.onSuccess : config.onFailure;
  const pushes: Push[] = [];
  if (destination !== undefined && destination !== "")
    pushes.push(recordPush(destination, { event, end, source, timestamp }));
  if (!isSuccess && letter !== undefined && letter !== "") pushes.push(letterPush(letter, { event, end, source }));
  return pushes;
}

interface Ended {
  readonly event: AsyncEvent;
  readonly end: AsyncEnd;
  readonly source: string;
}

function recordPush(target: string, { event, end, source, timestamp }: Ended & { readonly timestamp: string }): Push {
  const { result } = end;
  const record = {
    version: "1.0",
    timestamp,
    requestContext: {
      requestId: event.id,
      functionArn: source,
      condition: end.condition,
      approximateInvokeCount: end.attempts,
    },
    requestPayload: jsonOf(event.payload),
    ...(result !== undefined && {
      responseContext: {
        statusCode: result.status,
        executedVersion: result.executedVersion,
        ...(result.functionError !== undefined && { functionError: result.functionError }),
      },
      responsePayload: jsonOf(result.payload),
    }),
  };
  const type = `Lambda Function Invocation Result - ${end.condition === "Success" ? "Success" : "Failure"}`;
  const isBus = parseArn(target)?.service === "events";
  return {
    target,
    namespace: event.namespace,
    source,
    payload: JSON.stringify(record),
    ...(isBus && { event: { source: "lambda", type, resources: [target, source] } }),
  };
}

/** The event itself, with three attributes ("Adding a dead-letter queue"). */
function letterPush(target: string, { event, end, source }: Ended): Push {
  const message = errorMessageOf(end);
  return {
    target,
    namespace: event.namespace,
    source,
    payload: decodeUtf8(event.payload),
    attributes: {
      RequestID: { type: "String", value: event.id },
      ErrorCode: { type: "Number", value: String(end.result?.status ?? 429) },
      ErrorMessage: { type: "String", value: message.slice(0, MAX_MESSAGE) || end.condition },
    },
  };
}

// "The first 1 KB of the error message."
const MAX_MESSAGE = 1_024;

function errorMessageOf({ result, condition }: AsyncEnd): string {
  if (result === undefined) return condition;
  const said = jsonOf(result.payload) as { readonly errorMessage?: unknown } | null;
  return typeof said?.errorMessage === "string" ? said.errorMessage : "";
}

function jsonOf(bytes: Uint8Array): Json {
  const text = decodeUtf8(bytes);
  try {
    return text === "" ? null : (JSON.parse(text) as Json);
  } catch {
    // What is no JSON goes into the record as text.
    return text;
  }
}
