/** Links open the dashboard once and soon; sessions are nobody's guess and end. */
import assert from "node:assert/strict";
import test from "node:test";
import { Entry, LINK_MS, linkToken, SESSION_MS } from "./entry.ts";

const START = 1_000_000;
const key = "key of the instance";

for (const { title, link, atMs = START + 1_000, isTaken } of [
  { title: "a fresh link", link: linkToken(key, START), isTaken: true },
  { title: "a link in its last moment", link: linkToken(key, START), atMs: START + LINK_MS - 1, isTaken: true },
  { title: "an expired link", link: linkToken(key, START), atMs: START + LINK_MS, isTaken: false },
  { title: "a link from before the start", link: linkToken(key, START - 1), isTaken: false },
  { title: "a link from the future", link: linkToken(key, START + 5_000), isTaken: false },
  { title: "a link of another instance", link: linkToken("another key", START), isTaken: false },
  { title: "a link whose time was changed", link: linkToken(key, START).replace(/^\w+/, "zzzzzz"), isTaken: false },
  { title: "a link without its signature", link: linkToken(key, START).replace(/\.[^.]+$/, ""), isTaken: false },
  { title: "a guess", link: "letmein", isTaken: false },
  { title: "dots", link: "..", isTaken: false },
  { title: "nothing", link: "", isTaken: false },
])
  test(`${title} is ${isTaken ? "traded for a session" : "refused"}`, () => {
    const session = new Entry(key, START).trade(link, atMs);
    assert.equal(session !== null, isTaken);
  });

test("a link is taken once, its session as often as it is shown", () => {
  const entry = new Entry(key, START);
  const link = linkToken(key, START);
  const session = entry.trade(link, START) ?? "";
  assert.equal(entry.trade(link, START), null);
  for (let i = 0; i < 3; i++) assert.ok(entry.admits(session, START));
});

test("two sessions are never the same, and no session is a link", () => {
  const entry = new Entry(key, START);
  const sessions = [1, 2].map(() => entry.trade(linkToken(key, START), START) ?? "");
  assert.notEqual(sessions[0], sessions[1]);
  for (const session of sessions) assert.equal(entry.trade(session, START), null);
  assert.equal(entry.admits(linkToken(key, START), START), false);
});

for (const { title, session, atMs = START, isAdmitted } of [
  { title: "of the process before", session: sessionOf(key), isAdmitted: true },
  { title: "in its last moment", session: sessionOf(key), atMs: START + SESSION_MS - 1, isAdmitted: true },
  { title: "that is over", session: sessionOf(key), atMs: START + SESSION_MS, isAdmitted: false },
  { title: "of another instance", session: sessionOf("another key"), isAdmitted: false },
  { title: "that was cut", session: sessionOf(key).slice(0, -1), isAdmitted: false },
  { title: "that is empty", session: "", isAdmitted: false },
])
  test(`a session ${title} is ${isAdmitted ? "admitted" : "refused"}`, () =>
    assert.equal(new Entry(key, START + 500_000).admits(session, atMs), isAdmitted));

function sessionOf(of: string): string {
  return new Entry(of, START).trade(linkToken(of, START), START) ?? "";
}
