/** A pod whose service account names a role of IAM gets a token for it, and what SDKs need to use it: as Amazon EKS Pod Identity Webhook does. */
import { keyOf, nameOf } from "#base/key.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { Admission, AdmissionRequest, Present } from "./admission.ts";

/** Where AWS's services are for pods. */
export interface AwsPlace {
  readonly endpoint: string;
  readonly region: string;
}

type Container = Pod["spec"]["containers"][number];

// The webhook's own words (github.com/aws/amazon-eks-pod-identity-webhook, README.md).
const PREFIX = "eks.amazonaws.com";
const VOLUME = "aws-iam-token";
const FOLDER = `/var/run/secrets/${PREFIX}/serviceaccount`;
const AUDIENCE = "sts.amazonaws.com";
const TOKEN_SECONDS = 86_400;
const MIN_TOKEN_SECONDS = 600;

export function podIdentity(place: AwsPlace): Admission<Pod> {
  return {
    name: "PodIdentity",
    kinds: [podKind],
    on: ["create"],
    admit(request, present) {
      const said = annotationsOf(request, present);
      const role = said[`${PREFIX}/role-arn`];
      return role === undefined || role === "" ? request.object : withIdentity(request.object, { place, role, said });
    },
  };
}

type Annotations = Readonly<Record<string, string>>;

/** Those of the pod's service account. */
function annotationsOf({ key, object: { spec } }: AdmissionRequest<Pod>, present: Present): Annotations {
  const account = keyOf(nameOf(key).namespace, spec.serviceAccountName ?? "default");
  return present.get(serviceAccountKind, account)?.metadata.annotations ?? {};
}

interface Identity {
  readonly place: AwsPlace;
  readonly role: string;
  readonly said: Annotations;
}

function withIdentity(pod: Pod, identity: Identity): Pod {
  const { volumes = [], containers, initContainers } = pod.spec;
  const skipped = new Set((pod.metadata.annotations?.[`${PREFIX}/skip-containers`] ?? "").split(",").map(trimmed));
  const inside = (container: Container): Container =>
    skipped.has(container.name) ? container : withVariables(container, identity);
  const added = volumes.some(({ name }) => name === VOLUME) ? [] : [tokenVolume(identity.said)];
  return {
    ...pod,
    spec: {
      ...pod.spec,
      volumes: [...volumes, ...added],
      containers: containers.map(inside),
      ...(initContainers !== undefined && { initContainers: initContainers.map(inside) }),
    },
  };
}

function trimmed(text: string): string {
  return text.trim();
}

function tokenVolume(said: Annotations): NonNullable<Pod["spec"]["volumes"]>[number] {
  const asked = Number(said[`${PREFIX}/token-expiration`] ?? TOKEN_SECONDS);
  const expirationSeconds = Number.isInteger(asked) && asked >= MIN_TOKEN_SECONDS ? asked : TOKEN_SECONDS;
  const audience = said[`${PREFIX}/audience`] ?? AUDIENCE;
  const serviceAccountToken = { audience, expirationSeconds, path: "token" };
  return { name: VOLUME, projected: { sources: [{ serviceAccountToken }] } };
}

/** What the container says itself stays. */
function withVariables(container: Container, { place, role }: Identity): Container {
  const { env = [], volumeMounts = [] } = container;
  const wanted = {
    AWS_ROLE_ARN: role,
    AWS_WEB_IDENTITY_TOKEN_FILE: `${FOLDER}/token`,
    AWS_STS_REGIONAL_ENDPOINTS: "regional",
    AWS_DEFAULT_REGION: place.region,
    AWS_REGION: place.region,
    AWS_ENDPOINT_URL: place.endpoint,
  };
  const missing = Object.entries(wanted).filter(([name]) => !env.some((one) => one.name === name));
  const mount = { name: VOLUME, mountPath: FOLDER, readOnly: true };
  return {
    ...container,
    env: [...env, ...missing.map(([name, value]) => ({ name, value }))],
    volumeMounts: volumeMounts.some(({ mountPath }) => mountPath === FOLDER) ? volumeMounts : [...volumeMounts, mount],
  };
}
