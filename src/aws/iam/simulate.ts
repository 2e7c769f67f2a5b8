/** The policy simulator: what the evaluator says of actions that nobody does (IAM API Reference, SimulatePrincipalPolicy). */
import { namedIn } from "#managed/identity/arn.ts";
import { principalOfUser, type Rights, roleId } from "#managed/identity/identities.ts";
import { MalformedPolicy, type PolicyKind, readPolicy } from "#policy/iam/document.ts";
import { evaluate, type NamedPolicy, type Policies, type PolicyType, type Verdict } from "#policy/iam/evaluate.ts";
import type { Principal } from "#policy/iam/principal.ts";
import { type Action, action } from "../action.ts";
import {
  type ContextEntryListType,
  type EvaluationResult,
  model,
  type PolicyEvaluationDecisionType,
  type PolicySourceType,
} from "./model.gen.ts";
import { existingGroup, existingRole, existingUser, failure, type IamWorld, invalid, pageOf } from "./world.ts";

const SERVED = [
  "PolicyInputList",
  "PermissionsBoundaryPolicyInputList",
  "ActionNames",
  "ResourceArns",
  "ResourcePolicy",
  "ResourceOwner",
  "CallerArn",
  "ContextEntries",
  "MaxItems",
  "Marker",
] as const;
const UNSERVED = { ResourceHandlingOption: "leave it out: it is about machines of EC2" } as const;

export const simulateCustomPolicy: Action<IamWorld> = action(model, "SimulateCustomPolicy", {
  serves: SERVED,
  unserved: UNSERVED,
  run: async (world: IamWorld, input) => simulated(world, input, { rights: NONE, arn: undefined }),
});

export const simulatePrincipalPolicy: Action<IamWorld> = action(model, "SimulatePrincipalPolicy", {
  resources: ({ PolicySourceArn: arn }) => [arn],
  serves: ["PolicySourceArn", ...SERVED],
  unserved: UNSERVED,
  run: async (world: IamWorld, { PolicySourceArn: arn, ...input }) =>
    simulated(world, input, { rights: rightsAt(world, arn), arn }),
});

const NONE: Rights = { identity: [], boundary: null };

