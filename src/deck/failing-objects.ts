/** Objects of which some calls fail, for tests of what is tried again. */
import { Fault } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Kind, SubresourceName } from "#kinds/kind.ts";
import { keyOfObject } from "#kinds/object.ts";
import type { Objects } from "./objects.ts";

export interface Call {
  readonly verb: "view" | "get" | "create" | "change" | "remove";
  readonly kind: Kind;
  /** Empty for views. */
  readonly key: ObjectKey;
  readonly subresource?: SubresourceName;
}

/** `fails` is asked before each call: true makes it fail with an InternalError, and nothing is done. */
export function failingObjects(objects: Objects, fails: (call: Call) => boolean): Objects {
  const check = (call: Call): void => {
    if (fails(call))
      throw new Fault("InternalError", `${call.verb} of ${call.kind.plural} ${call.key} was made to fail`);
  };
  return {
    view: (kind, options) => {
      check({ verb: "view", kind, key: "" });
      return objects.view(kind, options);
    },
    get: async (kind, key) => {
      check({ verb: "get", kind, key });
      return objects.get(kind, key);
    },
    create: async (kind, object, options) => {
      check({ verb: "create", kind, key: keyOfObject(object) });
      return objects.create(kind, object, options);
    },
    change: async (kind, key, decide, options = {}) => {
      const { subresource } = options;
      check({ verb: "change", kind, key, ...(subresource && { subresource }) });
      return objects.change(kind, key, decide, options);
    },
    remove: async (kind, key, options) => {
      check({ verb: "remove", kind, key });
      return objects.remove(kind, key, options);
    },
  };
}
