/** What pages of other origins may do with a bucket (Fetch standard, "CORS protocol"; Amazon S3 User Guide, "Elements of a CORS configuration"). Pure. */
import type { BucketCorsRule } from "#kinds/catamaran/bucket.ts";

export interface CrossOrigin {
  readonly origin: string;
  readonly method: string;
  /** Of a preflight: the headers that will be sent. */
  readonly headers: readonly string[];
}

/** The headers of the first rule that lets all of it pass; null: none does. */
export function crossOriginHeaders(
  rules: readonly BucketCorsRule[],
  asked: CrossOrigin,
  isPreflight: boolean,
): Readonly<Record<string, string>> | null {
  const rule = rules.find((one) => passes(one, asked));
  if (rule === undefined) return null;
  const isForAll = rule.allowedOrigins.includes("*");
  return {
    "access-control-allow-origin": isForAll ? "*" : asked.origin,
    "access-control-allow-methods": rule.allowedMethods.join(", "),
    ...(isPreflight && asked.headers.length > 0 && { "access-control-allow-headers": asked.headers.join(", ") }),
    ...(rule.exposeHeaders !== undefined && { "access-control-expose-headers": rule.exposeHeaders.join(", ") }),
    ...(rule.maxAgeSeconds !== undefined && { "access-control-max-age": String(rule.maxAgeSeconds) }),
    ...(!isForAll && { "access-control-allow-credentials": "true" }),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}

function passes(
  { allowedOrigins, allowedMethods, allowedHeaders = [] }: BucketCorsRule,
  { origin, method, headers }: CrossOrigin,
): boolean {
  return (
    allowedMethods.some((one) => one === method) &&
    allowedOrigins.some((pattern) => fits(pattern, origin)) &&
    headers.every((header) => allowedHeaders.some((pattern) => fits(pattern.toLowerCase(), header.toLowerCase())))
  );
}

/** One "*" stands for anything. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}
