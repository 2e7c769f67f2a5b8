/** What STS's actions work on, and the errors that they share. */
import type { Identities } from "#managed/identity/identities.ts";
import type { IamMode } from "../authorize.ts";
import { AwsError } from "../aws-error.ts";
import { type RootKey, sessionCredentials, type Session } from "../credentials.ts";
import type { Judge } from "../judge.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import { type Credentials, model, type ModelErrors } from "./model.gen.ts";

/** What a web identity token says, once its signature was found right. */
export interface WebClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since 1970. */
  readonly exp: number;
}

/** The issuer that we are ourselves: of the tokens of service accounts. */
export interface TokenIssuer {
  readonly url: string;
  /** Null when it did not issue that token, or what it speaks for is gone. One that has expired is told with its claims. */
  readonly claimsOf: (token: string) => WebClaims | null;
}

export interface StsWorld {
  readonly identities: Identities;
  readonly judge: Judge;
  readonly root: RootKey;
  readonly mode: IamMode;
  /** Null where there are no pods. */
  readonly issuer: TokenIssuer | null;
}

export const failure: Failure<ModelErrors> = errorsOf(model);

export function invalid(message: string): AwsError {
  return new AwsError("ValidationError", 400, message);
}

export function accessDenied(message: string): AwsError {
  return new AwsError("AccessDenied", 403, message);
}

export function credentialsFor(root: RootKey, session: Session): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken } = sessionCredentials(root, session);
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: session.expiresMs,
  };
}
