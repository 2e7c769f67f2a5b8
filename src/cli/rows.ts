/** Lists for people and programs: table, wide, json, yaml, name. Pure; every command that lists prints through here. */
import type { Format } from "./options.ts";

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
  /** False for rows that follow others of the same list. */
  readonly hasHead?: boolean;
}

/** Ends with a line break unless there is nothing to print. */
export async function renderRows<Row>(rows: readonly Row[], sheet: Sheet<Row>, format: Format): Promise<string> {
  switch (format) {
    case "json":
      return `${JSON.stringify(rows, null, 2)}\n`;
    case "yaml":
      // Loaded by those who ask for it: the parser is larger than all commands together.
      return (await import("yaml")).stringify(rows);
    case "name":
      return lines(rows.map((row) => sheet.nameOf(row)));
    case "wide":
      return table(rows, sheet.headings, sheet.hasHead);
    case "table":
      return table(
        rows,
        sheet.headings.filter(({ isWide }) => isWide !== true),
        sheet.hasHead,
      );
  }
}

function table<Row>(rows: readonly Row[], headings: readonly Heading<Row>[], hasHead = true): string {
  const cells = [
    ...(hasHead ? [headings.map(({ title }) => title)] : []),
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