function rightsAt(world: IamWorld, arn: string): Rights {
  const { identities } = world;
  const [role, user, group] = [namedIn(arn, "role"), namedIn(arn, "user"), namedIn(arn, "group")];
  if (role !== null) return identities.rightsOfRole(existingRole(world, role.name));
  if (user !== null) return identities.rightsOfUser(existingUser(world, user.name));
  if (group !== null) return identities.rightsOfGroup(existingGroup(world, group.name));
  throw failure("InvalidInputException", `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
}

interface Simulation {
  readonly PolicyInputList?: readonly string[];
  readonly PermissionsBoundaryPolicyInputList?: readonly string[];
  readonly ActionNames: readonly string[];
  readonly ResourceArns?: readonly string[];
  readonly ResourcePolicy?: string;
  readonly ResourceOwner?: string;
  readonly CallerArn?: string;
  readonly ContextEntries?: ContextEntryListType;
  readonly MaxItems?: number;
  readonly Marker?: string;
}

// Each question is some microseconds of work.
const MAX_QUESTIONS = 1_000;

function simulated(
  world: IamWorld,
  input: Simulation,
  { rights, arn }: { readonly rights: Rights; readonly arn: string | undefined },
): {
  readonly EvaluationResults: readonly EvaluationResult[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
} {
  const { ActionNames: actions, ResourceArns: resources = ["*"], ResourceOwner: owner } = input;
  if (actions.length * resources.length > MAX_QUESTIONS)
    throw failure("InvalidInputException", `At most ${MAX_QUESTIONS} actions on resources are simulated at once.`);
  const [boundary = rights.boundary] = policiesIn(input.PermissionsBoundaryPolicyInputList, "PermissionsBoundary");
  const [resource = null] = policiesIn(
    input.ResourcePolicy === undefined ? [] : [input.ResourcePolicy],
    "ResourcePolicy",
    "resource",
  );
  const policies: Policies = {
    identity: [...rights.identity, ...policiesIn(input.PolicyInputList, "PolicyInputList")],
    boundary,
    session: null,
    resource,
  };
  const principal = principalAt(world, input.CallerArn ?? arn);
  const accountId = owner?.split(":").find((part) => /^\d{12}$/.test(part)) ?? world.identities.accountId;
  const results = actions.flatMap((action) =>
    resources.map((one) => {
      const missing = new Set<string>();
      const find = keysOf(input.ContextEntries, missing);
      const verdict = evaluate({ principal, action, resource: one, accountId, find }, policies);
      return resultOf({ action, resource: one, missing, hasBoundary: boundary !== null }, verdict);
    }),
  );
  const { items, rest } = pageOf(results, input);
  return { EvaluationResults: items, ...rest };
}

function policiesIn(
  documents: readonly string[] = [],
  name: string,
  kind: PolicyKind = "identity",
): readonly NamedPolicy[] {
  return documents.map((document, index) => {
    try {
      return { name: `${name}.${index + 1}`, policy: readPolicy(document, { kind }) };
    } catch (thrown) {
      if (thrown instanceof MalformedPolicy) throw failure("InvalidInputException", thrown.message);
      throw thrown;
    }
  });
}

function principalAt(world: IamWorld, arn: string | undefined): Principal {
  const { identities } = world;
  const { accountId } = identities;
  const [user, role] = [namedIn(arn ?? "", "user"), namedIn(arn ?? "", "role")];
  if (user !== null) return principalOfUser(identities, existingUser(world, user.name));
  if (role !== null && arn !== undefined) {
    const id = roleId(existingRole(world, role.name));
    return { is: "session", accountId, arn: "", roleArn: arn, roleId: id };
  }
  if (arn !== undefined && !/:(root|group\/.*)$/.test(arn)) throw invalid(`Invalid caller ARN: ${arn}`);
  return { is: "root", accountId };
}

function keysOf(
  entries: ContextEntryListType = [],
  missing: Set<string>,
): (key: string) => readonly string[] | undefined {
  const given = new Map(entries.map((entry) => [(entry.ContextKeyName ?? "").toLowerCase(), valuesOf(entry)] as const));
  return (key) => {
    const found = given.get(key);
    if (found === undefined) missing.add(key);
    return found;
  };
}

/** A key that is no list has one value. */
function valuesOf(entry: ContextEntryListType[number]): readonly string[] {
  const { ContextKeyValues: values = [], ContextKeyType: type = "string" } = entry;
  return type.endsWith("List") ? values : values.slice(0, 1);
}

const DECISIONS: Readonly<Record<Verdict["is"], PolicyEvaluationDecisionType>> = {
  allowed: "allowed",
  denied: "explicitDeny",
  missing: "implicitDeny",
};

const SOURCES: Readonly<Record<PolicyType, PolicySourceType>> = {
  "identity-based": "none",
  "resource-based": "resource",
  boundary: "none",
  session: "none",
};

interface Question {
  readonly action: string;
  readonly resource: string;
  readonly missing: ReadonlySet<string>;
  readonly hasBoundary: boolean;
}

function resultOf({ action, resource, missing, hasBoundary }: Question, verdict: Verdict): EvaluationResult {
  const by = verdict.is === "missing" ? null : verdict.by;
  const isWithin = verdict.is === "missing" ? verdict.type !== "boundary" : verdict.by.type !== "boundary";
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: DECISIONS[verdict.is],
    MatchedStatements:
      by === null ? [] : [{ SourcePolicyId: by.policy, SourcePolicyType: sourceOf(by.policy, by.type) }],
    MissingContextValues: [...missing],
    ...(hasBoundary && { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: isWithin } }),
  };
}

function sourceOf(policy: string, type: PolicyType): PolicySourceType {
  if (policy.startsWith("arn:aws:iam::aws:")) return "aws-managed";
  return policy.startsWith("arn:") ? "user-managed" : SOURCES[type];
}
