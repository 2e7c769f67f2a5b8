/** TransactWriteItems and TransactGetItems: all or nothing, with a reason for each part that could not be. */
import { createHash } from "node:crypto";
import { Fault } from "#base/fault.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import { type Item, itemBytes } from "#managed/table/attribute.ts";
import type { Expressions } from "#managed/table/expression.ts";
import type { ItemChange, Outcome, Written } from "#managed/table/item-step.ts";
import {
  checkChange,
  ConditionFailed,
  DuplicateItem,
  eraseChange,
  putChange,
  updateChange,
} from "#managed/table/plan-changes.ts";
import { project } from "#managed/table/projection.ts";
import { type ItemPlace, placeOf } from "#managed/table/tables.ts";
import { TokenMismatch, TransactionCanceled, type Transacted } from "#managed/table/transaction.ts";
import { type Action, action, type Need } from "../action.ts";
import type { Place } from "../place.ts";
import { type AccountTables, arnNamed, failure, findTable, invalid } from "./account-tables.ts";
import { consumedByTable, NO_UNITS, readUnits, sumOf, tableUnits, type Units, writeUnits } from "./capacity.ts";
import { expressionsOf } from "./expressions.ts";
import { collectionsOf } from "./item-collections.ts";
import {
  type CancellationReason,
  type ItemCollectionMetrics,
  model,
  type ReturnItemCollectionMetrics,
  type TransactWriteItem,
  type TransactWriteItemsOutput,
} from "./model.gen.ts";

// Each part is read or written, and prepared (Developer Guide, "Capacity management for transactions").
const TIMES = 2;
const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

/** One change of a transaction, and whether its item is told when its condition fails. */
export interface Part {
  readonly name: string;
  readonly change: ItemChange;
  readonly wantsOld: boolean;
}

export const transactWriteItems: Action<AccountTables> = action(model, "TransactWriteItems", {
  resources: () => [],
  alsoNeeds: ({ TransactItems }, place) => TransactItems.flatMap((part) => needsOf(part, place)),
  serves: ["TransactItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ClientRequestToken"],
  unserved: {},
  run: async (account: AccountTables, input) => {
    const { TransactItems, ClientRequestToken: token } = input;
    checkPayload(TransactItems);
    const parts = planned(await Promise.all(TransactItems.map((each) => preparedOf(account, each))));
    const fingerprint = createHash("sha256").update(JSON.stringify(TransactItems)).digest("base64");
    const done = await transactParts(account, parts, token === undefined ? null : { token, fingerprint });
    return {
      ...consumedByTable(input.ReturnConsumedCapacity, unitsOf(parts, done)),
      ...(await metricsOf(account, { parts, done, asked: input.ReturnItemCollectionMetrics })),
    };
  },
});

const PERMISSIONS = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
} as const;

/** What each part needs alone (Developer Guide, "Using IAM with DynamoDB transactions"). */
function needsOf(part: TransactWriteItem, place: Place): readonly Need[] {
  return (["Put", "Update", "Delete", "ConditionCheck"] as const).flatMap((kind) => {
    const name = part[kind]?.TableName;
    if (name === undefined) return [];
    return [{ permission: `dynamodb:${PERMISSIONS[kind]}`, resource: arnNamed(place, name) }];
  });
}

function checkPayload(parts: readonly TransactWriteItem[]): void {
  let bytes = 0;
  for (const { Put, Update, Delete, ConditionCheck } of parts) {
    const items: readonly unknown[] = [
      Put?.Item,
      (Update ?? Delete ?? ConditionCheck)?.Key,
      (Put ?? Update ?? Delete ?? ConditionCheck)?.ExpressionAttributeValues,
    ];
    // As sent: what is no item is refused when it is planned.
    for (const item of items) bytes += item === undefined ? 0 : JSON.stringify(item).length;
  }
  if (bytes > MAX_PAYLOAD_BYTES) throw invalid(`Transaction payload size cannot exceed ${MAX_PAYLOAD_BYTES} bytes`);
}

interface Prepared {
  readonly name: string;
  readonly wantsOld: boolean;
  /** May throw what is wrong with this part alone. */
  readonly plan: () => ItemChange;
}

/** What is wrong with expressions or tables is wrong with the whole request. */
async function preparedOf(account: AccountTables, part: TransactWriteItem): Promise<Prepared> {
  const { Put, Update, Delete, ConditionCheck } = part;
  const [given, ...more] = [Put, Update, Delete, ConditionCheck].filter((one) => one !== undefined);
  if (given === undefined || more.length > 0)
    throw invalid("TransactItems can only contain one of Check, Put, Update or Delete");
  const expressions = expressionsOf(
    given,
    Update === undefined ? ["ConditionExpression"] : ["UpdateExpression", "ConditionExpression"],
  );
  const table = await findTable(account, given.TableName);
  return {
    name: given.TableName,
    wantsOld: given.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
    plan: () => planOf(table, part, expressions),
  };
}

function planOf(
  table: Table,
  { Put, Update, Delete, ConditionCheck }: TransactWriteItem,
  expressions: Expressions,
): ItemChange {
  if (Put !== undefined) return putChange(table, Put.Item, expressions);
  if (Update !== undefined) return updateChange(table, Update.Key, expressions);
  if (Delete !== undefined) return eraseChange(table, Delete.Key, expressions);
  return checkChange(table, ConditionCheck?.Key, expressions);
}

