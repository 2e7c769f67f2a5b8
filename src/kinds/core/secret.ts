/** Secret. */
import { member } from "#base/dictionary.ts";
import type { FieldFault } from "#base/fault.ts";
import { isJsonObject } from "#base/json.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { fromBase64, toBase64 } from "#kinds/schema/base64.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, text } from "#kinds/columns.ts";
import { checkFrozen, checkKeys, checkSize } from "./data-rules.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { chargedByName } from "#kinds/quota.ts";
import type { Kind } from "#kinds/kind.ts";
import { keptFromViewers } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";

export type Secret = KubeObject & {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
  /** Only written: merged into data before it is stored. */
  readonly stringData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
};

export const secretKind: Kind<Secret> = builtinKind<Secret>({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  scope: "Namespaced",
  roles: keptFromViewers,
  type: "io.k8s.api.core.v1.Secret",
  charges: chargedByName("secrets"),
  columns: [
    text("Type", (secret) => secret.type ?? ""),
    integer("Data", ({ data = {} }) => Object.keys(data).length),
    ageColumn,
  ],
  selectableFields: { type: (secret) => secret.type ?? "" },
  defaults: defaultSecret,
  validate: secretFaults,
});

function defaultSecret(secret: Secret): Secret {
  const { stringData, ...rest } = secret;
  const added = Object.entries(stringData ?? {}).map(([key, value]) => [key, toBase64(encodeUtf8(value))] as const);
  return {
    ...rest,
    type: secret.type ?? "Opaque",
    ...(added.length > 0 && { data: { ...secret.data, ...Object.fromEntries(added) } }),
  };
}

/** Which keys a type of secret must have. */
const KEYS_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

function secretFaults(next: Secret, live: Secret | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { data = {}, type = "" } = next;
  checkKeys(data, "data", faults);
  checkSize([], Object.values(data), "data", faults);
  for (const key of member(KEYS_OF_TYPE, type) ?? []) {
    if (!Object.hasOwn(data, key)) faults.required(`data[${key}]`);
    else if (key.startsWith(".docker") && !isJsonText(member(data, key) ?? ""))
      faults.invalid(`data[${key}]`, "<secret contents redacted>", "invalid character in JSON");
  }
  if (type === "kubernetes.io/basic-auth" && data["username"] === undefined && data["password"] === undefined) {
    faults.required("data[username]");
    faults.required("data[password]");
  }
  const account = next.metadata.annotations?.["kubernetes.io/service-account.name"] ?? "";
  if (type === "kubernetes.io/service-account-token" && account === "")
    faults.required("metadata.annotations[kubernetes.io/service-account.name]");
  if (live === null) return faults.found;
  if (next.type !== live.type) faults.immutable("type", next.type);
  checkFrozen(next, live, ["data"], faults);
  return faults.found;
}

function isJsonText(base64: string): boolean {
  try {
    return isJsonObject(JSON.parse(decodeUtf8(fromBase64(base64))));
  } catch {
    return false;
  }
}
