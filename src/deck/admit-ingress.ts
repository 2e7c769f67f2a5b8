/** An Ingress that names no class gets the default one, as upstream's admission DefaultIngressClass. */
import { type IngressClass, ingressClassKind } from "#kinds/networking/ingress-class.ts";
import { type Ingress, ingressKind } from "#kinds/networking/ingress.ts";
import type { Admission } from "./admission.ts";

const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";
const CLASS = "kubernetes.io/ingress.class";

export const defaultIngressClass: Admission<Ingress> = {
  name: "DefaultIngressClass",
  kinds: [ingressKind],
  on: ["create"],
  admit({ object: ingress }, present) {
    const { spec, metadata } = ingress;
    if (spec.ingressClassName !== undefined || metadata.annotations?.[CLASS] !== undefined) return ingress;
    const name = defaultClass(present.list(ingressClassKind));
    return name === null ? ingress : { ...ingress, spec: { ...spec, ingressClassName: name } };
  },
};

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
