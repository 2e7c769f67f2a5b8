/** What a stack needs of whoever makes its resources: a value for each type. Implemented by the AWS door, over its own actions. */
import type { Json, JsonObject } from "#base/json.ts";

/** A resource as it is, or as it is to be. */
export interface Asked {
  readonly logicalId: string;
  /** A name that nobody else has, for a resource whose template names none; kept before it is used, so that trying again finds it. */
  readonly generatedName: string;
  /** All functions done. */
  readonly properties: JsonObject;
  readonly stack: StackPlace;
  /** It was tried before, and may be there already: a process ended meanwhile. */
  readonly isAgain: boolean;
}

export interface StackPlace {
  readonly name: string;
  readonly id: string;
  /** Tags of the stack, which its resources get too. */
  readonly tags: Readonly<Record<string, string>>;
  /** Whose rights count: an opaque value of the door's. */
  readonly caller: Json;
}

export interface Made {
  /** What Ref gives. */
  readonly physicalId: string;
  /** What Fn::GetAtt gives, by attribute. */
  readonly attributes: JsonObject;
}

export interface ResourceType {
  /** "AWS::SQS::Queue". */
  readonly name: string;
  /** Top members of its properties; any other is refused by name before anything is made. */
  readonly properties: readonly string[];
  /** Those of which a change makes a new resource. */
  readonly createOnly: readonly string[];
  /** The property that names it, if a template may: a resource so named cannot be replaced. */
  readonly nameProperty?: string;
  /** Faults: their message becomes the event's reason. Made twice is made once. */
  readonly create: (asked: Asked) => Promise<Made>;
  readonly update: (asked: Asked, before: Made & { readonly properties: JsonObject }) => Promise<Made>;
  /** What is gone already is well removed. */
  readonly remove: (asked: Asked, before: Made) => Promise<void>;
}

/** Null: there is no such type. */
export type FindResourceType = (name: string) => ResourceType | null;
