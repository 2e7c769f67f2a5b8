/** What a protocol is: how it names an operation, reads an input, writes an output and an error. Each is a value; none holds state of a request. */
import type { BoundAction, Members, Service } from "../action.ts";
import type { AwsError } from "../aws-error.ts";
import type { Operation } from "../operation.ts";
import type { Reply } from "../reply.ts";
import type { SignedHead, SignedRequest } from "../sign.ts";

/** What a request asks for. */
export interface Route {
  readonly action: BoundAction;
  /** Members that stand in the path, still percent-encoded. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Finds the action of a head; null when there is none, or when only the body names it. */
export type FindRoute = (head: SignedHead) => Route | null;

export interface Asking {
  readonly service: Service;
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Protocol {
  /** Of a service that speaks several, whether a request is in this one. */
  readonly speaks: (head: SignedHead) => boolean;
  /** Called once for a service. */
  readonly routes: (service: Service) => FindRoute;
  /** For protocols whose body names the operation. */
  readonly routesByBody?: (service: Service) => (request: SignedRequest) => Route | null;
  /** What is said to a request for an operation that there is not. */
  readonly unknown: (service: Service, request: SignedRequest) => AwsError;
  /** The input, with the types of the operation's structure. Throws AwsError for what cannot be read. */
  readonly read: (request: SignedRequest, operation: Operation, labels: Route["labels"]) => Members;
  readonly write: (output: Members, operation: Operation, asking: Asking) => Reply;
  /** `operation` is null when the error came before it was known. */
  readonly writeError: (error: AwsError, operation: Operation | null, asking: Asking) => Reply;
}
