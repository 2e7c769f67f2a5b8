/** IamOidcProvider: whose tokens are believed, and for whom they must have been made (IAM API Reference, CreateOpenIDConnectProvider). */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Infer, list, object, optional, text } from "#kinds/schema/description.ts";
import { noStatus, type NoStatus, ofAccount, tags } from "./iam-parts.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("IamOidcProviderSpec", {
  /** The issuer of its tokens. */
  url: text({ pattern: /^https:\/\/[^\s?#]+$/, says: "must begin with https:// and have no query" }),
  /** The audiences that count. */
  clientIds: optional(list(text(), { max: 100 })),
  /** SHA-1 of the certificate of who signed its server's, in hex. */
  thumbprints: optional(list(text({ pattern: /^[0-9A-Fa-f]{40}$/ }), { max: 5 })),
  tags,
});

export type IamOidcProviderSpec = Infer<typeof spec>;
export type IamOidcProvider = Own<IamOidcProviderSpec, NoStatus>;

export const iamOidcProviderKind: Kind<IamOidcProvider> = ownKind({
  ...ofAccount,
  kind: "IamOidcProvider",
  plural: "iamoidcproviders",
  spec,
  status: noStatus,
  columns: [
    textColumn("Url", (provider) => provider.spec.url),
    textColumn("Audiences", (provider) => (provider.spec.clientIds ?? []).join(",")),
    ageColumn,
  ],
});
