/** The words and signs of an expression, with their places. Never what they mean. */

export interface Token {
  readonly is: "word" | "name" | "value" | "number" | "sign" | "other";
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

// Names begin with a letter; what follows # and : may begin with anything of a name (Developer Guide, "Expression attribute names").
const TOKEN = /([A-Za-z]\w*)|(#\w+)|(:\w+)|(\d+)|(<>|<=|>=|[=<>()[\].,+-])|(\S)/g;

export function tokensOf(source: string): readonly Token[] {
  return Array.from(source.matchAll(TOKEN), (match) => {
    const [text, word, name, value, number, sign] = match;
    const is =
      word !== undefined
        ? "word"
        : name !== undefined
          ? "name"
          : value !== undefined
            ? "value"
            : number !== undefined
              ? "number"
              : sign !== undefined
                ? "sign"
                : "other";
    return { is, text, from: match.index, to: match.index + text.length };
  });
}

/** Where the parser stopped, in the service's words: the token and the text around it, from its neighbour to its neighbour. */
export function syntaxError(source: string, tokens: readonly Token[], at: number): string {
  const token = tokens[at];
  const from = tokens[at - 1]?.from ?? token?.from ?? 0;
  const to = tokens[at + 1]?.to ?? token?.to ?? tokens.at(-1)?.to ?? 0;
  return `Syntax error; token: "${token?.text ?? "<EOF>"}", near: "${source.slice(from, to)}"`;
}

/** For each opening parenthesis the place of its closing one. */
export function closings(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (const [at, { is, text }] of tokens.entries()) {
    if (is !== "sign") continue;
    if (text === "(") open.push(at);
    const opened = text === ")" ? open.pop() : undefined;
    if (opened !== undefined) pairs.set(opened, at);
  }
  return pairs;
}
