/** What every write says beside the object, and what it gets back. */
import type { Json } from "#base/json.ts";
import type { Asker, SubresourceName } from "#kinds/kind.ts";
import type { Revision } from "./journal.ts";
import type { RemoveOptions } from "./objects.ts";
import type { Stored } from "./stored.ts";

export interface WriteRequest {
  /** The field manager. */
  readonly manager: string;
  readonly subresource?: SubresourceName;
  /** Everything but the journal. */
  readonly dryRun?: boolean;
  /** Who asks; for the record and for what the object says of it. Authorization is the door's. */
  readonly subject?: Asker;
  /** Only if the object still has this revision. */
  readonly expected?: Revision;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
}

export interface Written {
  readonly stored: Stored;
  /** Created by this write: the door answers 201. */
  readonly isNew: boolean;
  /** Unknown and duplicate fields that were dropped, and what the kind warns of. */
  readonly warnings: readonly string[];
}

export interface Removed {
  /** The last state, or the marked one. */
  readonly stored: Stored;
  /** False when finalizers or a grace period keep it for now. */
  readonly isGone: boolean;
}

export interface Patch {
  /** JSON patch (RFC 6902), JSON merge patch (RFC 7386), Kubernetes' strategic merge patch. */
  readonly type: "json" | "merge" | "strategic";
  readonly body: Json;
}

export interface DeckRemoveOptions extends RemoveOptions {
  /** Only if the object still has this revision. */
  readonly revision?: Revision;
}
