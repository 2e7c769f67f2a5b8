/** The names of all roles that ever were: a role that is gone is another thing than one that somebody made up. */
import { nameOf } from "#base/key.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Keeper } from "#deck/controller.ts";
import { type IamRole, iamRoleKind } from "#kinds/catamaran/iam-role.ts";
import type { Database } from "../database.ts";

const COLLECTION = "iam known roles";
const NOTHING = encodeUtf8("");

export class KnownRoles {
  readonly #database: Database;
  readonly #names: Set<string>;

  static async open(database: Database): Promise<KnownRoles> {
    const rows = await database.scan(COLLECTION);
    return new KnownRoles(database, new Set(rows.map(({ key }) => decodeUtf8(key))));
  }

  private constructor(database: Database, names: Set<string>) {
    this.#database = database;
    this.#names = names;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Durable when resolved. */
  async add(name: string): Promise<void> {
    const key = encodeUtf8(name);
    this.#names.add(name);
    await this.#database.change(COLLECTION, [key], ([known]) => ({
      writes: known === null ? [{ key, value: NOTHING }] : [],
      result: undefined,
    }));
  }
}

/** Takes in roles that came by a manifest, and at a start those that are there. */
export function knownRolesKeeper(known: KnownRoles): Keeper<IamRole> {
  return {
    name: "catamaran-known-roles",
    kind: iamRoleKind,
    keep: async (key) => {
      const { name } = nameOf(key);
      if (!known.has(name)) await known.add(name);
    },
  };
}
