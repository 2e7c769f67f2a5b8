/** A queue's attributes as SQS names them, from and to the spec of the Queue object (SQS API Reference, SetQueueAttributes). */
import type { Queue, QueueSpec } from "#kinds/catamaran/queue.ts";
import { MalformedPolicy, readPolicy } from "#policy/iam/document.ts";
import type { Counts } from "#managed/queue/message-queue.ts";
import { AwsError } from "../aws-error.ts";
import { arnOf, failure, invalid, nameInArn, type QueueWorld } from "./world.ts";

type Settable =
  | "ContentBasedDeduplication"
  | "DeduplicationScope"
  | "DelaySeconds"
  | "FifoQueue"
  | "FifoThroughputLimit"
  | "KmsDataKeyReusePeriodSeconds"
  | "KmsMasterKeyId"
  | "MaximumMessageSize"
  | "MessageRetentionPeriod"
  | "Policy"
  | "ReceiveMessageWaitTimeSeconds"
  | "RedriveAllowPolicy"
  | "RedrivePolicy"
  | "SqsManagedSseEnabled"
  | "VisibilityTimeout";
type Draft = { -readonly [K in keyof QueueSpec]: QueueSpec[K] };

/** Reads one attribute into a spec; throws what SQS says of a text that is no value of it. */
type Read = (spec: Draft, text: string, world: QueueWorld) => void;

const READ: Readonly<Record<Settable, Read>> = {
  DelaySeconds: (spec, text) => void (spec.delaySeconds = whole("DelaySeconds", text, 0, 900)),
  VisibilityTimeout: (spec, text) => void (spec.visibilityTimeoutSeconds = whole("VisibilityTimeout", text, 0, 43_200)),
  ReceiveMessageWaitTimeSeconds: (spec, text) =>
    void (spec.receiveWaitSeconds = whole("ReceiveMessageWaitTimeSeconds", text, 0, 20)),
  MessageRetentionPeriod: (spec, text) =>
    void (spec.retentionSeconds = whole("MessageRetentionPeriod", text, 60, 1_209_600)),
  MaximumMessageSize: (spec, text) =>
    void (spec.maximumMessageBytes = whole("MaximumMessageSize", text, 1_024, 1_048_576)),
  FifoQueue: (spec, text) => {
    // SQS itself knows the attribute only as true.
    if (text !== "true") throw unknown("FifoQueue");
    spec.fifo = { ...spec.fifo };
  },
  ContentBasedDeduplication: (spec, text) => {
    const contentBasedDeduplication = yesOrNo("ContentBasedDeduplication", text);
    if (spec.fifo === undefined) throw unknown("ContentBasedDeduplication");
    spec.fifo = { ...spec.fifo, contentBasedDeduplication };
  },
  DeduplicationScope: (spec, text) => {
    if (spec.fifo === undefined) throw unknown("DeduplicationScope");
    if (text !== "queue" && text !== "messageGroup") throw wrong("DeduplicationScope");
    spec.fifo = { ...spec.fifo, deduplicationScope: text };
  },
  FifoThroughputLimit: (spec, text) => {
    if (spec.fifo === undefined) throw unknown("FifoThroughputLimit");
    if (text !== "perQueue" && text !== "perMessageGroupId") throw wrong("FifoThroughputLimit");
    spec.fifo = { ...spec.fifo, throughputLimit: text };
  },
  RedrivePolicy: (spec, text, world) => {
    if (text === "") return void delete spec.redrive;
    const policy = parsed("RedrivePolicy", text);
    const name = nameInArn(world, String(policy["deadLetterTargetArn"]));
    const maxReceiveCount = Number(policy["maxReceiveCount"]);
    if (name === null || !Number.isInteger(maxReceiveCount)) throw wrongPolicy(text, "RedrivePolicy");
    spec.redrive = { deadLetterQueue: name, maxReceiveCount };
  },
  RedriveAllowPolicy: (spec, text, world) => {
    if (text === "") return void delete spec.redriveAllow;
    const policy = parsed("RedriveAllowPolicy", text);
    const permission = policy["redrivePermission"];
    const arns = policy["sourceQueueArns"] ?? [];
    if (permission !== "allowAll" && permission !== "denyAll" && permission !== "byQueue")
      throw wrongPolicy(text, "RedriveAllowPolicy");
    const sources = Array.isArray(arns) ? arns.map((arn) => nameInArn(world, String(arn)) ?? String(arn)) : [];
    spec.redriveAllow = { permission, ...(permission === "byQueue" && { sources }) };
  },
  SqsManagedSseEnabled: (_spec, text) => {
    if (yesOrNo("SqsManagedSseEnabled", text)) throw unserved("SqsManagedSseEnabled=true", "leave it out");
  },
  KmsMasterKeyId: (_spec, text) => {
    if (text !== "") throw unserved("KmsMasterKeyId", "leave it out");
  },
  KmsDataKeyReusePeriodSeconds: () => {
    throw unserved("KmsDataKeyReusePeriodSeconds", "leave it out");
  },
  Policy: (spec, text) => {
    if (text === "") return void delete spec.policy;
    if (!isPolicy(text)) throw wrong("Policy");
    spec.policy = text;
  },
};

