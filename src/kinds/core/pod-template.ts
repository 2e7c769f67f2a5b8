/** PodTemplate: a template that is kept by itself, for whoever makes pods of it. */
import { builtinKind } from "#kinds/builtin.ts";
import { formatLabels, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { defaultTemplate } from "./pod-defaults.ts";
import { checkTemplate } from "./pod-rules.ts";
import type { Container, PodTemplateSpec } from "./pod-spec.ts";

export type PodTemplate = KubeObject & { readonly template?: PodTemplateSpec };

export const podTemplateKind: Kind<PodTemplate> = builtinKind<PodTemplate>({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  scope: "Namespaced",
  type: "io.k8s.api.core.v1.PodTemplate",
  countsGenerations: true,
  podTemplate: ({ template }) => template,
  columns: [
    text("Containers", (object) => joined(object, ({ name }) => name)),
    text("Images", (object) => joined(object, ({ image = "" }) => image)),
    text("Pod Labels", ({ template }) => formatLabels(template?.metadata?.labels)),
  ],
  defaults: (object) =>
    object.template === undefined ? object : { ...object, template: defaultTemplate(object.template) },
  validate: ({ template }) => {
    const faults = new FieldFaults();
    checkTemplate(template, "template", faults);
    return faults.found;
  },
});

function joined({ template }: PodTemplate, part: (container: Container) => string): string {
  return (template?.spec?.containers ?? []).map(part).join(",");
}
