/** The faults of reading and writing objects, in Kubernetes' own words: kubectl, helm and client-go match on them. */
import { Fault, type FieldFault } from "#base/fault.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";

export function notFound(kind: Kind, name: string): Fault {
  return new Fault("NotFound", `${resourceOf(kind)} "${name}" not found`, {
    group: kind.group,
    kind: kind.plural,
    name,
  });
}

export function alreadyExists(kind: Kind, name: string): Fault {
  return new Fault("AlreadyExists", `${resourceOf(kind)} "${name}" already exists`, {
    group: kind.group,
    kind: kind.plural,
    name,
  });
}

const MODIFIED = "the object has been modified; please apply your changes to the latest version and try again";

export function conflict(kind: Kind, name: string, why: string = MODIFIED): Fault {
  return new Fault("Conflict", `Operation cannot be fulfilled on ${resourceOf(kind)} "${name}": ${why}`, {
    group: kind.group,
    kind: kind.plural,
    name,
  });
}

export function invalid(kind: Kind, name: string, causes: readonly FieldFault[]): Fault {
  const sentences = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
  return new Fault(
    "Invalid",
    `${kind.kind}${kind.group === "" ? "" : `.${kind.group}`} "${name}" is invalid: ${list}`,
    { group: kind.group, kind: kind.kind, name, causes },
  );
}

export function forbidden(kind: Kind, name: string, why: string): Fault {
  return new Fault("Forbidden", `${resourceOf(kind)} "${name}" is forbidden: ${why}`, {
    group: kind.group,
    kind: kind.plural,
    name,
  });
}

/** Clients tell it from other refusals by its cause: it will not go away by trying again. */
export function namespaceTerminating(kind: Kind, name: string, namespace: string): Fault {
  const { message, details } = forbidden(
    kind,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const cause: FieldFault = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  return new Fault("Forbidden", message, { ...details, causes: [cause] });
}

export function isNamespaceTerminating(thrown: unknown): boolean {
  return (
    thrown instanceof Fault && (thrown.details.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating")
  );
}

/** A watch or a page from a revision whose history is gone. */
export function expired(asked: number, floor: number): Fault {
  return new Fault("Expired", `too old resource version: ${asked} (${floor})`);
}
