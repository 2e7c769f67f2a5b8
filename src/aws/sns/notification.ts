/**
 * What subscribers receive: the envelope with its signature, the event of a function, the heads of http(s) requests (Amazon SNS
 * Developer Guide, "Message and JSON formats", "Verifying the signatures of Amazon SNS messages").
 */
import { needsConfirmation, type Subscription } from "#kinds/catamaran/subscription.ts";
import type { Topic } from "#kinds/catamaran/topic.ts";
import type { Push } from "#managed/push.ts";
import type { MessageAttribute } from "#managed/queue/message.ts";
import { bodyFor, type Note } from "#managed/topic/note.ts";
import type { Render } from "#managed/topic/topics.ts";
import type { Place } from "../place.ts";
import { requestPolicyOf, retryOf } from "./delivery-policy.ts";
import { subscriptionArn, topicArn } from "./world.ts";

/** Signs with the key whose certificate lies at `certificateUrl`. */
export interface NotificationSigner {
  readonly certificateUrl: string;
  sign(text: string, version: "1" | "2"): Promise<string>;
}

export interface Notifying extends Place {
  /** Where the door is reached: "http://127.0.0.1:4566". */
  readonly doorUrl: string;
  readonly signer: NotificationSigner;
}

type Envelope = Readonly<Record<string, unknown>>;

export function notifier(notifying: Notifying): Render {
  return async (topic, subscription, note) => {
    const { protocol, endpoint, rawMessageDelivery = false, deadLetterQueue } = subscription.spec;
    const isRaw = rawMessageDelivery && protocol !== "lambda";
    const body = bodyFor(note, subscription);
    const envelope = isRaw ? null : await envelopeOf(notifying, { topic, subscription, note });
    const payload = envelope === null ? body : JSON.stringify(envelope);
    const attributes = isRaw && protocol === "sqs" && note.attributes !== undefined;
    return {
      target: endpoint,
      source: topicArn(notifying, topic.metadata.name),
      payload: envelope !== null && protocol === "lambda" ? eventOf(notifying, subscription, envelope) : payload,
      ...(attributes && { attributes: note.attributes }),
      ...(note.group !== undefined && { group: note.group }),
      ...(note.deduplication !== undefined && { deduplication: note.deduplication }),
      ...(needsConfirmation(subscription) && addressed(notifying, { topic, subscription, note, isRaw })),
      ...(deadLetterQueue !== undefined && { deadLetter: { target: deadLetterQueue, payload } }),
    };
  };
}

interface Addressed {
  readonly topic: Topic;
  readonly subscription: Subscription;
  readonly note: Note;
}

async function envelopeOf(notifying: Notifying, { topic, subscription, note }: Addressed): Promise<Envelope> {
  const { doorUrl } = notifying;
  const unsubscribe = new URLSearchParams({
    Action: "Unsubscribe",
    SubscriptionArn: subscriptionArn(notifying, subscription),
  });
  const plain = {
    Type: "Notification",
    MessageId: note.id,
    ...(topic.spec.fifo !== undefined && { SequenceNumber: note.sequence }),
    TopicArn: topicArn(notifying, topic.metadata.name),
    ...(note.subject !== undefined && { Subject: note.subject }),
    Message: bodyFor(note, subscription),
    Timestamp: new Date(note.sentAtMs).toISOString(),
  };
  const signature = await signatureOf(notifying, topic, plain);
  return {
    ...plain,
    ...signature,
    UnsubscribeURL: `${doorUrl}/?${unsubscribe.toString()}`,
    ...(note.attributes !== undefined && { MessageAttributes: attributesOf(note.attributes) }),
  };
}

/** Notifications of FIFO topics carry none. */
async function signatureOf({ signer }: Notifying, topic: Topic, plain: Envelope): Promise<Envelope> {
  if (topic.spec.fifo !== undefined) return {};
  const version = topic.spec.signatureVersion ?? "1";
  const Signature = await signer.sign(textToSign(plain), version);
  return { SignatureVersion: version, Signature, SigningCertURL: signer.certificateUrl };
}

// In byte order, as the guide lists them for each type of message.
const SIGNED = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

function textToSign(message: Envelope): string {
  return SIGNED.filter((name) => message[name] !== undefined)
    .map((name) => `${name}\n${String(message[name])}\n`)
    .join("");
}

function attributesOf(attributes: Readonly<Record<string, MessageAttribute>>): Envelope {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [name, { Type: type, Value: value }]),
  );
}

/** A function sees some names in another case (Lambda Developer Guide, "Using AWS Lambda with Amazon SNS"). */
function eventOf(place: Place, subscription: Subscription, envelope: Envelope): string {
  const { SigningCertURL, UnsubscribeURL, ...rest } = envelope;
  const Sns = {
    Subject: null,
    ...rest,
    ...(SigningCertURL !== undefined && { SigningCertUrl: SigningCertURL }),
    UnsubscribeUrl: UnsubscribeURL,
    MessageAttributes: envelope["MessageAttributes"] ?? {},
  };
  const EventSubscriptionArn = subscriptionArn(place, subscription);
  return JSON.stringify({ Records: [{ EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn, Sns }] });
}

function addressed(
  notifying: Notifying,
  { topic, subscription, note, isRaw }: Addressed & { readonly isRaw: boolean },
): Pick<Push, "headers" | "retry"> {
  const { headerContentType } = requestPolicyOf(topic, subscription);
  return {
    retry: retryOf(topic, subscription),
    headers: {
      ...headersOf(notifying, "Notification", { id: note.id, topic: topic.metadata.name }),
      "content-type": headerContentType,
      "x-amz-sns-subscription-arn": subscriptionArn(notifying, subscription),
      ...(isRaw && { "x-amz-sns-rawdelivery": "true" }),
    },
  };
}

function headersOf(
  place: Place,
  type: string,
  of: { readonly id: string; readonly topic: string },
): Readonly<Record<string, string>> {
  return {
    "content-type": "text/plain; charset=UTF-8",
    "user-agent": "Amazon Simple Notification Service Agent",
    "x-amz-sns-message-type": type,
    "x-amz-sns-message-id": of.id,
    "x-amz-sns-topic-arn": topicArn(place, of.topic),
  };
}

/** What an http(s) subscriber is asked before it gets anything. */
export function questioner(
  notifying: Notifying,
  newId: () => string,
  now: () => number,
): (subscription: Subscription, token: string) => Promise<Push> {
  return async (subscription, Token) => {
    const { topic, endpoint } = subscription.spec;
    const TopicArn = topicArn(notifying, topic);
    const confirm = new URLSearchParams({ Action: "ConfirmSubscription", TopicArn, Token });
    const id = newId();
    const plain = {
      Type: "SubscriptionConfirmation",
      MessageId: id,
      Token,
      TopicArn,
      Message: `You have chosen to subscribe to the topic ${TopicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
      SubscribeURL: `${notifying.doorUrl}/?${confirm.toString()}`,
      Timestamp: new Date(now()).toISOString(),
    };
    const Signature = await notifying.signer.sign(textToSign(plain), "1");
    const signed = { SignatureVersion: "1", Signature, SigningCertURL: notifying.signer.certificateUrl };
    return {
      target: endpoint,
      source: TopicArn,
      payload: JSON.stringify({ ...plain, ...signed }),
      headers: headersOf(notifying, "SubscriptionConfirmation", { id, topic }),
    };
  };
}
