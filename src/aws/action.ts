/** What an AWS action and a service are: values over a generated model. The listener knows nothing else about them. */
import type { Place } from "./place.ts";
import type { AwsError } from "./aws-error.ts";
import { type Operation, operationOf } from "./operation.ts";
import type { Model } from "./model.ts";
import { type Refusal, refusalsOf } from "./refuse.ts";
import type { Complete, Served, ServedPath } from "./served.ts";
import type { Reply } from "./reply.ts";
import type { Caller, Claim, FindCaller, SignedHead } from "./sign.ts";

/** What an action may know about the request that carries it. */
export interface Call {
  readonly caller: Caller;
  readonly requestId: string;
  readonly region: string;
  /** Wall time in ms. */
  readonly now: number;
  /** "" where nobody came by a socket. */
  readonly sourceIp?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For actions whose input proves who asks: finds him, has him proven, and whether he may. Nobody has the key "". Throws as the door does. */
  readonly admit?: (by: Proof) => Promise<Caller>;
  /** Headers that came behind a streamed body: known once all of it is read. */
  readonly trailers?: ReadonlyMap<string, string>;
}

export interface Proof {
  readonly accessKeyId: string;
  readonly sessionToken?: string;
  /** Throws when it was not he. */
  readonly prove: (caller: Caller) => void;
  readonly needs: readonly Need[];
}

/** An input or output without its protocol: members by their model names, blobs as bytes, timestamps as wall time in ms. */
export type Members = Readonly<Record<string, unknown>>;

/** An output with a head of its own, for the few actions that say more than their model. */
export class Answer<Output> {
  readonly output: Output;
  /** They replace those that the protocol would send. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where it differs from the model's. */
  readonly status: number | undefined;
  /** Instead of what the protocol would make of the output. */
  readonly body: Reply["body"];

  constructor(
    output: Output,
    headers: Readonly<Record<string, string>>,
    { status, body }: { readonly status?: number; readonly body?: Reply["body"] } = {},
  ) {
    this.output = output;
    this.headers = headers;
    this.status = status;
    this.body = body;
  }
}

/** Values of condition keys, by their whole names: "iam:PassedToService". */
export type ConditionValues = Readonly<Record<string, string | readonly string[]>>;

/** A permission that an action asks of its caller on one thing: "sqs:SendMessage" on the queue's ARN. */
export interface Need {
  readonly permission: string;
  readonly resource: string;
  readonly conditions?: ConditionValues;
}

/** What policies can say about an action (Service Authorization Reference); pure functions of an input that fits its model. */
interface Rights<Input> {
  /** ARNs of all that it is about: its permission is needed on each. Default is "*": it is about nothing that has a name. */
  resources?(input: Input, place: Place): readonly string[];
  /** Condition keys beside the global ones. */
  conditions?(input: Input, place: Place): ConditionValues;
  /** Permissions of other names that it needs too: iam:PassRole for the role that it hands on. */
  alsoNeeds?(input: Input, place: Place): readonly Need[];
}

/** `run` is a method, so that actions of different inputs are all actions: the door gives each what its model says. */
export interface Action<World> extends ActionOptions, Rights<Members> {
  readonly operation: Operation;
  /** Paths of members: "FunctionName", "Code.ZipFile"; a path stands for all that is inside. */
  readonly serves: readonly string[];
  /** Paths of members, or of one value of a member ("InvokeMode=RESPONSE_STREAM"), and what to do instead. */
  readonly unserved: Readonly<Record<string, string>>;
  run(world: World, input: Members, call: Call): Promise<Members | Answer<Members>>;
}

export interface ActionOptions {
  /** What IAM calls it, where that is another name ("InvokeFunction"); also in sentences about it. */
  readonly permission?: string;
  /** Whoever signs may do it, on AWS too: GetCallerIdentity. */
  readonly isFree?: true;
  /** Nobody needs to sign: the input proves who asks. */
  readonly isOpen?: true;
  /** Default is the service's. */
  readonly maxBodyBytes?: number;
}

interface Types {
  readonly input: Members;
  readonly output: Members;
}