/** The first part that cannot be planned is the reason; the others are not looked at. */
export function planned(prepared: readonly Prepared[]): readonly Part[] {
  const parts = prepared.map(({ name, wantsOld, plan }, index): Part => {
    try {
      return { name, wantsOld, change: plan() };
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      throw cancelled(prepared.map((_, at) => (at === index ? reasonOf(thrown, false) : NO_REASON)));
    }
  });
  refuseTwice(parts.map(({ change }) => change));
  return parts;
}

function refuseTwice(places: readonly ItemPlace[]): void {
  const seen = new Set(places.map(({ table, key }) => `${table.metadata.uid ?? ""} ${key.join()}`));
  if (seen.size < places.length) throw invalid("Transaction request cannot include multiple operations on one item");
}

export async function transactParts(
  { tables }: AccountTables,
  parts: readonly Part[],
  token: { readonly token: string; readonly fingerprint: string } | null,
): Promise<Transacted> {
  try {
    return await tables.transact(
      parts.map(({ change }) => change),
      token,
    );
  } catch (thrown) {
    if (thrown instanceof TokenMismatch)
      throw failure(
        "IdempotentParameterMismatchException",
        "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical",
      );
    if (!(thrown instanceof TransactionCanceled)) throw thrown;
    throw cancelled(thrown.outcomes.map((outcome, at) => outcomeReason(outcome, parts[at]?.wantsOld === true)));
  }
}

const NO_REASON: CancellationReason = { Code: "None" };

function outcomeReason(outcome: Outcome, wantsOld: boolean): CancellationReason {
  return "thrown" in outcome ? reasonOf(outcome.thrown, wantsOld) : NO_REASON;
}

function reasonOf(thrown: unknown, wantsOld: boolean): CancellationReason {
  if (thrown instanceof ConditionFailed) {
    const { message, item } = thrown;
    return { Code: "ConditionalCheckFailed", Message: message, ...(wantsOld && item !== null && { Item: item }) };
  }
  if (thrown instanceof DuplicateItem) return { Code: "DuplicateItem", Message: thrown.message };
  if (thrown instanceof Fault) return { Code: "ValidationError", Message: thrown.message };
  throw thrown;
}

function cancelled(reasons: readonly CancellationReason[]): Error {
  const codes = reasons.map(({ Code }) => Code).join(", ");
  return failure(
    "TransactionCanceledException",
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}

/** A request that was done before is answered from what is there: it reads. */
export function unitsOf(parts: readonly Part[], { written, isReplay }: Transacted): ReadonlyMap<string, Units> {
  const units = new Map<string, Units>();
  for (const [at, { name, change }] of parts.entries()) {
    const each: Written = written[at] ?? { before: null, after: null };
    const own = isReplay ? tableUnits(readUnits(each.before, true)) : writeUnits(change.table, each);
    units.set(name, sumOf(units.get(name) ?? NO_UNITS, own, TIMES));
  }
  return units;
}

async function metricsOf(
  account: AccountTables,
  {
    parts,
    done,
    asked,
  }: {
    readonly parts: readonly Part[];
    readonly done: Transacted;
    readonly asked: ReturnItemCollectionMetrics | undefined;
  },
): Promise<Pick<TransactWriteItemsOutput, "ItemCollectionMetrics">> {
  if (asked !== "SIZE") return {};
  const found = new Map<string, readonly ItemCollectionMetrics[]>();
  for (const name of new Set(parts.map((part) => part.name))) {
    const own = parts.flatMap((part, at) => (part.name === name ? [{ table: part.change.table, at }] : []));
    const written = own.flatMap(({ at }) => done.written[at] ?? []);
    const [first] = own;
    if (first === undefined) continue;
    const collections = await collectionsOf(account, first.table, { asked, written });
    if (collections.length > 0) found.set(name, collections);
  }
  return found.size === 0 ? {} : { ItemCollectionMetrics: Object.fromEntries(found) };
}

export const transactGetItems: Action<AccountTables> = action(model, "TransactGetItems", {
  permission: "GetItem",
  resources: ({ TransactItems }, place) => TransactItems.map(({ Get }) => arnNamed(place, Get.TableName)),
  serves: ["TransactItems", "ReturnConsumedCapacity"],
  unserved: {},
  run: async (account: AccountTables, { TransactItems, ReturnConsumedCapacity }) => {
    const prepared = await Promise.all(
      TransactItems.map(async ({ Get }) => {
        const { projection } = expressionsOf(Get, ["ProjectionExpression"]);
        return { Get, projection, table: await findTable(account, Get.TableName) };
      }),
    );
    const places = prepared.map(({ Get, table }, index) => {
      try {
        return placeOf(table, Get.Key);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        throw cancelled(prepared.map((_, at) => (at === index ? reasonOf(thrown, false) : NO_REASON)));
      }
    });
    refuseTwice(places);
    const items = await account.tables.readTogether(places);
    if (items.reduce((sum, item) => sum + (item === null ? 0 : itemBytes(item)), 0) > MAX_PAYLOAD_BYTES)
      throw invalid(`Transaction payload size cannot exceed ${MAX_PAYLOAD_BYTES} bytes`);
    const units = new Map<string, Units>();
    const Responses = prepared.map(({ Get, projection }, at) => {
      const item: Item | null = items[at] ?? null;
      const own = tableUnits(readUnits(item, true));
      units.set(Get.TableName, sumOf(units.get(Get.TableName) ?? NO_UNITS, own, TIMES));
      if (item === null) return {};
      return { Item: projection === undefined ? item : project(item, projection) };
    });
    return { Responses, ...consumedByTable(ReturnConsumedCapacity, units) };
  },
});
