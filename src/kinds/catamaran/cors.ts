/** Cross-origin rules of HTTP APIs and function URLs, and what they may say (apigatewayv2 Cors, lambda Cors). Pure. */
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { flag, type Infer, list, object, optional, text, whole } from "#kinds/schema/description.ts";

const origin = text({
  pattern: /^(\*|[a-z][a-z\d+.-]*:\/\/[^\s/]+)$/i,
  says: 'must be "*" or a scheme and a host, such as "https://shop.test"',
});

export const cors = object("Cors", {
  allowCredentials: optional(flag()),
  allowHeaders: optional(list(text())),
  allowMethods: optional(list(text())),
  allowOrigins: optional(list(origin)),
  exposeHeaders: optional(list(text())),
  maxAge: optional(whole({ min: -1, max: 86_400, unit: "seconds" })),
});

export type Cors = Infer<typeof cors>;

const METHODS: readonly string[] = ["*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** What joins members, and methods, whose case does not matter. */
export function corsRules(rules: Cors | undefined, at: string, faults: FieldFaults): void {
  const { allowOrigins = [], allowMethods = [], allowCredentials } = rules ?? {};
  // Browsers refuse the pair, and to say each origin instead would let every page act as the user.
  if (allowCredentials === true && allowOrigins.includes("*"))
    faults.invalid(`${at}.allowOrigins`, "*", "must name the origins when allowCredentials is true");
  for (const [index, method] of allowMethods.entries())
    faults.oneOf(`${at}.allowMethods[${index}]`, method.toUpperCase(), METHODS);
}

/** Everything that is wrong with the rules. */
export function corsFaults(faults: FieldFaults, at: string, rules: Cors | undefined): void {
  cors.check(rules, at, faults);
  corsRules(rules, at, faults);
}
