/** Mapping templates of REST APIs: a template with $input, $context, $stageVariables and $util (API Gateway, "Mapping template and access logging variable reference"). Pure. */
import { draft, put } from "#base/dictionary.ts";
import type { Json } from "#base/json.ts";
import type { Context } from "../apis/api-context.ts";
import { found } from "../vtl/json-path.ts";
import { parseTemplate } from "../vtl/parse.ts";
import { render } from "../vtl/render.ts";
import type { Node } from "../vtl/syntax.ts";
import { headerValues } from "./header-values.ts";
import { Host, jsonOf, printed, type Value, valueOfJson } from "../vtl/values.ts";

/** What a template may see. */
export interface TemplateInput {
  /** Of the request, or of the integration's answer. */
  readonly body: string;
  readonly path: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly context: Readonly<Context>;
  readonly variables: Readonly<Record<string, string>>;
}

export interface Rendered {
  readonly text: string;
  /** What the template set with $context.responseOverride and $context.requestOverride. */
  readonly overrides: Overrides;
}

export interface Overrides {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly path: Readonly<Record<string, string>>;
}

const parsed = new Map<string, readonly Node[]>();
const MAX_PARSED = 1_000;

/** Throws TemplateFault for what cannot be read or takes too long. */
export function renderTemplate(template: string, input: TemplateInput): Rendered {
  const context = contextOf(input.context);
  const scope = new Map<string, Value>([
    ["input", inputOf(input)],
    ["context", context],
    ["stageVariables", new Map(Object.entries(input.variables))],
    ["util", util],
  ]);
  const text = render(nodesOf(template), scope);
  return { text, overrides: overridesOf(context) };
}

/** Templates are read once: those of deployments do not change. */
function nodesOf(template: string): readonly Node[] {
  const known = parsed.get(template);
  if (known !== undefined) return known;
  const nodes = parseTemplate(template);
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(template, nodes);
  return nodes;
}

function contextOf(context: Readonly<Context>): Map<string, Value> {
  const root = new Map<string, Value>();
  for (const [name, value] of Object.entries(context)) {
    const steps = name.split(".");
    const last = steps.pop() ?? "";
    let at = root;
    for (const step of steps) at = mapIn(at, step);
    at.set(last, value);
  }
  for (const name of ["requestOverride", "responseOverride"])
    for (const part of ["header", "querystring", "path"]) mapIn(mapIn(root, name), part);
  return root;
}

function mapIn(of: Map<string, Value>, name: string): Map<string, Value> {
  const known = of.get(name);
  if (known instanceof Map) return known;
  const made = new Map<string, Value>();
  of.set(name, made);
  return made;
}

function overridesOf(context: Map<string, Value>): Overrides {
  const [request, response] = [mapIn(context, "requestOverride"), mapIn(context, "responseOverride")];
  const status = response.get("status");
  return {
    status: status === undefined || status === null ? null : Number(printed(status)),
    headers: { ...textsOf(mapIn(request, "header")), ...textsOf(mapIn(response, "header")) },
    query: textsOf(mapIn(request, "querystring")),
    path: textsOf(mapIn(request, "path")),
  };
}

function textsOf(values: Map<string, Value>): Readonly<Record<string, string>> {
  const texts = draft<string>();
  for (const [name, value] of values) put(texts, name, printed(value));
  return texts;
}

function inputOf({ body, path, query, headers }: TemplateInput): Host {
  let root: Value | undefined;
  // A body that is no JSON is a text, which no path leads into.
  const read = (): Value => (root ??= valueOfJson(jsonOr(body, body)));
  const last = (values: ReadonlyMap<string, readonly string[]>): Map<string, Value> =>
    new Map([...values].map(([name, all]) => [name, all.at(-1) ?? ""]));
  const all = (): Map<string, Value> =>
    new Map<string, Value>([
      ["path", new Map(path)],
      ["querystring", last(query)],
      ["header", last(headers)],
    ]);
  return new Host(
    {
      json: ([at]) => jsonOf(found(printed(at), read()) ?? ""),
      path: ([at]) => found(printed(at), read()),
      params: ([name]) => {
        if (name === undefined) return all();
        const text = printed(name);
        const part = all().get(text);
        return part ?? path.get(text) ?? query.get(text)?.at(-1) ?? headerValues(headers, text)?.at(-1);
      },
    },
    { body },
  );
}

function jsonOr(text: string, otherwise: Json): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return otherwise;
  }
}

const util = new Host({
  base64Decode: ([text]) => Buffer.from(printed(text), "base64").toString("utf8"),
  base64Encode: ([text]) => Buffer.from(printed(text), "utf8").toString("base64"),
  escapeJavaScript: ([text]) => escaped(printed(text)),
  parseJson: ([text]) => valueOfJson(jsonOr(printed(text), null)),
  urlDecode: ([text]) => decoded(printed(text).replaceAll("+", " ")),
  urlEncode: ([text]) => new URLSearchParams([["", printed(text)]]).toString().slice(1),
});

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r" };

/** As Apache Commons' escapeJavaScript: also single quotes and slashes. */
function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\uffff"'\\/]/g, (one) => {
    if (`"'\\/`.includes(one)) return `\\${one}`;
    return ESCAPES[one] ?? `\\u${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
}
