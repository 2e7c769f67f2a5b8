/** An Ingress that names no class gets the default one, as upstream's admission DefaultIngressClass. */
import type { IngressClass } from "#kinds/networking/ingress-class.ts";
import type { IngressObject as Ingress } from "#kinds/networking/ingress-spec.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { AdmissionRequest, Present } from "./admission.ts";
import { storageOf } from "./registry.ts";

const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";
const CLASS = "kubernetes.io/ingress.class";

export function admitIngress({ kind, object, live, subresource }: AdmissionRequest, present: Present): KubeObject {
  if (live !== null || subresource !== undefined || storageOf(kind) !== "networking.k8s.io/ingresses") return object;
  const ingress = object as Ingress;
  if (ingress.spec.ingressClassName !== undefined || ingress.metadata.annotations?.[CLASS] !== undefined) return object;
  const name = defaultClass(present.list("networking.k8s.io/ingressclasses") as Iterable<IngressClass>);
  return name === null ? object : ({ ...ingress, spec: { ...ingress.spec, ingressClassName: name } } as Ingress);
}

/** The newest of those that are marked; of two as old the first by name. */
function defaultClass(classes: Iterable<IngressClass>): string | null {
  const marked = [...classes].filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
  const [first] = marked.toSorted(
    (a, b) =>
      (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "") ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  return first?.metadata.name ?? null;
}
