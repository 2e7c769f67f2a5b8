/** What a template of Velocity's language is made of (Apache Velocity, "VTL Reference"). Data only. */

export type Node =
  | { readonly is: "text"; readonly text: string }
  | Reference
  | { readonly is: "set"; readonly target: Reference; readonly value: Expression }
  | { readonly is: "if"; readonly branches: readonly Branch[]; readonly otherwise: readonly Node[] }
  | { readonly is: "foreach"; readonly name: string; readonly list: Expression; readonly body: readonly Node[] }
  | { readonly is: "stop" }
  | { readonly is: "break" };

export interface Branch {
  readonly test: Expression;
  readonly body: readonly Node[];
}

/** $name, $!name, ${name.member[0].method("x")} */
export interface Reference {
  readonly is: "reference";
  readonly name: string;
  readonly steps: readonly Step[];
  /** "$!": nothing is printed where there is no value. */
  readonly isQuiet: boolean;
  /** As it was written: what is printed where there is no value. */
  readonly source: string;
}

export type Step =
  | { readonly is: "member"; readonly name: string }
  | { readonly is: "call"; readonly name: string; readonly parameters: readonly Expression[] }
  | { readonly is: "index"; readonly at: Expression };

export type Expression =
  | { readonly is: "literal"; readonly value: string | number | boolean | null }
  /** A text in double quotes is a template itself. */
  | { readonly is: "interpolated"; readonly nodes: readonly Node[] }
  | { readonly is: "list"; readonly of: readonly Expression[] }
  | { readonly is: "range"; readonly from: Expression; readonly to: Expression }
  | { readonly is: "map"; readonly of: readonly (readonly [Expression, Expression])[] }
  | { readonly is: "not"; readonly of: Expression }
  | { readonly is: "binary"; readonly by: Operator; readonly left: Expression; readonly right: Expression }
  | Reference;

export type Operator = "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%";

/** A template that cannot be read or rendered; the message says why, for the log. */
export class TemplateFault extends Error {}