function isPolicy(text: string): boolean {
  try {
    return readPolicy(text, { kind: "resource" }).statements.length > 0;
  } catch (thrown) {
    if (thrown instanceof MalformedPolicy) return false;
    throw thrown;
  }
}

// It makes the queue what the others of FIFO queues need.
const FIRST: Settable = "FifoQueue";

/** The spec with these attributes set. AwsError: InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue. */
export function withAttributes(
  spec: QueueSpec,
  attributes: Readonly<Record<string, string>>,
  world: QueueWorld,
): QueueSpec {
  const draft: Draft = { ...spec };
  const names = Object.keys(attributes).toSorted((a, b) => Number(b === FIRST) - Number(a === FIRST));
  for (const name of names) {
    if (!isSettable(name)) throw unknown(name);
    READ[name](draft, attributes[name] ?? "", world);
  }
  return draft;
}

function isSettable(name: string): name is Settable {
  return Object.hasOwn(READ, name);
}

export function unknown(name: string): AwsError {
  return failure("InvalidAttributeName", `Unknown Attribute ${name}.`);
}

function wrong(name: string): AwsError {
  return failure("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);
}

function wrongPolicy(text: string, name: string): AwsError {
  return invalid(
    `Value ${text.slice(0, 1_024)} for parameter ${name} is invalid. Reason: Invalid value for its members.`,
  );
}

function unserved(what: string, instead: string): AwsError {
  return new AwsError("UnsupportedOperation", 400, `${what} is not supported by Catamaran; ${instead}`);
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw wrong(name);
  return value;
}

function yesOrNo(name: string, text: string): boolean {
  if (text !== "true" && text !== "false") throw wrong(name);
  return text === "true";
}

function parsed(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value));
  } catch {
    // Said below, with the text itself.
  }
  throw invalid(
    `Value ${text.slice(0, 1_024)} for parameter ${name} is invalid. Reason: Redrive policy is not a valid JSON map.`,
  );
}

export interface Described {
  readonly queue: Queue;
  readonly counts: Counts;
}

/** Every attribute that the queue has, by name. */
export function attributesOf(world: QueueWorld, { queue, counts }: Described): Readonly<Record<string, string>> {
  const { metadata, spec } = queue;
  const { fifo, redrive, redriveAllow } = spec;
  const created = String(Math.floor(Date.parse(metadata.creationTimestamp ?? "") / 1_000));
  return {
    QueueArn: arnOf(world, metadata.name),
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    CreatedTimestamp: created,
    LastModifiedTimestamp: metadata.annotations?.[MODIFIED_AT] ?? created,
    VisibilityTimeout: String(spec.visibilityTimeoutSeconds),
    MaximumMessageSize: String(spec.maximumMessageBytes),
    MessageRetentionPeriod: String(spec.retentionSeconds),
    DelaySeconds: String(spec.delaySeconds),
    ReceiveMessageWaitTimeSeconds: String(spec.receiveWaitSeconds),
    SqsManagedSseEnabled: "false",
    ...(spec.policy !== undefined && { Policy: spec.policy }),
    ...(redrive !== undefined && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: arnOf(world, redrive.deadLetterQueue),
        maxReceiveCount: redrive.maxReceiveCount,
      }),
    }),
    ...(redriveAllow !== undefined && {
      RedriveAllowPolicy: JSON.stringify({
        redrivePermission: redriveAllow.permission,
        ...(redriveAllow.sources !== undefined && {
          sourceQueueArns: redriveAllow.sources.map((name) => arnOf(world, name)),
        }),
      }),
    }),
    ...(fifo !== undefined && {
      FifoQueue: "true",
      ContentBasedDeduplication: String(fifo.contentBasedDeduplication ?? false),
      DeduplicationScope: fifo.deduplicationScope ?? "queue",
      FifoThroughputLimit: fifo.throughputLimit ?? "perQueue",
    }),
  };
}

/** When attributes were last set through SQS, in seconds since the epoch. */
export const MODIFIED_AT = "catamaran.dev/modified-at-seconds";
