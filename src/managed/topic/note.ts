/** What is published to a topic, and which subscribers want it. Pure. */
import { isJsonObject, type Json, parseJson } from "#base/json.ts";
import { type Pattern, readPattern } from "#base/pattern/pattern.ts";
import { FILTER_POLICY, type Subscription } from "#kinds/catamaran/subscription.ts";
import type { Draft, Message, MessageAttribute } from "../queue/message.ts";

/** What a publisher hands in: as to a queue, and what only topics have. */
export interface NoteDraft extends Draft {
  readonly subject?: string;
  /** Bodies for subscribers of one protocol ("sqs", "lambda"); the others get `body`. */
  readonly bodies?: Readonly<Record<string, string>>;
}

export type Note = NoteDraft & Message;

export function bodyFor({ body, bodies }: NoteDraft, { spec: { protocol } }: Subscription): string {
  return bodies !== undefined && Object.hasOwn(bodies, protocol) ? (bodies[protocol] ?? body) : body;
}

// A policy is read once, as long as its subscription stays as it is.
const policies = new WeakMap<Subscription, Pattern>();

/** Whether the filter policy lets it through (Amazon SNS Developer Guide, "Subscription filter policies"). */
export function isWanted(note: NoteDraft, subscription: Subscription): boolean {
  const { filterPolicy, filterPolicyScope = "MessageAttributes" } = subscription.spec;
  if (filterPolicy === undefined) return true;
  const known = policies.get(subscription);
  const policy = known ?? readPattern(filterPolicy, FILTER_POLICY);
  if (known === undefined) policies.set(subscription, policy);
  if (filterPolicyScope === "MessageAttributes") return policy.matches(fieldsOf(note.attributes ?? {}));
  const body = jsonOrNull(bodyFor(note, subscription));
  return isJsonObject(body) && policy.matches(body);
}

function fieldsOf(attributes: Readonly<Record<string, MessageAttribute>>): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(attributes).flatMap(([name, one]) => fieldOf(name, one)));
}

/** Binary attributes are not seen by policies. */
function fieldOf(name: string, { type, value }: MessageAttribute): readonly (readonly [string, Json])[] {
  if (type.startsWith("Binary")) return [];
  if (type === "String.Array") return [[name, jsonOrNull(value)]];
  return [[name, type.startsWith("Number") ? Number(value) : value]];
}

function jsonOrNull(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    // No JSON: nothing in it can be named.
    return null;
  }
}
