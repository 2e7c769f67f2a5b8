/** An operation of a model, ready to be served: its structures, and which members stand in the body and which elsewhere. */
import type { Location, Model, OperationData } from "./model.ts";
import { type FindShape, type Member, type Structure, shapesOf, structureOf } from "./shape.ts";

export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly uri: string;
  /** Of success. */
  readonly status: number;
  readonly input: Structure;
  readonly output: Structure;
  readonly hasOutput: boolean;
  readonly request: Bindings;
  readonly response: Bindings;
  /** By the names that the model gives them. */
  readonly errors: ReadonlyMap<string, Structure>;
  readonly resultWrapper?: string;
  readonly inputRoot?: OperationData["inputRoot"];
}

/** Where the members of an input or output stand (Smithy, "HTTP binding traits"); with other protocols all are body. */
export interface Bindings {
  readonly uri: readonly Bound[];
  readonly query: readonly Bound[];
  readonly header: readonly Bound[];
  /** Maps of all headers with a prefix. */
  readonly headers: readonly Bound[];
  readonly statusCode: Member | null;
  /** The member that is the whole body. */
  readonly payload: Member | null;
  /** The others, by their names on the wire and by those of the model. */
  readonly body: ReadonlyMap<string, Member>;
  readonly bodyMembers: ReadonlyMap<string, Member>;
}

/** A member that stands outside of the body. */
export interface Bound {
  /** On the wire; of headers in lower case, of "headers" their prefix. */
  readonly key: string;
  readonly member: Member;
}

// The shapes of a model are linked once, however many actions are made of it.
const linked = new WeakMap<Model, FindShape>();

function shapesOnce(model: Model): FindShape {
  const known = linked.get(model);
  if (known !== undefined) return known;
  const find = shapesOf(model);
  linked.set(model, find);
  return find;
}

export function operationOf(model: Model, name: string): Operation {
  const data = model.operations[name];
  if (data === undefined) throw new RangeError(`the model of ${model.signingName} has no operation ${name}`);
  const find = shapesOnce(model);
  const input = structureOf(find, data.input);
  const output = structureOf(find, data.output);
  return {
    name,
    method: data.method ?? "POST",
    uri: data.uri ?? "/",
    status: data.status ?? 200,
    input,
    output,
    hasOutput: data.output !== undefined,
    request: bindingsOf(input),
    response: bindingsOf(output),
    errors: new Map((data.errors ?? []).map((error) => [error, structureOf(find, error)])),
    ...(data.resultWrapper !== undefined && { resultWrapper: data.resultWrapper }),
    ...(data.inputRoot !== undefined && { inputRoot: data.inputRoot }),
  };
}

export function bindingsOf(structure: Structure): Bindings {
  const all = [...structure.members.values()];
  const payload = structure.payload === undefined ? undefined : structure.members.get(structure.payload);
  const inBody = all.filter((member) => member.at === undefined && member !== payload);
  return {
    uri: boundAt(all, "uri"),
    query: boundAt(all, "querystring"),
    header: boundAt(all, "header").map(inLowerCase),
    headers: boundAt(all, "headers").map(inLowerCase),
    statusCode: all.find(({ at }) => at === "statusCode") ?? null,
    payload: payload ?? null,
    body: new Map(inBody.map((member) => [member.wireName ?? member.name, member])),
    bodyMembers: new Map(inBody.map((member) => [member.name, member])),
  };
}

function boundAt(all: readonly Member[], where: Location): readonly Bound[] {
  return all.filter(({ at }) => at === where).map((member) => ({ key: member.wireName ?? member.name, member }));
}

function inLowerCase({ key, member }: Bound): Bound {
  return { key: key.toLowerCase(), member };
}
