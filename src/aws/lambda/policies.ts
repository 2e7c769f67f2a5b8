/** Resource policies as Lambda writes them: statements that are added and removed one by one. Pure. */
import type { AwsError } from "../aws-error.ts";
import { failure, invalid } from "./names.ts";

export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Principal: "*" | { readonly Service: string } | { readonly AWS: string };
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface Document {
  readonly Version: string;
  readonly Id: string;
  readonly Statement: readonly Statement[];
}

/** The text of a policy with one statement more; throws what AWS says of an id that is taken. */
export function withStatement(policy: string | undefined, statement: Statement): string {
  const before = documentOf(policy);
  if (before.Statement.some(({ Sid }) => Sid === statement.Sid))
    throw failure(
      "ResourceConflictException",
      `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    );
  return checkedSize(JSON.stringify({ ...before, Statement: [...before.Statement, statement] }));
}

/** Without the statement; undefined when there was no other. */
export function withoutStatement(policy: string | undefined, sid: string): string | undefined {
  if (policy === undefined) throw noPolicy();
  const before = documentOf(policy);
  const kept = before.Statement.filter((statement) => statement.Sid !== sid);
  if (kept.length === before.Statement.length)
    throw failure("ResourceNotFoundException", `Statement ${sid} is not found in resource policy.`);
  return kept.length === 0 ? undefined : JSON.stringify({ ...before, Statement: kept });
}

export function noPolicy(): AwsError {
  return failure("ResourceNotFoundException", "No policy is associated with the given resource.");
}

function documentOf(policy: string | undefined): Document {
  if (policy === undefined) return { Version: "2012-10-17", Id: "default", Statement: [] };
  // Written here, or by kubectl, in which case it may be any policy with statements.
  const document = JSON.parse(policy) as Document;
  return { ...document, Statement: [document.Statement].flat() };
}

// Lambda Developer Guide, "Lambda quotas": "Function resource-based policy: 20 KB".
const MOST_BYTES = 20_480;

function checkedSize(policy: string): string {
  if (Buffer.byteLength(policy) <= MOST_BYTES) return policy;
  throw failure("PolicyLengthExceededException", `The final policy size is bigger than the limit (${MOST_BYTES}).`);
}

/** Who is meant by a text: everybody, a service, an account or somebody of one. */
export function principalOf(text: string): Statement["Principal"] {
  if (text === "*") return "*";
  if (text.endsWith(".amazonaws.com")) return { Service: text };
  if (/^\d{12}$/.test(text)) return { AWS: `arn:aws:iam::${text}:root` };
  if (/^arn:aws[a-z-]*:(iam|sts):/.test(text)) return { AWS: text };
  throw invalid("The provided principal was invalid. Please check the principal and try again.");
}
