/** What the actions of Lambda, DynamoDB and Logs are until they stand on their models. */
import type { Call } from "./action.ts";
import type { Shape } from "./untyped-shape.ts";

/** The input after the protocol was taken off: members by their model names. */
export type Input = Readonly<Record<string, unknown>>;

export interface Reply {
  /** Default is the action's own status. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes go out as they are; everything else as JSON. Absent is an empty body. */
  readonly body?: unknown;
}

export interface Action {
  /** "CreateFunction". */
  readonly name: string;
  readonly input: Shape;
  /** Default is the service's. */
  readonly maxBodyBytes?: number;
  /** What IAM calls it, where that is another name ("InvokeFunction"); also in sentences about it. */
  readonly permission?: string;
  /** Texts of more than 256 KB stay bytes: the base64 of a package. */
  readonly takesPackage?: true;
  readonly run: (input: Input, call: Call) => Promise<Reply>;
}

/** REST: where members of the input come from besides the JSON body. */
export interface RestAction extends Action {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "PATCH";
  /** "/2015-03-31/functions/{FunctionName}": a name in braces is a member; "{Name+}" takes slashes too. */
  readonly path: string;
  /** Success status; default 200. */
  readonly status?: number;
  /** Query parameter to member. */
  readonly query?: Readonly<Record<string, QueryMember>>;
  /** Lower-case header to member. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The member that is the whole body, as bytes. */
  readonly payload?: string;
}

export interface QueryMember {
  readonly member: string;
  readonly is: "string" | "integer" | "boolean" | "list";
}

interface ServiceBase {
  readonly signingName: string;
  /** Default 1 MB: no management call needs as much. */
  readonly maxBodyBytes?: number;
}

export type Service = ServiceBase &
  (
    | { readonly protocol: "rest-json"; readonly actions: readonly RestAction[] }
    | {
        readonly protocol: "json-1.0" | "json-1.1";
        readonly targetPrefix: string;
        /** Of the types of its errors: "com.amazonaws.dynamodb.v20120810"; absent: they go without. */
        readonly errorNamespace?: string;
        /** Its requests may be compressed; its answers carry a checksum and are compressed when they are large. */
        readonly isCoded?: true;
        readonly actions: readonly Action[];
      }
  );
