/** The rest-json protocol: finds the action of a method and path, gathers its input from path, query, headers and body. */
import { draft, put } from "#base/dictionary.ts";
import type { Input, QueryMember, RestAction } from "./untyped-action.ts";
import { AwsError } from "./aws-error.ts";
import { parseCutting, parseJsonBody } from "./json-body.ts";
import type { SignedHead, SignedRequest } from "./sign.ts";

interface CompiledAction {
  readonly action: RestAction;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

export type RestRouter = (
  head: SignedHead,
) => { readonly action: RestAction; readonly path: Readonly<Record<string, string>> } | null;

export function restRouter(actions: readonly RestAction[]): RestRouter {
  const compiled = actions.map(compile);
  return (head) => {
    for (const { action, pattern, names } of compiled) {
      if (action.method !== head.method) continue;
      const match = pattern.exec(head.path);
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

/** Members of the path win over the query, and that over headers and body: a body cannot say another name than the path. */
export function restInput(action: RestAction, path: Readonly<Record<string, string>>, request: SignedRequest): Input {
  const body = action.payload === undefined ? jsonBody(action, request.body) : { [action.payload]: request.body };
  return { ...body, ...headerMembers(action, request), ...queryMembers(action, request.query), ...path };
}

function jsonBody(action: RestAction, body: Uint8Array): Input {
  if (body.length === 0) return {};
  const value = action.takesPackage === true ? parseCutting(body) : parseJsonBody(body);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new AwsError("SerializationException", 400, "Unexpected field type");
  return value as Input;
}

function headerMembers(action: RestAction, request: SignedHead): Input {
  const members = draft<string>();
  for (const [header, member] of Object.entries(action.headers ?? {})) {
    const value = request.headers[header];
    if (value !== undefined) put(members, member, value);
  }
  return members;
}

function queryMembers(action: RestAction, query: string): Input {
  const members = draft<unknown>();
  if (query === "" || action.query === undefined) return members;
  const asked = new URLSearchParams(query);
  for (const [name, known] of Object.entries(action.query)) {
    const values = asked.getAll(name);
    const last = values.at(-1);
    if (last !== undefined) put(members, known.member, known.is === "list" ? values : queryValue(name, last, known));
  }
  return members;
}

function queryValue(name: string, value: string, { is }: QueryMember): string | number | boolean {
  switch (is) {
    case "string":
    case "list":
      return value;
    case "boolean":
      return value === "true";
    case "integer":
      if (!/^-?\d{1,15}$/.test(value))
        throw new AwsError("SerializationException", 400, `STRING_VALUE '${name}' can not be converted to an Integer`);
      return Number(value);
  }
}
