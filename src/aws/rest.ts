/** The rest-json protocol: finds the action of a method and path, gathers its input from path, query, headers and body. */
import { parseJson } from "#base/json.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import type { Input, QueryMember, RestAction } from "./action.ts";
import { AwsError } from "./aws-error.ts";
import type { SignedRequest } from "./sign.ts";

interface CompiledAction {
  readonly action: RestAction;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

export type RestRouter = (
  request: SignedRequest,
) => { readonly action: RestAction; readonly path: Readonly<Record<string, string>> } | null;

export function restRouter(actions: readonly RestAction[]): RestRouter {
  const compiled = actions.map(compile);
  return (request) => {
    for (const { action, pattern, names } of compiled) {
      if (action.method !== request.method) continue;
      const match = pattern.exec(request.path);
      if (match !== null)
        return { action, path: Object.fromEntries(names.map((name, i) => [name, decodePart(match[i + 1] ?? "")])) };
    }
    return null;
  };
}

function compile(action: RestAction): CompiledAction {
  const names: string[] = [];
  const source = action.path.replace(/\{(\w+)(\+?)\}/g, (_whole, name: string, plus: string) => {
    names.push(name);
    return plus === "+" ? "(.+)" : "([^/]+)";
  });
  return { action, pattern: new RegExp(`^${source}/?$`), names };
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError("ValidationException", 400, `the path has a malformed percent sign in '${text}'`);
  }
}

export function restInput(action: RestAction, path: Readonly<Record<string, string>>, request: SignedRequest): Input {
  const body = action.payload === undefined ? jsonBody(request.body) : { [action.payload]: request.body };
  return { ...body, ...headerMembers(action, request), ...queryMembers(action, request.query), ...path };
}

function jsonBody(body: Uint8Array): Input {
  if (body.length === 0) return {};
  const value = parseJson(decodeUtf8(body));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AwsError("SerializationException", 400, "the body must be a JSON object");
  }
  return value as Input;
}

function headerMembers(action: RestAction, request: SignedRequest): Input {
  const members: Record<string, string> = {};
  for (const [header, member] of Object.entries(action.headers ?? {})) {
    const value = request.headers[header];
    if (value !== undefined) members[member] = value;
  }
  return members;
}

function queryMembers(action: RestAction, query: string): Input {
  const members: Record<string, string | number | boolean> = {};
  if (query === "") return members;
  for (const [name, value] of new URLSearchParams(query)) {
    const known = action.query?.[name];
    if (known === undefined) continue;
    const before = members[known.member];
    // A repeated parameter is a list; its strings are joined by commas.
    members[known.member] = before === undefined ? queryValue(name, value, known) : `${before},${value}`;
  }
  return members;
}

function queryValue(name: string, value: string, { is }: QueryMember): string | number | boolean {
  switch (is) {
    case "string":
      return value;
    case "boolean":
      return value === "true";
    case "integer":
      if (!/^-?\d+$/.test(value))
        throw new AwsError("ValidationException", 400, `the query parameter '${name}' must be an integer`);
      return Number(value);
  }
}
