/** JWT authorizers: whether a token is the issuer's, for us, and of now (API Gateway, "Control access to HTTP APIs with JWT authorizers"; RFC 7519, RFC 8725). */
import { type CryptoKey, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type KeyObject } from "jose";
import type { Clock } from "#base/clock.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

export interface JwtRules {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** The token needs one of them; empty: none. */
  readonly scopes: readonly string[];
}

export type JwtVerdict =
  | {
      readonly is: "allowed";
      readonly claims: Readonly<Record<string, string>>;
      readonly scopes: readonly string[] | null;
    }
  /** `challenge` goes into WWW-Authenticate (RFC 6750 section 3). */
  | { readonly is: "refused"; readonly status: 401 | 403; readonly challenge: string };

// API Gateway takes RSA signatures alone. "none", and keys that are no secret used as if they were, are out by that.
const ALGORITHMS: readonly string[] = ["RS256", "RS384", "RS512"];
const MAX_TOKEN_CHARACTERS = 16 * 1024;

/** `text` is the whole identity source: a token, with or without "Bearer " before it. */
export async function verifyJwt(
  text: string,
  rules: JwtRules,
  { keys, clock }: { readonly keys: Pick<IssuerKeys, "keyOf">; readonly clock: Clock },
): Promise<JwtVerdict> {
  const token = /^bearer /i.test(text) ? text.slice("bearer ".length).trim() : text;
  if (token.length > MAX_TOKEN_CHARACTERS || token.split(".").length !== 3)
    return invalid("token contains an invalid number of segments");
  try {
    const { kid, alg = "", crit } = decodeProtectedHeader(token);
    if (!ALGORITHMS.includes(alg)) return invalid(`signing method ${printable(alg)} is invalid`);
    if (typeof kid !== "string" || kid === "" || crit !== undefined) return invalid("the token has no valid kid");
    const key = await keys.keyOf(rules.issuer, kid);
    if (key === null) return invalid("unable to find key for kid");
    const payload = await payloadOf(token, key, { issuer: rules.issuer, nowMs: clock.now() });
    return typeof payload === "string" ? invalid(payload) : judged(payload, rules, clock.now());
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError || thrown instanceof TypeError || thrown instanceof SyntaxError)
      return invalid("the token is not well formed");
    throw thrown;
  }
}

async function payloadOf(
  token: string,
  key: CryptoKey | KeyObject | Uint8Array,
  { issuer, nowMs }: { readonly issuer: string; readonly nowMs: number },
): Promise<JWTPayload | string> {
  try {
    const options = { issuer, algorithms: [...ALGORITHMS], currentDate: new Date(nowMs), requiredClaims: ["exp"] };
    return (await jwtVerify(token, key, options)).payload;
  } catch (thrown) {
    if (thrown instanceof errors.JWTExpired) return "the token has expired";
    if (thrown instanceof errors.JWSSignatureVerificationFailed) return "the signature is invalid";
    if (thrown instanceof errors.JWTClaimValidationFailed) return `the ${printable(thrown.claim)} claim is invalid`;
    throw thrown;
  }
}

function judged(payload: JWTPayload, rules: JwtRules, nowMs: number): JwtVerdict {
  // jose looks at iat only where a greatest age is asked for.
  if (payload.iat !== undefined && payload.iat * 1_000 > nowMs) return invalid("the token was issued in the future");
  if (!isForUs(payload, rules.audience)) return invalid("the token does not have a valid audience");
  const held = scopesOf(payload);
  const { scopes } = rules;
  if (scopes.length > 0 && !scopes.some((scope) => held.includes(scope)))
    return {
      is: "refused",
      status: 403,
      challenge: `Bearer scope="${scopes.join(" ")}" error="insufficient_scope" error_description="the token does not have the required scopes"`,
    };
  return { is: "allowed", claims: claimsOf(payload), scopes: scopes.length > 0 ? held : null };
}

/** client_id stands in only where there is no audience at all: Amazon Cognito's access tokens have none. */
function isForUs({ aud, client_id: client }: JWTPayload, wanted: readonly string[]): boolean {
  if (aud === undefined) return typeof client === "string" && wanted.includes(client);
  return [aud].flat().some((one) => wanted.includes(one));
}

/** "scope" is a text with blanks (RFC 8693 4.2), "scp" often a list. */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] {
  return [scope, scp].flatMap((said) => {
    if (typeof said === "string") return said.split(" ").filter((one) => one !== "");
    return Array.isArray(said) ? said.filter((one) => typeof one === "string") : [];
  });
}

/** As API Gateway hands them on: each a text, a list as "[a b]". */
function claimsOf(payload: JWTPayload): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      Array.isArray(value) ? `[${value.join(" ")}]` : textOf(value),
    ]),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function invalid(why: string): JwtVerdict {
  return { is: "refused", status: 401, challenge: `Bearer error="invalid_token" error_description="${why}"` };
}

/** The client's own words come back in a header: nothing in them may end it. */
function printable(text: string): string {
  return String(text)
    .replaceAll(/[^\w.-]/g, "")
    .slice(0, 32);
}