/** What an action says of itself: `S` and `U` are the members that it names, `W` is what it works on. */
interface Definition<T extends Types, S extends string, U extends string, W>
  extends ActionOptions, Rights<Served<T["input"], S>> {
  readonly serves: readonly S[];
  readonly unserved: Readonly<Record<U, string>> & Complete<T["input"], S | U>;
  run(world: W, input: Served<T["input"], S>, call: Call): Promise<T["output"] | Answer<T["output"]>>;
}

/**
 * An action of a model. Its input has the members that `serves` names; each other one stands in `unserved` with what to do
 * instead, and a request that says it is refused. Members inside of members are proved by `src/aws/served.test.ts`.
 */
export function action<
  O extends { readonly [name: string]: Types },
  N extends keyof O & string,
  const S extends ServedPath<O[N]["input"]>,
  const U extends string,
  W,
>(model: Model<O>, name: N, definition: Definition<O[N], S, U, W>): Action<W> {
  return { ...definition, operation: operationOf(model, name) };
}

export interface ServiceOptions {
  /** Default 1 MB: no management call needs as much. */
  readonly maxBodyBytes?: number;
  /** Its requests may be compressed; its answers carry a checksum and are compressed when they are large. */
  readonly isCoded?: true;
  /** Of the types of its JSON errors: "com.amazonaws.dynamodb.v20120810"; absent: they go without. */
  readonly errorNamespace?: string;
  /** Its XML errors stand alone, without an ErrorResponse around them, as S3's do. */
  readonly isErrorBare?: true;
  /**
   * Its requests say in their head what their body is, and what the model calls streaming goes to and from actions as it comes
   * (S3): such a Body is an AsyncIterable<Uint8Array> that throws at its end when it is not what the head says.
   */
  readonly isStreaming?: true;
  /** Throws for a whole body that is not what head and trailers say of it. */
  readonly checkBody?: (body: Uint8Array, head: SignedHead, trailers: ReadonlyMap<string, string>) => void;
  /** The head as the model's paths have it, where clients may say it otherwise: the bucket in the name of the host. */
  readonly locate?: (head: SignedHead) => SignedHead;
  /** Who signs in a way that only this service knows; null when the request is not signed so. */
  readonly otherClaim?: (
    head: SignedHead,
    findCaller: FindCaller,
    at: { readonly now: number; readonly region: string },
  ) => Claim | null;
  /** What the head of an answer says to a page of another origin; null: nothing. Throws for a preflight that is refused. */
  readonly answerOrigin?: (head: SignedHead) => Promise<Readonly<Record<string, string>> | null>;
  /** Its own codes for what all services say. */
  readonly errorCodes?: Readonly<Record<string, string>>;
  readonly replyHeaders?: (requestId: string) => Readonly<Record<string, string>>;
  /** Its errors' older names in the query protocol, for SDKs that knew it by that (Smithy, "awsQueryError trait"). */
  readonly queryCodes?: Readonly<Record<string, string>>;
  /** Of its permissions, where that is not the signing name: CloudWatch signs as "monitoring". */
  readonly permissionPrefix?: string;
  /** The policy that stands on one of its things: the text that the engine keeps; null when there is none. */
  readonly policyOf?: (resource: string) => Promise<string | null>;
  /** Whether a request that nobody signed may be for it: what it then may do, policies say. */
  readonly takesUnsigned?: (head: SignedHead) => boolean;
  /** How it refuses what an action does not serve; default is InvalidParameterValueException. */
  readonly refusal?: (message: string, input: Members) => AwsError;
}

/** An action with what it works on. */
export type BoundAction = Omit<Action<unknown>, "run"> & {
  readonly refusals: readonly Refusal[];
  readonly run: (input: Members, call: Call) => Promise<Members | Answer<Members>>;
};

export interface Service extends ServiceOptions {
  readonly model: Model;
  readonly actions: readonly BoundAction[];
}

export function service<W>(
  model: Model,
  world: W,
  actions: readonly Action<W>[],
  options: ServiceOptions = {},
): Service {
  const bound = actions.map((one) => ({
    ...one,
    refusals: refusalsOf(one.unserved, one.operation.input),
    run: (input: Members, call: Call) => one.run(world, input, call),
  }));
  return { ...options, model, actions: bound };
}
