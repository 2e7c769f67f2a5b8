/** Lists for people and programs: table, wide, json, yaml, name. Pure; every command that lists prints through here. */
import { stringify } from "yaml";
import { Fault } from "#base/fault.ts";

export type Format = "table" | "wide" | "json" | "yaml" | "name";

const FORMATS: readonly Format[] = ["table", "wide", "json", "yaml", "name"];

export interface Heading<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Only with -o wide. */
  readonly isWide?: boolean;
}

export interface Sheet<Row> {
  readonly headings: readonly Heading<Row>[];
  /** "pod/web-1": what -o name prints. */
  readonly nameOf: (row: Row) => string;
}

export function formatOf(asked: string | undefined): Format {
  const format = FORMATS.find((candidate) => candidate === (asked ?? "table"));
  if (format === undefined) throw new Fault("BadRequest", `-o ${asked}: one of ${FORMATS.join(", ")}`);
  return format;
}

/** Ends with a line break unless there is nothing to print. */
export function renderRows<Row>(rows: readonly Row[], sheet: Sheet<Row>, format: Format): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(rows, null, 2)}\n`;
    case "yaml":
      return stringify(rows);
    case "name":
      return lines(rows.map((row) => sheet.nameOf(row)));
    case "wide":
      return table(rows, sheet.headings);
    case "table":
      return table(
        rows,
        sheet.headings.filter(({ isWide }) => isWide !== true),
      );
  }
}

function table<Row>(rows: readonly Row[], headings: readonly Heading<Row>[]): string {
  const cells = [
    headings.map(({ title }) => title),
    ...rows.map((row) => headings.map(({ cell }) => printable(cell(row)))),
  ];
  const widths = headings.map((_unused, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return lines(
    cells.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    ),
  );
}

/** Names and reasons come from users: a control character must not reach the terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return text.replace(/[\u0000-\u001f\u007f]/g, " ");
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
