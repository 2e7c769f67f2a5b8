/** Parameter mappings of REST APIs: from the method's request to the integration's, and from its answer to the method's (API Gateway, "Parameter mapping for REST APIs"). Pure. */
import { found } from "../vtl/json-path.ts";
import { printed, valueOfJson } from "../vtl/values.ts";
import type { Json } from "#base/json.ts";
import { headerValues } from "./header-values.ts";
import type { TemplateInput } from "./mapping-template.ts";

export interface MappedParts {
  readonly headers: Map<string, string[]>;
  readonly query: [name: string, value: string][];
  readonly path: Map<string, string>;
}

/** "integration.request.header.X": "method.request.querystring.y" and its kin. */
export function mapParts(mapping: Readonly<Record<string, string>>, input: TemplateInput): MappedParts {
  const parts: MappedParts = { headers: new Map(), query: [], path: new Map() };
  for (const [target, source] of Object.entries(mapping)) {
    const [, part, name] = /^integration\.request\.(header|querystring|path)\.(.+)$/.exec(target) ?? [];
    const value = sourceValue(source, "method.request", input);
    if (name === undefined || value === undefined) continue;
    if (part === "header") parts.headers.set(name.toLowerCase(), [clean(value)]);
    else if (part === "querystring") parts.query.push([name, value]);
    else parts.path.set(name, value);
  }
  return parts;
}

/** Headers of the method's answer, of what the integration answered. */
export function mapAnswerHeaders(
  mapping: Readonly<Record<string, string>>,
  input: TemplateInput,
): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const [target, source] of Object.entries(mapping)) {
    const name = /^method\.response\.header\.(.+)$/.exec(target)?.[1];
    const value = sourceValue(source, "integration.response", input);
    if (name !== undefined && value !== undefined) headers.set(name.toLowerCase(), [clean(value)]);
  }
  return headers;
}

/** Undefined where there is no such value; a text in single quotes stands for itself. */
export function sourceValue(
  source: string,
  side: "method.request" | "integration.response",
  { headers, query, path, body, context, variables }: TemplateInput,
): string | undefined {
  const [, quoted] = /^'([^]*)'$/.exec(source) ?? [];
  if (quoted !== undefined) return quoted;
  const of = (prefix: string): string | undefined =>
    source.startsWith(prefix) ? source.slice(prefix.length) : undefined;
  const [inContext, inVariables] = [of("context."), of("stageVariables.")];
  if (inContext !== undefined) return context[inContext];
  if (inVariables !== undefined) return variables[inVariables];
  const rest = of(`${side}.`);
  if (rest === undefined) return undefined;
  const [part = "", ...words] = rest.split(".");
  const name = words.join(".");
  switch (part) {
    case "header":
      return headerValues(headers, name)?.at(-1);
    case "multivalueheader":
      return headerValues(headers, name)?.join(",");
    case "querystring":
      return query.get(name)?.at(-1);
    case "multivaluequerystring":
      return query.get(name)?.join(",");
    case "path":
      return path.get(name);
    case "body":
      return name === "" ? body : inBody(body, name);
    default:
      return undefined;
  }
}

function inBody(body: string, path: string): string | undefined {
  try {
    const value = found(path, valueOfJson(JSON.parse(body) as Json));
    return value === undefined || value === null ? undefined : printed(value);
  } catch {
    return undefined;
  }
}

/** A line end would begin a header of its own. */
function clean(value: string): string {
  return value.replaceAll(/[\r\n\0]/g, "");
}
