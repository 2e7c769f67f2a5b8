/** Secrets of the type kubernetes.io/service-account-token: filled with a token of their account, gone when it goes (upstream's tokens controller). */
import type { Clock } from "#base/clock.ts";
import { keyOf, nameOf, type ObjectKey } from "#base/key.ts";
import type { Keeper, Watch } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import { type Secret, secretKind } from "#kinds/core/secret.ts";
import { type ServiceAccount, serviceAccountKind } from "#kinds/core/service-account.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type Live } from "#kinds/object.ts";
import type { Tokens } from "./authenticate.ts";

const TYPE = "kubernetes.io/service-account-token";
const ACCOUNT = "kubernetes.io/service-account.name";
const ACCOUNT_UID = "kubernetes.io/service-account.uid";

export interface AccountTokenParts {
  readonly objects: Objects;
  readonly tokens: Pick<Tokens, "issue">;
  /** PEM, by which pods know the API server. */
  readonly ca: string;
  readonly clock: Clock;
}

export class AccountTokenKeeper implements Keeper<Secret> {
  readonly name = "tokens-controller";
  readonly kind: Kind<Secret> = secretKind;
  readonly indexes: { readonly account: (secret: Secret) => readonly ObjectKey[] } = { account: accountKeysOf };
  readonly watches: readonly Watch<ServiceAccount>[] = [
    {
      kind: serviceAccountKind,
      wakes: (account, seen) => seen.view(secretKind).by("account", keyOfObject(account)).map(keyOfObject),
    },
  ];
  readonly #parts: AccountTokenParts;

  constructor(parts: AccountTokenParts) {
    this.#parts = parts;
  }

  async keep(key: ObjectKey, secret: Secret | undefined): Promise<undefined> {
    const [account = ""] = secret === undefined ? [] : accountKeysOf(secret);
    if (secret === undefined || account === "") return;
    const { objects } = this.#parts;
    const live = await objects.get(serviceAccountKind, account);
    const wanted = secret.metadata.annotations?.[ACCOUNT_UID] ?? "";
    if (live === null || (wanted !== "" && wanted !== live.metadata.uid)) {
      const { uid } = secret.metadata;
      await objects.remove(secretKind, key, uid === undefined ? {} : { uid });
      return;
    }
    await objects.change(secretKind, key, (found) => this.#filled(found, live));
  }

  /** Null when it has everything. */
  #filled(secret: Live<Secret>, account: Live<ServiceAccount>): Secret | null {
    const { data = {}, metadata } = secret;
    const { annotations = {} } = metadata;
    const missing = ["ca.crt", "namespace", "token"].filter((name) => (data[name] ?? "") === "");
    if (missing.length === 0 && annotations[ACCOUNT_UID] === account.metadata.uid) return null;
    const { namespace } = nameOf(keyOfObject(secret));
    return {
      ...secret,
      metadata: { ...metadata, annotations: { ...annotations, [ACCOUNT_UID]: account.metadata.uid } },
      data: {
        "ca.crt": base64(this.#parts.ca),
        namespace: base64(namespace),
        token: base64(this.#tokenFor(secret, account)),
        ...Object.fromEntries(Object.entries(data).filter(([, value]) => value !== "")),
      },
    };
  }

  #tokenFor({ metadata }: Live<Secret>, account: Live<ServiceAccount>): string {
    const { tokens, clock } = this.#parts;
    const { name, uid, namespace = "" } = account.metadata;
    const secret = { name: metadata.name, uid: metadata.uid };
    return tokens.issue({ namespace, name, uid }, { now: clock.now(), audiences: [], secret });
  }
}

/** The account that a Secret is for, if it is for one. */
function accountKeysOf({ type, metadata }: Secret): readonly ObjectKey[] {
  const account = metadata.annotations?.[ACCOUNT] ?? "";
  return type !== TYPE || account === "" ? [] : [keyOf(metadata.namespace ?? "", account)];
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
