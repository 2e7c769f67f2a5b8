/** Rows of like objects turned into columns and back: repeated text is written once. Never the file they go to. */

type Row = Readonly<Record<string, unknown>>;

/** A column of numbers or flags as it is; a column of text as its different values and, per row, which of them. */
type Column =
  | { readonly is: "plain"; readonly values: readonly unknown[] }
  | { readonly is: "words"; readonly words: readonly string[]; readonly values: readonly number[] };

export interface Columns {
  readonly names: readonly string[];
  readonly columns: readonly Column[];
}

/** All rows must have the same fields. */
export function encodeColumns(rows: readonly Row[]): Columns {
  const names = Object.keys(rows[0] ?? {});
  return { names, columns: names.map((name) => encodeColumn(rows, name)) };
}

function encodeColumn(rows: readonly Row[], name: string): Column {
  if (typeof rows[0]?.[name] !== "string") return { is: "plain", values: rows.map((row) => row[name]) };
  const places = new Map<string, number>();
  const values = rows.map((row) => {
    const word = String(row[name]);
    let place = places.get(word);
    if (place === undefined) places.set(word, (place = places.size));
    return place;
  });
  return { is: "words", words: [...places.keys()], values };
}

export function decodeColumns(encoded: unknown): readonly Row[] {
  const { names, columns } = encoded as Columns;
  const count = columns[0]?.values.length ?? 0;
  return Array.from({ length: count }, (_, at) =>
    Object.fromEntries(names.map((name, i) => [name, cellAt(columns[i] as Column, at)])),
  );
}

function cellAt(column: Column, at: number): unknown {
  switch (column.is) {
    case "plain":
      return column.values[at];
    case "words":
      return column.words[column.values[at] as number];
  }
}
