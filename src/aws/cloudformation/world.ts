/** What CloudFormation's actions work on, and its errors. */
import { Fault } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import { MAX_INLINE_BYTES, MAX_TEMPLATE_BYTES, type StackInput, type Stacks } from "#managed/stack/stacks.ts";
import type { GivenParameter } from "#managed/stack/parameters.ts";
import { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf } from "../service-error.ts";
import type { Caller } from "../sign.ts";
import { model, type Parameters, type Tags } from "./model.gen.ts";

export interface StackWorld extends Place {
  readonly stacks: Stacks;
  /** The bytes of an object, within the limit. AwsError or Fault when it cannot be read. */
  readonly readObject: (bucket: string, key: string, maxBytes: number) => Promise<Uint8Array>;
}

export const failure: ReturnType<typeof errorsOf<typeof model extends { readonly errors?: infer E } ? E : never>> =
  errorsOf(model);

/** The code that CloudFormation has for nearly everything, and its model does not name. */
export function invalid(message: string): AwsError {
  return new AwsError("ValidationError", 400, message);
}

/** What the engine says, in CloudFormation's codes. */
export async function inStackWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const { code, message } = thrown;
    if (code === "AlreadyExists") throw failure("AlreadyExistsException", message);
    if (code === "Forbidden") throw failure("InsufficientCapabilitiesException", message);
    if (code === "Conflict") throw failure("InvalidChangeSetStatusException", message);
    if (code === "NotFound" && message.startsWith("ChangeSet")) throw failure("ChangeSetNotFoundException", message);
    if (code === "NotFound" || code === "BadRequest" || code === "RequestTooLarge") throw invalid(message);
    throw thrown;
  }
}

/** Kept with a stack: who works for it after a restart. Secrets are not. */
export function keptCaller(caller: Caller): JsonObject {
  const { secretAccessKey: _secret, sessionToken: _token, ...rest } = caller;
  return JSON.parse(JSON.stringify(rest)) as JsonObject;
}

export function callerOf(kept: JsonObject): Caller {
  return { ...(kept as unknown as Omit<Caller, "secretAccessKey">), secretAccessKey: "" };
}

export interface TemplateSource {
  readonly TemplateBody?: string;
  readonly TemplateURL?: string;
}

/** The text that a request sends or points at; null when it does neither. */
export async function templateText(
  world: StackWorld,
  { TemplateBody: body, TemplateURL: url }: TemplateSource,
): Promise<string | null> {
  if (body !== undefined && url !== undefined)
    throw invalid("Only one of TemplateBody and TemplateURL may be specified.");
  if (body !== undefined) {
    if (body.length > MAX_INLINE_BYTES)
      throw invalid(
        `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${MAX_INLINE_BYTES}`,
      );
    return body;
  }
  if (url === undefined) return null;
  const place = objectAt(url);
  if (place === null) throw invalid(`TemplateURL must be a supported URL.`);
  return decodeUtf8(await world.readObject(place.bucket, place.key, MAX_TEMPLATE_BYTES));
}

/** A bucket's name in the host, or first in the path. */
function objectAt(url: string): { readonly bucket: string; readonly key: string } | null {
  const match = /^https?:\/\/([^/?#]+)\/([^?#]+)/.exec(url);
  if (match === null) return null;
  const [, host = "", rawPath = ""] = match;
  const path = decodeURIComponent(rawPath);
  const virtual = /^([a-z0-9][a-z0-9.-]+)\.(?:s3[.-]|localhost)/.exec(host)?.[1];
  if (virtual !== undefined && !/^s3[.-]/.test(host)) return { bucket: virtual, key: path };
  const slash = path.indexOf("/");
  return slash < 1 ? null : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

export interface StackAsked extends TemplateSource {
  readonly StackName: string;
  readonly Parameters?: Parameters;
  readonly Tags?: Tags;
  readonly Capabilities?: readonly string[];
  readonly NotificationARNs?: readonly string[];
  readonly RoleARN?: string;
}

export async function stackInput(world: StackWorld, asked: StackAsked, caller: Caller): Promise<StackInput> {
  const {
    StackName: name,
    Parameters: parameters = [],
    Tags: tags,
    Capabilities = [],
    NotificationARNs,
    RoleARN,
  } = asked;
  return {
    name,
    templateText: await templateText(world, asked),
    parameters: parameters.map(
      ({ ParameterKey: key = "", ParameterValue: value, UsePreviousValue: usePreviousValue }): GivenParameter => ({
        key,
        ...(value !== undefined && { value }),
        ...(usePreviousValue !== undefined && { usePreviousValue }),
      }),
    ),
    ...(tags !== undefined && { tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) }),
    capabilities: Capabilities,
    ...(NotificationARNs !== undefined && { notificationArns: NotificationARNs }),
    ...(RoleARN !== undefined && { roleArn: RoleARN }),
    caller: keptCaller(caller),
  };
}

export function stackArns({ accountId, region }: Place, name: string): readonly string[] {
  return [name.startsWith("arn:") ? name : `arn:aws:cloudformation:${region}:${accountId}:stack/${name}/*`];
}
