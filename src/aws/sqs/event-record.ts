/** A message as a function of an event source mapping sees it (Lambda Developer Guide, "Using Lambda with Amazon SQS"). */
import type { Json } from "#base/json.ts";
import type { Queue } from "#kinds/catamaran/queue.ts";
import type { MessageAttribute, Received } from "#managed/queue/message.ts";
import type { Place } from "../place.ts";
import { attributesMd5, isBinary, md5 } from "./digests.ts";
import { arnOf, systemAttributes } from "./world.ts";

export function eventRecord(place: Place, { metadata }: Queue, received: Received): Json {
  const { message, ticket } = received;
  const attributes = message.attributes ?? {};
  const digest = attributesMd5(attributes);
  return {
    messageId: message.id,
    receiptHandle: ticket,
    body: message.body,
    attributes: systemAttributes(place, received),
    messageAttributes: Object.fromEntries(Object.entries(attributes).map(([name, one]) => [name, attributeOf(one)])),
    ...(digest !== undefined && { md5OfMessageAttributes: digest }),
    md5OfBody: md5(message.body),
    eventSource: "aws:sqs",
    eventSourceARN: arnOf(place, metadata.name),
    awsRegion: place.region,
  };
}

function attributeOf(attribute: MessageAttribute): Json {
  const value = isBinary(attribute) ? { binaryValue: attribute.value } : { stringValue: attribute.value };
  return { ...value, stringListValues: [], binaryListValues: [], dataType: attribute.type };
}
