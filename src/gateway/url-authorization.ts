/** The contract between gateway and control about function URLs with AuthType AWS_IAM: who signed, and whether the door's rules let him in. */
import type { IamCaller } from "./http-event.ts";

/** A request as the client sent it: a signature is over what was sent, not over what we make of it. */
export interface UrlRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Lower-case names; several values joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lower-case hexadecimal SHA-256 of the body. */
  readonly bodySha256: string;
  readonly namespace: string;
  readonly name: string;
}

export type UrlVerdict =
  | { readonly is: "allowed"; readonly caller: IamCaller }
  /** `code` goes into x-amzn-errortype. */
  | { readonly is: "refused"; readonly status: number; readonly code: string; readonly message: string };

export type AuthorizeUrl = (request: UrlRequest) => UrlVerdict | Promise<UrlVerdict>;
