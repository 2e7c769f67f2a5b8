/** Cross-origin rules of HTTP APIs and function URLs, and what they may say (apigatewayv2 Cors, lambda Cors). Pure. */
import type { FieldFaults } from "#kinds/rules/field-faults.ts";

export interface Cors {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAge?: number;
}

const METHODS: readonly string[] = ["*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const MAX_AGE_SECONDS = 86_400;

export function corsFaults(faults: FieldFaults, at: string, cors: Cors | undefined): void {
  if (cors === undefined) return;
  const { allowOrigins = [], allowMethods = [], allowCredentials, maxAge } = cors;
  // Browsers refuse the pair, and to say each origin instead would let every page act as the user.
  if (allowCredentials === true && allowOrigins.includes("*"))
    faults.invalid(`${at}.allowOrigins`, "*", "must name the origins when allowCredentials is true");
  for (const [index, origin] of allowOrigins.entries()) {
    if (!/^(\*|[a-z][a-z\d+.-]*:\/\/[^\s/]+)$/i.test(origin))
      faults.invalid(
        `${at}.allowOrigins[${index}]`,
        origin,
        'must be "*" or a scheme and a host, such as "https://shop.test"',
      );
  }
  for (const [index, method] of allowMethods.entries())
    faults.oneOf(`${at}.allowMethods[${index}]`, method.toUpperCase(), METHODS);
  if (maxAge !== undefined && (maxAge < -1 || maxAge > MAX_AGE_SECONDS))
    faults.invalid(`${at}.maxAge`, maxAge, `must be between -1 and ${MAX_AGE_SECONDS} seconds`);
}
