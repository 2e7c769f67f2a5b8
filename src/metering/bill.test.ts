/** The arithmetic of bills, on published figures. */
import assert from "node:assert/strict";
import test from "node:test";
import { type Bill, containerBill, formatQuantity, functionBill, tiered } from "./bill.ts";
import { formatUsd } from "./money.ts";
import { type PriceBook, priceBook } from "./price-book.ts";

function book(id: string): PriceBook {
  const found = priceBook(id);
  assert.ok(found);
  return found;
}

function printed(bill: Bill): readonly string[] {
  return [
    ...bill.lines.map(
      (line) => `${line.meter}: ${formatQuantity(line.quantity)} ${line.unit} = ${formatUsd(line.amount)}`,
    ),
    `total = ${formatUsd(bill.total)}`,
  ];
}

test("the article's function: 3 M requests of 200 ms at 128 MB cost $1.85 a month, not $13.40", () => {
  const bill = functionBill(
    { requests: 3_000_000n, mbMs: 3_000_000n * 200n * 128n, httpApiRequests: 0n },
    book("article"),
  );
  assert.deepEqual(printed(bill), [
    "requests: 3,000,000 requests = $0.60",
    "duration: 75,000 GB-s = $1.25",
    "total = $1.85",
  ]);
});

test("the article's cluster: 3 nodes at $0.10 for 30 days cost $216.00", () => {
  const article = book("article");
  const node = article.nodes[0];
  assert.ok(node);
  const monthMs = 30n * 24n * 3_600_000n;
  const bill = containerBill({ nodeMs: 3n * monthMs, clusterMs: monthMs, node }, article);
  assert.deepEqual(printed(bill), ["nodes (node): 2,160 node-hours = $216.00", "total = $216.00"]);
});

const GB_SECONDS = 1_024_000n;
const durations: readonly { readonly title: string; readonly gbSeconds: bigint; readonly usd: string }[] = [
  { title: "nothing", gbSeconds: 0n, usd: "$0.0000" },
  { title: "the first tier to its edge", gbSeconds: 6_000_000_000n, usd: "$100,000.2000" },
  { title: "one unit into the second tier", gbSeconds: 6_000_000_001n, usd: "$100,000.2000" },
  { title: "the second tier to its edge", gbSeconds: 15_000_000_000n, usd: "$235,000.2000" },
  { title: "into the third tier", gbSeconds: 16_000_000_000n, usd: "$248,333.6000" },
];
for (const { title, gbSeconds, usd } of durations) {
  test(`duration tiers: ${title}`, () => {
    assert.equal(
      formatUsd(tiered(book("aws-us-east-1").functions.gbSecond, gbSeconds * GB_SECONDS, GB_SECONDS), 4),
      usd,
    );
  });
}

test("an HTTP API costs a dollar a million up to 300 M requests and 90 cents beyond", () => {
  const bill = functionBill({ requests: 0n, mbMs: 0n, httpApiRequests: 310_000_000n }, book("aws-us-east-1"));
  assert.equal(formatUsd(bill.total), "$309.00");
});

test("the free minutes of nobody: one MB·ms is priced exactly and rounds to nothing only when printed", () => {
  const bill = functionBill({ requests: 0n, mbMs: 1n, httpApiRequests: 0n }, book("aws-us-east-1"));
  assert.notEqual(bill.total, 0n);
  assert.equal(formatUsd(bill.total), "$0.00");
  assert.equal(bill.total * 1_024_000n, 16_666_700_000_000_000_000_000_000n);
});
