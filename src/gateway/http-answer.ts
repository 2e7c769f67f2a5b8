/**
 * From a function's result to an HTTP answer, and what the front says where there is none (API Gateway Developer Guide, "Lambda
 * function response for format 1.0 / 2.0"; Lambda Developer Guide, "Response payload format" of function URLs). Pure.
 */
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { EventRoute } from "./http-event.ts";

export type Front = EventRoute["front"];

export interface EdgeAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
}

/** Why a function gave no answer. */
export type Failure =
  | "failed"
  | "malformed"
  | "too slow"
  | "throttled"
  | "gone"
  | "too large"
  | "unavailable"
  | "forbidden";

const JSON_TYPE = "application/json";

/**
 * Format 2.0 infers: a value without statusCode is a JSON body with 200. "malformed" when a 1.0 result has no statusCode, when the status
 * is none that ends an exchange (RFC 9110 15.2: 1xx do not), or when a header cannot be sent.
 */
export function answerOf(
  payload: Uint8Array,
  { front, format }: { readonly front: Front; readonly format: "1.0" | "2.0" },
): EdgeAnswer | "malformed" {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  let result: unknown;
  try {
    result = JSON.parse(text === "" ? "null" : text);
  } catch {
    // Custom runtimes may answer what is no JSON; it is nobody's valid response then.
    return "malformed";
  }
  if (!isRecord(result) || result["statusCode"] === undefined) return format === "2.0" ? inferred(result) : "malformed";
  const head = headOf(result, defaultType(result, front));
  return head === "malformed" ? head : { ...head, body: bodyOf(result) };
}

/** Status, headers and cookies. */
export function headOf(
  result: Readonly<Record<string, unknown>>,
  defaultType: string,
): Omit<EdgeAnswer, "body"> | "malformed" {
  const status = Number(result["statusCode"]);
  if (!Number.isInteger(status) || status < 200 || status > 599) return "malformed";
  const headers = headersOf(result, defaultType);
  return headers === null ? "malformed" : { status, headers };
}

/** Answers without a function's result, in the words of AWS's fronts. */
export function failureAnswer(front: Front, failure: Failure): EdgeAnswer {
  const [status, body] = front === "function-url" ? urlFailure(failure) : apiFailure(failure);
  return { status, headers: new Map([["content-type", [JSON_TYPE]]]), body: Buffer.from(body) };
}

function apiFailure(failure: Failure): readonly [status: number, body: string] {
  const say = (status: number, message: string) => [status, JSON.stringify({ message })] as const;
  switch (failure) {
    case "failed":
    case "malformed":
    case "gone":
      return say(500, "Internal Server Error");
    case "too slow":
    case "unavailable":
      return say(503, "Service Unavailable");
    case "throttled":
      return say(429, "Too Many Requests");
    case "too large":
      return say(413, "Request Entity Too Large");
    case "forbidden":
      return say(403, "Forbidden");
  }
}

function urlFailure(failure: Failure): readonly [status: number, body: string] {
  const say = (status: number, Message: string) => [status, JSON.stringify({ Message })] as const;
  switch (failure) {
    case "failed":
    case "malformed":
      return [502, "Internal Server Error"];
    case "too slow":
      return say(504, "Gateway Timeout");
    case "unavailable":
      return say(503, "Service Unavailable");
    case "throttled":
      return say(429, "Rate Exceeded.");
    case "too large":
      return say(413, "Request Entity Too Large");
    case "gone":
    case "forbidden":
      return say(403, "Forbidden");
  }
}

function inferred(result: unknown): EdgeAnswer {
  const body = typeof result === "string" ? result : JSON.stringify(result);
  return { status: 200, headers: new Map([["content-type", [JSON_TYPE]]]), body: Buffer.from(body) };
}

/** Null when a name or a value cannot be sent (a line end would begin a header of its own). */
function headersOf(
  result: Readonly<Record<string, unknown>>,
  defaultType: string,
): ReadonlyMap<string, string[]> | null {
  const headers = new Map<string, string[]>();
  for (const [name, value] of entriesOf(result["headers"])) headers.set(name.toLowerCase(), [String(value)]);
  for (const [name, values] of entriesOf(result["multiValueHeaders"])) {
    if (Array.isArray(values)) headers.set(name.toLowerCase(), values.map(String));
  }
  // Beside a Set-Cookie header that the function gave, not in its place.
  if (Array.isArray(result["cookies"]))
    headers.set("set-cookie", [...(headers.get("set-cookie") ?? []), ...result["cookies"].map(String)]);
  if (!headers.has("content-type")) headers.set("content-type", [defaultType]);
  return canBeSent(headers) ? headers : null;
}

function defaultType(result: Readonly<Record<string, unknown>>, front: Front): string {
  return front !== "http-api" || typeof result["body"] !== "string" ? JSON_TYPE : "text/plain;charset=utf-8";
}

function canBeSent(headers: ReadonlyMap<string, readonly string[]>): boolean {
  try {
    for (const [name, values] of headers) {
      validateHeaderName(name);
      for (const value of values) validateHeaderValue(name, value);
    }
    return true;
  } catch {
    // Node says which; the client is told that the answer is malformed, the log says no more than that either.
    return false;
  }
}

function bodyOf(result: Readonly<Record<string, unknown>>): Uint8Array {
  const body = result["body"];
  if (body === undefined || body === null) return new Uint8Array();
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return Buffer.from(text, result["isBase64Encoded"] === true ? "base64" : "utf8");
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isRecord(value) ? Object.entries(value) : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
