/** Parses PartiQL statements on tables (Developer Guide, "PartiQL statements for DynamoDB") into the conditions and updates that expressions have. Pure. */
import { Fault } from "#base/fault.ts";
import { type Attribute, checkAttribute, type Item } from "./attribute.ts";
import { type Path, type PathNode, pathTree } from "./document-path.ts";
import type { Condition, SetValue, Update } from "./expression-syntax.ts";
import { PartiqlConditions } from "./partiql-conditions.ts";
import { malformed, PartiqlTokens } from "./partiql-tokens.ts";
import { PartiqlValues } from "./partiql-values.ts";

export interface Returning {
  readonly which: "ALL" | "MODIFIED";
  readonly when: "OLD" | "NEW";
}

export type Statement =
  | {
      readonly is: "select";
      readonly table: string;
      readonly index?: string;
      /** Absent: whole items. */
      readonly columns?: readonly Path[];
      readonly where?: Condition;
      readonly order?: { readonly by: string; readonly isDescending: boolean };
    }
  | { readonly is: "insert"; readonly table: string; readonly item: Item }
  | {
      readonly is: "update";
      readonly table: string;
      readonly update: Update;
      readonly where: Condition;
      readonly returning?: Returning;
    }
  | { readonly is: "delete"; readonly table: string; readonly where: Condition; readonly returning?: Returning }
  | { readonly is: "exists"; readonly table: string; readonly where: Condition };

/** `parameters` as sent, for the question marks in their order. */
export function parseStatement(source: string, parameters: readonly unknown[]): Statement {
  const tokens = new PartiqlTokens(source);
  const values = new PartiqlValues(
    tokens,
    parameters.map((value) => checkAttribute(value)),
  );
  const parser = new StatementParser(tokens, values);
  const statement = parser.statement();
  if (tokens.next.is !== "end") throw tokens.unexpected("the end of the statement");
  values.refuseUnused();
  return statement;
}

/** The name of the table, without looking at the rest: what rights a request needs. Null for what is no statement. */
export function tableIn(
  source: string,
): { readonly is: Statement["is"]; readonly table: string; readonly index?: string } | null {
  const found =
    /^\s*(?:(SELECT)\s[\s\S]*?\sFROM|(INSERT)\s+INTO|(UPDATE)|(DELETE)\s+FROM|(EXISTS)\s*\(\s*SELECT\s[\s\S]*?\sFROM)\s+(?:"([^"]+)"|([\w-]+))(?:\s*\.\s*"?([\w.-]+)"?)?/i.exec(
      source,
    );
  if (found === null) return null;
  const [, select, insert, update, erase, , quoted, bare, index] = found;
  const is =
    select !== undefined
      ? "select"
      : insert !== undefined
        ? "insert"
        : update !== undefined
          ? "update"
          : erase !== undefined
            ? "delete"
            : "exists";
  return { is, table: quoted ?? bare ?? "", ...(is === "select" && index !== undefined && { index }) };
}

class StatementParser {
  readonly #tokens: PartiqlTokens;
  readonly #values: PartiqlValues;
  readonly #conditions: PartiqlConditions;

  constructor(tokens: PartiqlTokens, values: PartiqlValues) {
    this.#tokens = tokens;
    this.#values = values;
    this.#conditions = new PartiqlConditions(tokens, values);
  }

  statement(): Statement {
    const tokens = this.#tokens;
    if (tokens.isWord("SELECT")) return this.#select();
    if (tokens.takeWord("INSERT")) return this.#insert();
    if (tokens.takeWord("UPDATE")) return this.#update();
    if (tokens.takeWord("DELETE")) return this.#delete();
    if (tokens.takeWord("EXISTS")) return this.#exists();
    throw tokens.unexpected("SELECT, INSERT, UPDATE, DELETE or EXISTS");
  }

  #select(): Statement & { readonly is: "select" } {
    const tokens = this.#tokens;
    tokens.expectWord("SELECT");
    const paths: Path[] = [];
    if (!tokens.takeSymbol("*")) {
      do paths.push(this.#values.path());
      while (tokens.takeSymbol(","));
    }
    tokens.expectWord("FROM");
    const table = this.#name();
    const index = tokens.takeSymbol(".") ? this.#name() : undefined;
    const where = tokens.takeWord("WHERE") ? this.#conditions.condition() : undefined;
    const order = this.#order();
    return {
      is: "select",
      table,
      ...(index !== undefined && { index }),
      ...(paths.length > 0 && { columns: paths }),
      ...(where !== undefined && { where }),
      ...(order !== undefined && { order }),
    };
  }

