/** What is known of a request to an API, under the names of API Gateway's $context, for mappings and access logs. Pure. */
import { member } from "#base/dictionary.ts";

/** "requestId", "identity.sourceIp", "authorizer.claims.sub"; grows while the request is served. */
export type Context = Record<string, string>;

/** In the tongue of access logs a value that is not there is a dash. */
export function logLine(format: string, context: Readonly<Context>): string {
  return format.replaceAll(/\$context\.([\w.-]*[\w-])/g, (_whole, name: string) => {
    const value = member(context, name);
    // One line a request, and no quote that ends a JSON text before its time.
    return value === undefined || value === "" ? "-" : escaped(value);
  });
}

function escaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "23/Nov/2026:05:00:00 +0000": the time of the Common Log Format. */
export function commonLogTime(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

/** Puts all that is in a value under names of its own: { claims: { sub } } as "authorizer.claims.sub". */
export function flatten(into: Context, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) into[name] = String(value);
  else for (const [key, inner] of Object.entries(value)) flatten(into, `${name}.${key}`, inner);
}
