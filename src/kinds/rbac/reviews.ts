/** Kinds that are only asked, never stored: access reviews, token reviews and requests, and the bodies of subresources. */
import { builtinKind } from "#kinds/builtin.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import { seenByAll } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";

export type ResourceAttributes = {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
};

export type AccessReview = KubeObject & {
  readonly spec: {
    readonly resourceAttributes?: ResourceAttributes;
    readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
    readonly user?: string;
    readonly groups?: readonly string[];
    readonly uid?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly status?: {
    readonly allowed: boolean;
    readonly denied?: boolean;
    readonly reason?: string;
    readonly evaluationError?: string;
  };
};

export type RulesReview = KubeObject & {
  readonly spec: { readonly namespace?: string };
};

export type UserInfo = {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

export type SelfSubjectReview = KubeObject & {
  readonly status?: { readonly userInfo?: UserInfo };
};

export type TokenReview = KubeObject & {
  readonly spec: { readonly token?: string; readonly audiences?: readonly string[] };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: UserInfo;
    readonly audiences?: readonly string[];
    readonly error?: string;
  };
};

export type TokenRequest = KubeObject & {
  readonly spec: {
    readonly audiences: readonly string[];
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: ObjectReference;
  };
  readonly status?: { readonly token: string; readonly expirationTimestamp: string };
};

export type Scale = KubeObject & {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas: number; readonly selector?: string };
};

export type Eviction = KubeObject & {
  readonly deleteOptions?: {
    readonly gracePeriodSeconds?: number;
    readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  };
};

export type Binding = KubeObject & {
  readonly target: ObjectReference;
};

const TOKEN_SECONDS = 3600;
const LEAST_TOKEN_SECONDS = 600;

const authorization = { group: "authorization.k8s.io", version: "v1", verbs: ["create"], columns: [] } as const;
const authentication = { group: "authentication.k8s.io", version: "v1", verbs: ["create"], columns: [] } as const;

export const subjectAccessReviewKind: Kind<AccessReview> = builtinKind<AccessReview>({
  ...authorization,
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  scope: "Cluster",
  type: "io.k8s.api.authorization.v1.SubjectAccessReview",
});

export const selfSubjectAccessReviewKind: Kind<AccessReview> = builtinKind<AccessReview>({
  ...authorization,
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  scope: "Cluster",
  type: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
});

export const localSubjectAccessReviewKind: Kind<AccessReview> = builtinKind<AccessReview>({
  ...authorization,
  kind: "LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  scope: "Namespaced",
  roles: { admin: ["create"] },
  type: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
});

export const selfSubjectRulesReviewKind: Kind<RulesReview> = builtinKind<RulesReview>({
  ...authorization,
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  scope: "Cluster",
  type: "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
});

export const selfSubjectReviewKind: Kind<SelfSubjectReview> = builtinKind<SelfSubjectReview>({
  ...authentication,
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  scope: "Cluster",
  type: "io.k8s.api.authentication.v1.SelfSubjectReview",
});

export const tokenReviewKind: Kind<TokenReview> = builtinKind<TokenReview>({
  ...authentication,
  kind: "TokenReview",
  plural: "tokenreviews",
  scope: "Cluster",
  type: "io.k8s.api.authentication.v1.TokenReview",
});

/** The body of serviceaccounts/token; not a path of its own. */
export const tokenRequestKind: Kind<TokenRequest> = builtinKind<TokenRequest>({
  ...authentication,
  kind: "TokenRequest",
  plural: "tokenrequests",
  scope: "Namespaced",
  type: "io.k8s.api.authentication.v1.TokenRequest",
  defaults: (request) => ({
    ...request,
    spec: { ...request.spec, expirationSeconds: request.spec.expirationSeconds ?? TOKEN_SECONDS },
  }),
  validate: ({ spec }) => {
    const faults = new FieldFaults();
    const seconds = spec.expirationSeconds ?? TOKEN_SECONDS;
    if (seconds < LEAST_TOKEN_SECONDS)
      faults.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
    return faults.found;
  },
});

/** The body of the scale subresource; not a path of its own. */
export const scaleKind: Kind<Scale> = builtinKind<Scale>({
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  plural: "scales",
  scope: "Namespaced",
  type: "io.k8s.api.autoscaling.v1.Scale",
  verbs: [],
  columns: [],
});

/** The body of pods/eviction; not a path of its own. */
export const evictionKind: Kind<Eviction> = builtinKind<Eviction>({
  group: "policy",
  version: "v1",
  kind: "Eviction",
  plural: "evictions",
  scope: "Namespaced",
  type: "io.k8s.api.policy.v1.Eviction",
  verbs: [],
  columns: [],
});

/** The body of pods/binding; not a path of its own. */
export const bindingKind: Kind<Binding> = builtinKind<Binding>({
  group: "",
  version: "v1",
  kind: "Binding",
  plural: "bindings",
  scope: "Namespaced",
  roles: seenByAll,
  type: "io.k8s.api.core.v1.Binding",
  verbs: ["create"],
  columns: [],
});
