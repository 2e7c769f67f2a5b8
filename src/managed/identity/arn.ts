/** Names of what IAM has, as ARNs and as unique ids (IAM User Guide, "IAM identifiers"). */

type Type = "user" | "role" | "group" | "policy" | "instance-profile";

export interface Named {
  readonly name: string;
  /** "/" or "/division/". */
  readonly path: string;
}

export function iamArn(accountId: string, type: Type, { path, name }: Named): string {
  return `arn:aws:iam::${accountId}:${type}${path}${name}`;
}

/** Null for what is no ARN of that type; `accountId` is "aws" for AWS's own policies. */
export function namedIn(arn: string, type: Type): (Named & { readonly accountId: string }) | null {
  const found = new RegExp(`^arn:aws[a-z-]*:iam::(\\d{12}|aws):${type}(/(?:[!-~]+/)?)([\\w+=,.@-]+)$`).exec(arn);
  if (found === null) return null;
  const [, accountId = "", path = "/", name = ""] = found;
  return { accountId, path, name };
}

export function sessionArn(accountId: string, role: string, session: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`;
}

/** Of users, roles, groups, policies and instance profiles. */
export type IdPrefix = "AIDA" | "AROA" | "AGPA" | "ANPA" | "AIPA";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS = 17;

/** Made of the object's uid, so that whoever takes a name later has another id. */
export function uniqueId(prefix: IdPrefix, uid: string): string {
  let bits = BigInt(`0x${uid.replace(/[^0-9a-f]/g, "") || "0"}`);
  let id = "";
  for (let at = 0; at < LETTERS; at++) {
    id += ALPHABET[Number(bits & 31n)] ?? "";
    bits >>= 5n;
  }
  return prefix + id;
}

/** Of who issues tokens: its URL without the scheme. */
export function providerArn(accountId: string, url: string): string {
  return `arn:aws:iam::${accountId}:oidc-provider/${url.replace(/^https:\/\//, "").replace(/\/$/, "")}`;
}

/** The object of a provider is called as its URL, whose slashes and colons no name can have. */
export function providerName(arn: string): string {
  return arn
    .slice(arn.indexOf("/") + 1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, "-");
}
