/** What a pod's volumes and environment are made from: configMaps, secrets, services, tokens. Opened per pod, kept live. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import type { ConfigMap } from "#kinds/core/config-map.ts";
import { persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { type PodClaim, strangerFault } from "#kinds/core/pod-claims.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import type { Service } from "#kinds/core/service.ts";
import { isFullyBound } from "#kinds/storage/binding.ts";
import type { Volume } from "#kinds/core/volume.ts";
import type { ReferenceValues } from "#pods/environment.ts";
import { identityOf } from "./container-config.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { ReferencedObjects } from "./referenced-objects.ts";
import { referencesOf } from "#pods/references.ts";
import type { VolumeSources } from "./volume-types/volume-type.ts";
import { volumesOf } from "./volumes.ts";

/** Asks the API server for a service account's token that is bound to a pod. */
export type RequestToken = (wanted: TokenWanted) => Promise<{ readonly token: string; readonly expiresAtMs: number }>;

export interface TokenWanted {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience?: string;
  readonly expirationSeconds: number;
  readonly pod: { readonly name: string; readonly uid: string };
}

const ROOT_CA = "kube-root-ca.crt";
// Kubelet asks for a new token at 80 % of its life.
const RENEW_AT = 0.8;

export interface MaterialsOptions {
  readonly objects: Objects;
  readonly referenced: ReferencedObjects;
  readonly services: View<Service>;
  readonly facts: NodeFacts;
  readonly clock: Clock;
  readonly requestToken?: RequestToken;
  /** The certificate of the API server's authority, where no configMap has it. */
  readonly clusterCa?: string;
}

export interface Materials extends Disposable {
  readonly volumes: readonly Volume[];
  readonly token: VolumeSources["token"];
  readonly claimed: VolumeSources["claimed"];
  readonly values: (podIp: string) => ReferenceValues;
}

export class PodMaterials {
  readonly #options: MaterialsOptions;

  constructor(options: MaterialsOptions) {
    this.#options = options;
  }

  async open(pod: Pod, onChange: () => void): Promise<Materials> {
    const { facts, services, referenced, clusterCa } = this.#options;
    const { namespace } = identityOf(pod);
    const volumes = volumesOf(pod, await this.#automounts(pod));
    const references = referencesOf({ ...pod, spec: { ...pod.spec, volumes } });
    const sources = await referenced.open(namespace, references, onChange);
    const authority: ConfigMap | undefined =
      clusterCa === undefined ? undefined : { metadata: { name: ROOT_CA, namespace }, data: { "ca.crt": clusterCa } };
    return {
      volumes,
      token: this.#tokens(pod),
      claimed: (claim) => this.#claimed(pod, claim),
      values: (podIp) => ({
        configMap: (name) => sources.configMap(name) ?? (name === ROOT_CA ? authority : undefined),
        secret: (name) => sources.secret(name),
        services: [
          ...services.list(namespace),
          ...(namespace === "default"
            ? []
            : services.list("default").filter(({ metadata }) => metadata.name === "kubernetes")),
        ],
        podIp: podIp === "" && pod.spec.hostNetwork === true ? facts.ip : podIp,
        hostIp: facts.ip,
        allocatable: facts.allocatable,
      }),
      [Symbol.dispose]: () => sources[Symbol.dispose](),
    };
  }

  /** Straight from the source: a claim is looked up when it is mounted, and not again. Kubelet's words. */
  async #claimed(pod: Pod, { claimName, isEphemeral }: PodClaim): Promise<PersistentVolume> {
    const { objects } = this.#options;
    const { namespace } = identityOf(pod);
    const claim = await objects.get(persistentVolumeClaimKind, keyOf(namespace, claimName));
    if (claim === null) throw new Fault("NotFound", `persistentvolumeclaim "${claimName}" not found`);
    const stranger = isEphemeral ? strangerFault(pod, claim) : null;
    if (stranger !== null) throw new Fault("Invalid", stranger);
    const { volumeName = "" } = claim.spec;
    const volume = volumeName === "" ? null : await objects.get(persistentVolumeKind, keyOf("", volumeName));
    if (volume === null || !isFullyBound(claim) || claim.status?.phase !== "Bound")
      throw new Fault("Invalid", `PVC is not bound: ${namespace}/${claimName}`);
    if (volume.spec.claimRef?.uid !== claim.metadata.uid)
      throw new Fault("Invalid", `persistent volume ${volumeName} is bound to another claim than ${claimName}`);
    return volume;
  }

  /** The pod's own word, else its account's, else yes. */
  async #automounts(pod: Pod): Promise<boolean> {
    if (pod.spec.automountServiceAccountToken !== undefined) return pod.spec.automountServiceAccountToken;
    const account = await this.#options.objects.get(
      serviceAccountKind,
      keyOf(identityOf(pod).namespace, accountOf(pod)),
    );
    return account?.automountServiceAccountToken !== false;
  }

  /** Tokens of one pod, each asked for once and again when most of its life is over. */
  #tokens(pod: Pod): VolumeSources["token"] {
    const { requestToken, clock } = this.#options;
    const kept = new Map<string, { readonly token: string; readonly renewAtMs: number }>();
    return async ({ audience, expirationSeconds }) => {
      if (requestToken === undefined) return null;
      const id = `${audience ?? ""} ${expirationSeconds}`;
      const known = kept.get(id);
      const now = clock.now();
      if (known !== undefined && known.renewAtMs > now) return known.token;
      const { name, namespace, uid } = identityOf(pod);
      const { token, expiresAtMs } = await requestToken({
        namespace,
        serviceAccount: accountOf(pod),
        expirationSeconds,
        pod: { name, uid },
        ...(audience !== undefined && { audience }),
      });
      kept.set(id, { token, renewAtMs: now + (expiresAtMs - now) * RENEW_AT });
      return token;
    };
  }
}

function accountOf({ spec }: Pod): string {
  return spec.serviceAccountName === undefined || spec.serviceAccountName === "" ? "default" : spec.serviceAccountName;
}
