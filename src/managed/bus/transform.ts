/** What a target gets of an event: all of it, a constant, a part, or a template filled in (Amazon EventBridge User Guide, "Input transformation"). Pure. */
import type { Json } from "#base/json.ts";
import type { RuleTarget } from "#kinds/catamaran/rule.ts";
import type { Envelope } from "./event.ts";
import { parsePath, valueAt } from "./json-path.ts";

/** What templates may name beside the event. */
export interface Around {
  readonly ruleArn: string;
  readonly ruleName: string;
}

/** Null when nothing that could be sent comes out of it. */
export function inputOf(target: RuleTarget, event: Envelope, around: Around): string | null {
  const { input, inputPath, inputTransformer } = target;
  if (input !== undefined) return input;
  if (inputPath !== undefined) {
    const value = valueAt(event, parsePath(inputPath) ?? []);
    return value === undefined ? null : JSON.stringify(value);
  }
  if (inputTransformer === undefined) return JSON.stringify(event);
  const filled = fill(inputTransformer, event, around);
  return isSendable(filled) ? filled : null;
}

const PLACEHOLDER = /<([^<>]+)>/g;

export const RESERVED: ReadonlySet<string> = new Set([
  "aws.events.rule-arn",
  "aws.events.rule-name",
  "aws.events.event.ingestion-time",
  "aws.events.event",
  "aws.events.event.json",
]);

/** The first placeholder of a template that neither the paths nor EventBridge itself give a value. */
export function unknownPlaceholder({
  paths = {},
  template,
}: NonNullable<RuleTarget["inputTransformer"]>): string | null {
  const names = [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
  return names.find((name) => !RESERVED.has(name) && !Object.hasOwn(paths, name)) ?? null;
}

function fill(
  { paths = {}, template }: NonNullable<RuleTarget["inputTransformer"]>,
  event: Envelope,
  around: Around,
): string {
  const isJson = template.trimStart().startsWith("{");
  const { detail: _detail, "detail-type": detailType, ...head } = event;
  const known = new Map<string, Json>([
    ...Object.entries(paths).map(([name, path]) => [name, valueAt(event, parsePath(path) ?? []) ?? ""] as const),
    ["aws.events.rule-arn", around.ruleArn],
    ["aws.events.rule-name", around.ruleName],
    ["aws.events.event.ingestion-time", event.time],
    ["aws.events.event", { ...head, detailType }],
    ["aws.events.event.json", event],
  ]);
  const quoted = quotedPlaces(template);
  return template.replaceAll(PLACEHOLDER, (_all, name: string, at: number) => {
    const value = known.get(name) ?? "";
    if (!quoted.has(at)) return JSON.stringify(value);
    if (typeof value === "string") return JSON.stringify(value).slice(1, -1);
    // As EventBridge: in a text objects and lists lose their quotes, in JSON they keep them (and what comes out is none).
    return isJson ? JSON.stringify(value) : JSON.stringify(value).replaceAll('"', "");
  });
}

/** Where in the template a "<" stands between quotes. */
function quotedPlaces(template: string): ReadonlySet<number> {
  const places = new Set<number>();
  let isQuoted = false;
  for (let at = 0; at < template.length; at++) {
    if (template[at] === "\\") at++;
    else if (template[at] === '"') isQuoted = !isQuoted;
    else if (isQuoted && template[at] === "<") places.add(at);
  }
  return places;
}

/** JSON, or several lines of it: templates of texts may have more than one. */
function isSendable(text: string): boolean {
  return isJsonText(text) || text.split("\n").every(isJsonText);
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
