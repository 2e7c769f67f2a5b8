/** What one source file weighs: its lines, comments, casts, the lengths of its functions, and what it imports. Pure but for the parser. */
import { parseSync, Visitor } from "oxc-parser";

export interface SourceFigures {
  /** Lines that are not blank. */
  readonly lines: number;
  readonly commentLines: number;
  /** `x as T` and `<T>x`; `as const` is none, it narrows what the compiler knows. */
  readonly casts: number;
  /** `x as unknown as T`: says that a value is what the compiler knows that it is not. */
  readonly lies: number;
  /** Of `test(…)` and `it(…)`. */
  readonly tests: number;
  /** In lines, one for each function that has a body in braces. */
  readonly functionLengths: readonly number[];
  /** As written: "#deck/deck.ts", "./pick.ts"; types too, and `import()`. */
  readonly imports: readonly string[];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Throws a SyntaxError for a text that is no TypeScript. */
export function figuresOf(path: string, text: string): SourceFigures {
  const { program, comments, module, errors } = parseSync(path, text);
  if (errors[0] !== undefined) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const lineOf = lineFinder(text);
  const linesOf = ({ start, end }: Span): number => lineOf(end) - lineOf(start) + 1;
  const functionLengths: number[] = [];
  let casts = 0;
  let lies = 0;
  let tests = 0;
  const takeFunction = (node: Span & { readonly body: ({ readonly type: string } & Span) | null }): void => {
    if (node.body?.type === "BlockStatement" || node.body?.type === "FunctionBody") functionLengths.push(linesOf(node));
  };
  new Visitor({
    TSAsExpression({ expression, typeAnnotation }) {
      if (isConst(typeAnnotation)) return;
      casts++;
      if (expression.type === "TSAsExpression" && expression.typeAnnotation.type === "TSUnknownKeyword") lies++;
    },
    TSTypeAssertion() {
      casts++;
    },
    CallExpression({ callee }) {
      if (callee.type === "Identifier" && (callee.name === "test" || callee.name === "it")) tests++;
    },
    FunctionDeclaration: takeFunction,
    FunctionExpression: takeFunction,
    ArrowFunctionExpression: takeFunction,
  }).visit(program);
  return {
    lines: text.split("\n").filter((line) => line.trim() !== "").length,
    commentLines: comments.reduce((sum, comment) => sum + linesOf(comment), 0),
    casts,
    lies,
    tests,
    functionLengths,
    imports: [
      ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
      ...module.staticExports.flatMap(({ entries }) =>
        entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
      ),
      ...module.dynamicImports.flatMap(({ moduleRequest }) =>
        literal(text.slice(moduleRequest.start, moduleRequest.end)),
      ),
    ],
  };
}

function isConst(type: { readonly type: string; readonly typeName?: unknown }): boolean {
  const { typeName } = type;
  return typeof typeName === "object" && typeName !== null && "name" in typeName && typeName.name === "const";
}

function literal(source: string): readonly string[] {
  const quoted = /^(["'])(.*)\1$/.exec(source);
  return quoted?.[2] === undefined ? [] : [quoted[2]];
}

/** From a place in the text to its line, counted from 0, by binary search. */
function lineFinder(text: string): (place: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (place) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  };
}
