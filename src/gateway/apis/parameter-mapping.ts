/** Parameter mapping of HTTP APIs: what is changed on a request before its integration, and on the answer (API Gateway, "Transform API requests and responses"). Pure. */
import { member } from "#base/dictionary.ts";
import { decodePercent } from "#base/percent.ts";
import { changeOf, isStatusKey, type PartChange } from "#kinds/catamaran/parameter-key.ts";

/** What the values of a mapping may speak of. */
export interface MappingSource {
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly query: string;
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly variables: Readonly<Record<string, string>>;
  /** "$context.NAME"; undefined: there is none. */
  readonly context: (name: string) => string | undefined;
}

export interface MappedRequest {
  readonly headers: Map<string, string[]>;
  /** As it goes out, without the question mark. */
  readonly query: string;
  readonly path: string;
}

/** The parts of a request that a mapping may change. `request` is the source's own. */
export function mapRequest(
  mapping: Readonly<Record<string, string>>,
  request: MappedRequest,
  source: MappingSource,
): MappedRequest {
  const entries = Object.entries(mapping);
  if (entries.length === 0) return request;
  const headers = new Map(request.headers);
  const query = new URLSearchParams(request.query);
  let { path } = request;
  for (const [key, said] of entries) {
    const change = changeOf(key);
    if (change === null) continue;
    const value = valueOf(said, "request", source);
    if (change.part === "path") path = value.startsWith("/") ? value : `/${value}`;
    else if (change.part === "header") changeHeader(headers, change, value);
    else changeQuery(query, change, value);
  }
  // What no mapping touches goes out as it came, byte by byte.
  const isQueryMapped = entries.some(([key]) => changeOf(key)?.part === "querystring");
  return { headers, query: isQueryMapped ? query.toString() : request.query, path };
}

export interface MappedAnswer {
  readonly status: number;
  readonly headers: Map<string, string[]>;
}

/** The mapping of the answer's own status, or of "default". */
export function mapAnswer(
  mappings: Readonly<Record<string, Readonly<Record<string, string>>>>,
  { status, headers }: MappedAnswer,
  source: MappingSource,
): MappedAnswer {
  const mapping = member(mappings, String(status)) ?? member(mappings, "default");
  if (mapping === undefined) return { status, headers };
  const changed = new Map(headers);
  let code = status;
  for (const [key, said] of Object.entries(mapping)) {
    const value = valueOf(said, "response", { ...source, headers });
    const change = changeOf(key);
    if (isStatusKey(key)) code = statusOf(value) ?? status;
    else if (change?.part === "header") changeHeader(changed, change, value);
  }
  return { status: code, headers: changed };
}

function statusOf(text: string): number | null {
  return /^[2-5]\d\d$/.test(text) ? Number(text) : null;
}

function changeHeader(headers: Map<string, string[]>, { how, name }: PartChange, value: string): void {
  // A line end would begin a header of its own.
  const clean = value.replaceAll(/[\r\n\0]/g, "");
  switch (how) {
    case "append":
      return void headers.set(name, [...(headers.get(name) ?? []), clean]);
    case "overwrite":
      return void headers.set(name, [clean]);
    case "remove":
      return void headers.delete(name);
  }
}

function changeQuery(query: URLSearchParams, { how, name }: PartChange, value: string): void {
  switch (how) {
    case "append":
      return query.append(name, value);
    case "overwrite":
      return query.set(name, value);
    case "remove":
      return query.delete(name);
  }
}

/** A text with "${request.header.x}" in it, or one such selector alone: "$request.header.x". */
export function valueOf(said: string, side: "request" | "response", source: MappingSource): string {
  if (/^\$[a-z]/i.test(said)) return selected(said.slice(1), side, source);
  return said.replaceAll(/\$\{([^}]*)\}/g, (_whole, selector: string) => selected(selector, side, source));
}

function selected(selector: string, side: "request" | "response", source: MappingSource): string {
  const [head = "", part = "", ...rest] = selector.split(".");
  const name = rest.join(".");
  if (head === "context") return source.context([part, ...rest].join(".")) ?? "";
  if (head === "stageVariables") return member(source.variables, [part, ...rest].join(".")) ?? "";
  if (head !== side) return "";
  switch (part) {
    case "header":
      return source.headers.get(name.toLowerCase())?.join(",") ?? "";
    case "querystring":
      return new URLSearchParams(source.query).getAll(name).join(",");
    case "path":
      return name === "" ? decodePercent(source.path) : (source.parameters.get(name) ?? "");
    case "body":
      return inBody(source.body, rest);
    default:
      return "";
  }
}

/** "$request.body.user.name" of a JSON body; without a name the whole body. */
function inBody(body: Uint8Array, path: readonly string[]): string {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  if (path.length === 0) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "";
  }
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return "";
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
