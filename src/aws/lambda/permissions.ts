/** AddPermission, RemovePermission and GetPolicy: who else may use a function, a version or an alias. */
import { given } from "#base/given.ts";
import { aliasName, type FunctionAlias, functionAliasKind } from "#kinds/catamaran/function-alias.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { type FunctionVersion, functionVersionKind, versionName } from "#kinds/catamaran/function-version.ts";
import type { Live } from "#kinds/object.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, functionKey } from "./account-functions.ts";
import { aliasRevisionId } from "./aliases.ts";
import { revisionId } from "./configuration.ts";
import { type AddPermissionRequest, model } from "./model.gen.ts";
import { arnOf, failure, type FunctionReference, functionArns, invalid, notFound, referenceOf } from "./names.ts";
import { noPolicy, principalOf, type Statement, withoutStatement, withStatement } from "./policies.ts";

type Owner = Live<FunctionObject> | Live<FunctionVersion> | Live<FunctionAlias>;

export const addPermission: Action<AccountFunctions> = action(model, "AddPermission", {
  resources: functionArns,
  serves: [
    "FunctionName",
    "StatementId",
    "Action",
    "Principal",
    "SourceArn",
    "SourceAccount",
    "EventSourceToken",
    "Qualifier",
    "RevisionId",
    "PrincipalOrgID",
    "FunctionUrlAuthType",
    "InvokedViaFunctionUrl",
  ],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const reference = referenceOf(account, input);
    if (reference.qualifier === "$LATEST") throw invalid("We currently do not support adding policies for $LATEST.");
    const statement = statementOf(input, arnOf(account, reference.name, reference.qualifier));
    const changed = await changePolicy(account, reference, (live) => {
      checkRevision(live, input.RevisionId);
      return withStatement(live.spec.policy, statement);
    });
    if (changed === null) throw missing(account, reference);
    return { Statement: JSON.stringify(statement) };
  },
});

export const removePermission: Action<AccountFunctions> = action(model, "RemovePermission", {
  resources: functionArns,
  serves: ["FunctionName", "StatementId", "Qualifier", "RevisionId"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const reference = referenceOf(account, input);
    const { name, qualifier } = reference;
    if ((await account.objects.get(functionKind, functionKey(account, name))) === null)
      throw failure("ResourceNotFoundException", `No policy found for: ${arnOf(account, name, qualifier)}`);
    const changed = await changePolicy(account, reference, (live) => {
      if (live.spec.policy === undefined) throw noPolicy();
      checkRevision(live, input.RevisionId);
      return withoutStatement(live.spec.policy, input.StatementId);
    });
    if (changed === null) throw missing(account, reference);
    return {};
  },
});

export const getPolicy: Action<AccountFunctions> = action(model, "GetPolicy", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const owner = await ownerOf(account, referenceOf(account, input));
    if (owner?.spec.policy === undefined)
      throw failure("ResourceNotFoundException", "The resource you requested does not exist.");
    return { Policy: owner.spec.policy, RevisionId: revisionOf(owner) };
  },
});

/** The policy of a function, version or alias by its ARN; null when it has none. */
export async function standingPolicy(account: AccountFunctions, arn: string): Promise<string | null> {
  if (!arn.includes(":function:")) return null;
  const { name, qualifier } = referenceOf(account, { FunctionName: arn });
  return (await ownerOf(account, { name, qualifier }))?.spec.policy ?? null;
}

async function ownerOf(account: AccountFunctions, { name, qualifier }: FunctionReference): Promise<Owner | null> {
  const key = (of: string): string => functionKey(account, of);
  if (qualifier === undefined || qualifier === "$LATEST") return account.objects.get(functionKind, key(name));
  return isNumber(qualifier)
    ? account.objects.get(functionVersionKind, key(versionName(name, qualifier)))
    : account.objects.get(functionAliasKind, key(aliasName(name, qualifier)));
}

/** Null: there is no such function, version or alias. */
async function changePolicy(
  account: AccountFunctions,
  { name, qualifier }: FunctionReference,
  decide: (live: Owner) => string | undefined,
): Promise<Owner | null> {
  const { objects } = account;
  if (qualifier === undefined)
    return objects.change(functionKind, functionKey(account, name), (live) => withPolicy(live, decide(live)));
  if (isNumber(qualifier))
    return objects.change(functionVersionKind, functionKey(account, versionName(name, qualifier)), (live) =>
      withPolicy(live, decide(live)),
    );
  return objects.change(functionAliasKind, functionKey(account, aliasName(name, qualifier)), (live) =>
    withPolicy(live, decide(live)),
  );
}

function withPolicy<T extends { readonly spec: { readonly policy?: string } }>(live: T, policy: string | undefined): T {
  const { policy: _before, ...spec } = live.spec;
  return { ...live, spec: { ...spec, ...(policy !== undefined && { policy }) } };
}

function isNumber(qualifier: string): boolean {
  return /^\d+$/.test(qualifier);
}

function missing(account: AccountFunctions, { name, qualifier }: FunctionReference): Error {
  const meansAlias = qualifier !== undefined && /^(?!\d+$)[a-zA-Z0-9-_]+$/.test(qualifier);
  if (!meansAlias) return notFound(account, name, qualifier);
  return failure("ResourceNotFoundException", `Cannot find alias arn: ${arnOf(account, name, qualifier)}`);
}

function revisionOf(owner: Owner): string {
  return isAlias(owner) ? aliasRevisionId(owner) : revisionId(owner);
}

function isAlias(owner: Owner): owner is Live<FunctionAlias> {
  return "alias" in owner.spec;
}

function checkRevision(owner: Owner, expected: string | undefined): void {
  if (expected === undefined || expected === revisionOf(owner)) return;
  throw failure(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id",
  );
}

type Granted = Omit<AddPermissionRequest, "FunctionName" | "Qualifier" | "RevisionId">;

/** What an input grants, on one ARN (Lambda API Reference, AddPermission). */
function statementOf(input: Granted, resource: string): Statement {
  const equals = given({
    "AWS:SourceAccount": input.SourceAccount,
    "lambda:EventSourceToken": input.EventSourceToken,
    "lambda:FunctionUrlAuthType": input.FunctionUrlAuthType,
    "aws:PrincipalOrgID": input.PrincipalOrgID,
  });
  const condition = given({
    StringEquals: Object.keys(equals).length === 0 ? undefined : equals,
    ArnLike: input.SourceArn === undefined ? undefined : { "AWS:SourceArn": input.SourceArn },
    Bool:
      input.InvokedViaFunctionUrl === undefined
        ? undefined
        : { "lambda:InvokedViaFunctionUrl": String(input.InvokedViaFunctionUrl) },
  });
  return {
    Sid: input.StatementId,
    Effect: "Allow",
    Principal: principalOf(input.Principal),
    Action: input.Action,
    Resource: resource,
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  };
}
