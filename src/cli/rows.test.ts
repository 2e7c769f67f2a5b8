/** The five forms of a list. */
import assert from "node:assert/strict";
import test from "node:test";
import { formatOf } from "./options.ts";
import { renderRows, type Sheet } from "./rows.ts";

interface Ship {
  readonly name: string;
  readonly hulls: number;
  readonly note: string;
}

const ships: readonly Ship[] = [
  { name: "cat", hulls: 2, note: "fast" },
  { name: "trimaran", hulls: 3, note: "wide\u001b[31m" },
];
const sheet: Sheet<Ship> = {
  headings: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "HULLS", cell: ({ hulls }) => String(hulls) },
    { title: "NOTE", cell: ({ note }) => note, isWide: true },
  ],
  nameOf: ({ name }) => `ship/${name}`,
};

test("a table aligns its columns and leaves wide ones out", async () =>
  assert.equal(await renderRows(ships, sheet, "table"), "NAME       HULLS\ncat        2\ntrimaran   3\n"));
test("wide shows every column, and no control character reaches the terminal", async () =>
  assert.equal(
    await renderRows(ships, sheet, "wide"),
    "NAME       HULLS   NOTE\ncat        2       fast\ntrimaran   3       wide [31m\n",
  ));
test("name prints one reference a line", async () =>
  assert.equal(await renderRows(ships, sheet, "name"), "ship/cat\nship/trimaran\n"));
test("json and yaml hold the rows as they are", async () => {
  assert.deepEqual(JSON.parse(await renderRows(ships, sheet, "json")), ships);
  assert.match(await renderRows(ships, sheet, "yaml"), /^- name: cat\n {2}hulls: 2\n/);
});
test("nothing to list prints the headings in a table and an empty list in json", async () => {
  assert.equal(await renderRows([], sheet, "table"), "NAME   HULLS\n");
  assert.equal(await renderRows([], sheet, "json"), "[]\n");
});
test("an unknown form is refused with the known ones", () =>
  assert.throws(() => formatOf("xml"), /-o xml: one of table, wide, json, yaml, name/));
