/** Who may run: reserved concurrency, the account's pool, and what may be reserved. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAMBDA_LIMITS, reservationFault, throttleReason } from "./concurrency.ts";

const own = "ReservedFunctionConcurrentInvocationLimitExceeded";
const account = "ConcurrentInvocationLimitExceeded";

const admissions = [
  {
    title: "nothing reserved, nothing running",
    total: 0,
    reserved: null,
    running: { own: 0, unreserved: 0 },
    reason: null,
  },
  { title: "the last of the account", total: 0, reserved: null, running: { own: 5, unreserved: 999 }, reason: null },
  {
    title: "one more than the account",
    total: 0,
    reserved: null,
    running: { own: 5, unreserved: 1000 },
    reason: account,
  },
  {
    title: "what others reserved is not for all",
    total: 900,
    reserved: null,
    running: { own: 0, unreserved: 100 },
    reason: account,
  },
  {
    title: "a reservation is not touched by the others",
    total: 2,
    reserved: 2,
    running: { own: 1, unreserved: 998 },
    reason: null,
  },
  { title: "a reservation is also a ceiling", total: 2, reserved: 2, running: { own: 2, unreserved: 0 }, reason: own },
  { title: "zero is off", total: 0, reserved: 0, running: { own: 0, unreserved: 0 }, reason: own },
] as const;

for (const { title, total, reserved, running, reason } of admissions) {
  test(`admits or throttles: ${title}`, () =>
    assert.equal(throttleReason(LAMBDA_LIMITS, total, reserved, running), reason));
}

const reservations = [
  { others: 0, wanted: 900, isFine: true },
  { others: 0, wanted: 901, isFine: false },
  { others: 850, wanted: 50, isFine: true },
  { others: 850, wanted: 51, isFine: false },
];

for (const { others, wanted, isFine } of reservations) {
  test(`reserving ${wanted} beside ${others} ${isFine ? "is fine" : "leaves too little"}`, () => {
    const fault = reservationFault(LAMBDA_LIMITS, others, wanted);
    if (isFine) assert.equal(fault, null);
    else assert.match(fault ?? "", /below its minimum value of \[100\]/);
  });
}
