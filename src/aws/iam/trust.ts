/** Trust policies when they are written: checked, and whom they name is tied to who has that name now. */
import { roleId, userId } from "#managed/identity/identities.ts";
import { namedIn } from "#managed/identity/arn.ts";
import { principalArns } from "#policy/iam/document.ts";
import { checkDocument, failure, type IamWorld } from "./world.ts";

const QUOTA = { max: 2_048, exceeded: "Cannot exceed quota for ACLSizePerRole: 2048" };

export function checkTrust(document: string): void {
  checkDocument(document, "trust", QUOTA);
}

/** Ids by ARN, of this account's users and roles; MalformedPolicyDocument for one that there is not. Those of other accounts are taken as they are. */
export function trustedIn({ identities }: IamWorld, document: string): Readonly<Record<string, string>> {
  const own = principalArns(document).filter((arn) => arn.split(":")[4] === identities.accountId);
  return Object.fromEntries(
    own.map((arn) => {
      const id = idOf(arn);
      if (id !== null) return [arn, id];
      throw failure("MalformedPolicyDocumentException", `Invalid principal in policy: "AWS":"${arn}"`);
    }),
  );

  function idOf(arn: string): string | null {
    const role = identities.roleAt(arn);
    if (role !== null) return roleId(role);
    const user = identities.users.find(namedIn(arn, "user")?.name ?? "");
    return user !== null && identities.userArn(user) === arn ? userId(user) : null;
  }
}
