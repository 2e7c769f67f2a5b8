/** Transactions: many changes or none, with the reason of each that could not be; and a request that is made twice is done once. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Database, Place, PlacedDecision } from "../database.ts";
import { type ItemChange, ItemStep, type Outcome, type Written } from "./item-step.ts";

/** Nothing was done; what each change would have become, or why it could not. */
export class TransactionCanceled extends Error {
  readonly outcomes: readonly Outcome[];
  constructor(outcomes: readonly Outcome[]) {
    super("the transaction was cancelled");
    this.outcomes = outcomes;
  }
}

/** A request with the token of another one. */
export class TokenMismatch extends Error {}

export interface RequestToken {
  readonly token: string;
  /** Of everything that the request says. */
  readonly fingerprint: string;
}

export interface Transacted {
  readonly written: readonly Written[];
  /** It was done before, and not again. */
  readonly isReplay: boolean;
}

// DynamoDB API Reference, TransactWriteItems: a token is good for ten minutes after the request that used it.
const TOKEN_LIFE_MS = 10 * 60_000;
// Tokens are kept by the time span that they came in: this one, the one before, and one that is dropped before it is used again.
const SPANS = 3;

export async function transact(
  database: Database,
  { changes, now }: { readonly changes: readonly ItemChange[]; readonly now: number },
  request: RequestToken | null,
): Promise<Transacted> {
  const step = new ItemStep(changes, now);
  const tokens = request === null ? [] : tokenPlaces(request, now);
  return database.changeAll([...tokens, ...step.places], (all): PlacedDecision<Transacted> => {
    const values = all.slice(tokens.length);
    const used = all.slice(0, tokens.length).flatMap((value) => (value === null ? [] : [decodeUse(value)]));
    const known = used.find(({ atMs }) => now - atMs < TOKEN_LIFE_MS);
    if (known !== undefined && known.fingerprint !== request?.fingerprint) throw new TokenMismatch();
    const outcomes = step.outcomes(values, known !== undefined);
    const written = outcomes.flatMap((outcome) => ("thrown" in outcome ? [] : [outcome]));
    if (written.length < outcomes.length) throw new TransactionCanceled(outcomes);
    if (known !== undefined) return { writes: [], result: { written, isReplay: true } };
    const [place] = tokens;
    const use = { fingerprint: request?.fingerprint ?? "", atMs: now };
    const noted = place === undefined ? [] : [{ ...place, value: encodeUtf8(JSON.stringify(use)) }];
    return { writes: [...step.writes(values, written), ...noted], result: { written, isReplay: false } };
  });
}

interface Use {
  readonly fingerprint: string;
  readonly atMs: number;
}

function decodeUse(bytes: Uint8Array): Use {
  return JSON.parse(decodeUtf8(bytes)) as Use;
}

/** Of this span and the one before. */
function tokenPlaces({ token }: RequestToken, now: number): readonly Place[] {
  const span = Math.floor(now / TOKEN_LIFE_MS);
  const key = encodeUtf8(token);
  return [span, span - 1].map((one) => ({ collection: tokenCollection(one), key }));
}

/** What no token is read from any more, to be dropped. */
export function staleTokens(now: number): string {
  return tokenCollection(Math.floor(now / TOKEN_LIFE_MS) + 1);
}

// No table's name has a slash.
function tokenCollection(span: number): string {
  return `tokens/${span % SPANS}`;
}