  #order(): { readonly by: string; readonly isDescending: boolean } | undefined {
    const tokens = this.#tokens;
    if (!tokens.takeWord("ORDER")) return undefined;
    tokens.expectWord("BY");
    const [by] = this.#values.path();
    const isDescending = tokens.takeWord("DESC");
    if (!isDescending) tokens.takeWord("ASC");
    return { by: String(by), isDescending };
  }

  #insert(): Statement {
    const tokens = this.#tokens;
    tokens.expectWord("INTO");
    const table = this.#name();
    tokens.expectWord("VALUE");
    const item = this.#values.value();
    if (!("M" in item)) throw malformed("the value of an INSERT is a tuple");
    return { is: "insert", table, item: item.M };
  }

  #update(): Statement {
    const table = this.#name();
    const set: { readonly path: Path; readonly value: SetValue }[] = [];
    const remove: Path[] = [];
    const add: { readonly path: Path; readonly value: Attribute }[] = [];
    const taken: { readonly path: Path; readonly value: Attribute }[] = [];
    const tokens = this.#tokens;
    for (;;) {
      if (tokens.takeWord("SET"))
        do this.#assign({ set, add, taken });
        while (tokens.takeSymbol(","));
      else if (tokens.takeWord("REMOVE"))
        do remove.push(this.#values.path());
        while (tokens.takeSymbol(","));
      else break;
    }
    const paths = [...[...set, ...add, ...taken].map(({ path }) => path), ...remove];
    if (paths.length === 0) throw tokens.unexpected("SET or REMOVE");
    const update = { set, remove, add, delete: taken, paths, tree: treeOf(paths) };
    return { is: "update", table, update, where: this.#where(), ...this.#returning() };
  }

  #assign(into: {
    readonly set: { readonly path: Path; readonly value: SetValue }[];
    readonly add: { readonly path: Path; readonly value: Attribute }[];
    readonly taken: { readonly path: Path; readonly value: Attribute }[];
  }): void {
    const path = this.#values.path();
    this.#tokens.expectSymbol("=");
    for (const [word, list] of [
      ["SET_ADD", into.add],
      ["SET_DELETE", into.taken],
    ] as const)
      if (this.#tokens.isWord(word)) {
        list.push({ path, value: this.#setArgument(path) });
        return;
      }
    into.set.push({ path, value: this.#conditions.setValue() });
  }

  /** set_add(path, <<…>>): the path is the one that is assigned to. */
  #setArgument(assigned: Path): Attribute {
    const tokens = this.#tokens;
    tokens.take();
    tokens.expectSymbol("(");
    const path = this.#values.path();
    if (path.join() !== assigned.join()) throw malformed("a set function takes the path that it is assigned to");
    tokens.expectSymbol(",");
    const value = this.#values.value();
    tokens.expectSymbol(")");
    return value;
  }

  #delete(): Statement {
    this.#tokens.expectWord("FROM");
    return { is: "delete", table: this.#name(), where: this.#where(), ...this.#returning() };
  }

  #exists(): Statement {
    this.#tokens.expectSymbol("(");
    const { table, where } = this.#select();
    this.#tokens.expectSymbol(")");
    if (where === undefined) throw malformed("EXISTS needs a WHERE clause");
    return { is: "exists", table, where };
  }

  #where(): Condition {
    this.#tokens.expectWord("WHERE");
    return this.#conditions.condition();
  }

  #returning(): { readonly returning?: Returning } {
    const tokens = this.#tokens;
    if (!tokens.takeWord("RETURNING")) return {};
    const which = tokens.takeWord("MODIFIED") ? "MODIFIED" : "ALL";
    if (which === "ALL") tokens.expectWord("ALL");
    const when = tokens.takeWord("OLD") ? "OLD" : "NEW";
    if (when === "NEW") tokens.expectWord("NEW");
    tokens.expectSymbol("*");
    return { returning: { which, when } };
  }

  #name(): string {
    const { is, text } = this.#tokens.next;
    if (is !== "quoted" && is !== "word") throw this.#tokens.unexpected("a table name");
    this.#tokens.take();
    return text;
  }
}

function treeOf(paths: readonly Path[]): PathNode {
  const tree = pathTree(paths);
  if (typeof tree === "string") throw new Fault("BadRequest", tree);
  return tree;
}
