/** Whether a function URL without signatures is open: AuthType NONE alone opens nothing, a statement of the function's policy does (Lambda Developer Guide, "Control access to function URLs"). Pure. */
import type { FunctionAlias } from "#kinds/catamaran/function-alias.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import { MalformedPolicy, readPolicy } from "#policy/iam/document.ts";
import { evaluate } from "#policy/iam/evaluate.ts";

export interface Place {
  readonly accountId: string;
  readonly region: string;
}

// DIFFERS: URLs that were made since October 2025 need lambda:InvokeFunction as well; older ones, and here all, need this alone.
const ACTION = "lambda:InvokeFunctionUrl";
const KEYS: ReadonlyMap<string, readonly string[]> = new Map([["lambda:functionurlauthtype", ["NONE"]]]);

export function isOpen(owner: FunctionObject | FunctionAlias, { accountId, region }: Place): boolean {
  const { policy } = owner.spec;
  if (policy === undefined) return false;
  const resource = `arn:aws:lambda:${region}:${accountId}:function:${owner.metadata.name.replace(".", ":")}`;
  try {
    const read = { name: "resource policy", policy: readPolicy(policy, { kind: "resource" }) };
    const asked = {
      principal: { is: "anybody" },
      action: ACTION,
      resource,
      accountId,
      find: (key: string) => KEYS.get(key),
    } as const;
    return evaluate(asked, { identity: [], boundary: null, session: null, resource: read }).is === "allowed";
  } catch (thrown) {
    // Written by kubectl, and no policy: it lets nobody in.
    if (thrown instanceof MalformedPolicy) return false;
    throw thrown;
  }
}
