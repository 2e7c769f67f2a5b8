/** Renders a template with the values that it may see, within a bounded number of steps and characters. Pure. */
import type { Expression, Node, Operator, Reference } from "./syntax.ts";
import { TemplateFault } from "./syntax.ts";
import { call, indexOf, isTrue, memberOf, printed, type Value } from "./values.ts";

// Some milliseconds of work; API Gateway ends a loop after a thousand turns.
const MAX_STEPS = 30_000;
const MAX_TURNS = 1_000;
const MAX_OUTPUT = 10 * 1024 * 1024;
const MAX_PRINTED_WORK = 10_000; // Characters that cost as much as one step.

/** `scope` grows by what the template sets. */
export function render(nodes: readonly Node[], scope: Map<string, Value>): string {
  const work = new Rendering(scope);
  work.nodes(nodes);
  return work.output();
}

type Flow = "on" | "break" | "stop";

class Rendering {
  readonly #scope: Map<string, Value>;
  readonly #pieces: string[] = [];
  #length = 0;
  #steps = 0;

  constructor(scope: Map<string, Value>) {
    this.#scope = scope;
  }

  output(): string {
    return this.#pieces.join("");
  }

  nodes(nodes: readonly Node[]): Flow {
    for (const node of nodes) {
      const flow = this.#node(node);
      if (flow !== "on") return flow;
    }
    return "on";
  }

  #node(node: Node): Flow {
    this.#spend(1);
    switch (node.is) {
      case "text":
        return this.#print(node.text);
      case "reference": {
        const value = this.#reference(node);
        if (value !== undefined && value !== null) return this.#print(printed(value));
        return this.#print(node.isQuiet ? "" : node.source);
      }
      case "set":
        this.#assign(node.target, this.value(node.value));
        return "on";
      case "if": {
        const branch = node.branches.find(({ test }) => isTrue(this.value(test)));
        return this.nodes(branch === undefined ? node.otherwise : branch.body);
      }
      case "foreach":
        return this.#foreach(node);
      case "stop":
      case "break":
        return node.is;
    }
  }

  #print(text: string): Flow {
    this.#length += text.length;
    if (this.#length > MAX_OUTPUT) throw new TemplateFault("what a template makes is too long");
    this.#spend(text.length / MAX_PRINTED_WORK);
    this.#pieces.push(text);
    return "on";
  }

  #foreach({ name, list, body }: Node & { readonly is: "foreach" }): Flow {
    const value = this.value(list);
    const items = Array.isArray(value) ? value : value instanceof Map ? [...value.values()] : [];
    const [before, loop] = [this.#scope.get(name), this.#scope.get("foreach")];
    try {
      for (const [index, item] of items.slice(0, MAX_TURNS).entries()) {
        this.#scope.set(name, item);
        this.#scope.set("velocityCount", index + 1);
        this.#scope.set("foreach", turnOf(index, items.length));
        const flow = this.nodes(body);
        if (flow === "break") return "on";
        if (flow === "stop") return flow;
      }
      return "on";
    } finally {
      this.#scope.set(name, before);
      this.#scope.set("foreach", loop);
    }
  }

  /** A value that is null is kept as well: "#set" of nothing makes the reference nothing. */
  #assign({ name, steps }: Reference, value: Value): void {
    const last = steps.at(-1);
    if (last === undefined) return void this.#scope.set(name, value);
    const holder = steps.slice(0, -1).reduce<Value>((from, step) => this.#step(from, step), this.#scope.get(name));
    const key = last.is === "member" ? last.name : last.is === "index" ? this.value(last.at) : null;
    if (holder instanceof Map && key !== null) holder.set(printed(key), value);
    else if (Array.isArray(holder) && typeof key === "number" && key >= 0 && key < holder.length) holder[key] = value;
  }

  #reference({ name, steps }: Reference): Value {
    return steps.reduce<Value>((value, step) => this.#step(value, step), this.#scope.get(name));
  }

  #step(value: Value, step: Reference["steps"][number]): Value {
    this.#spend(1);
    if (value === null || value === undefined) return undefined;
    switch (step.is) {
      case "member":
        return memberOf(value, step.name);
      case "index":
        return indexOf(value, this.value(step.at));
      case "call": {
        // A long text costs what reading it does.
        if (typeof value === "string") this.#spend(value.length / MAX_PRINTED_WORK);
        return call(
          value,
          step.name,
          step.parameters.map((one) => this.value(one)),
        );
      }
    }
  }

  value(expression: Expression): Value {
    this.#spend(1);
    switch (expression.is) {
      case "literal":
        return expression.value;
      case "reference":
        return this.#reference(expression);
      case "interpolated":
        return this.#inner(expression.nodes);
      case "list":
        return expression.of.map((one) => this.value(one));
      case "map":
        return new Map(expression.of.map(([key, value]) => [printed(this.value(key)), this.value(value)]));
      case "range":
        return rangeOf(this.value(expression.from), this.value(expression.to));
      case "not":
        return !isTrue(this.value(expression.of));
      case "binary":
        return this.#binary(expression);
    }
  }

  #inner(nodes: readonly Node[]): string {
    const inner = new Rendering(this.#scope);
    inner.#steps = this.#steps;
    inner.nodes(nodes);
    this.#steps = inner.#steps;
    return inner.output();
  }

  #binary({ by, left, right }: Expression & { readonly is: "binary" }): Value {
    const first = this.value(left);
    if (by === "&&") return isTrue(first) && isTrue(this.value(right));
    if (by === "||") return isTrue(first) || isTrue(this.value(right));
    return combined(by, first, this.value(right));
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new TemplateFault(`a template took more than ${MAX_STEPS} steps`);
  }
}

function turnOf(index: number, count: number): Value {
  return new Map<string, Value>([
    ["index", index],
    ["count", index + 1],
    ["hasNext", index + 1 < count],
    ["first", index === 0],
    ["last", index + 1 === count],
  ]);
}

function rangeOf(from: Value, to: Value): Value {
  if (typeof from !== "number" || typeof to !== "number") return undefined;
  const length = Math.min(Math.abs(to - from) + 1, MAX_TURNS);
  return Array.from({ length }, (_one, at) => (from <= to ? from + at : from - at));
}

function combined(by: Exclude<Operator, "&&" | "||">, left: Value, right: Value): Value {
  switch (by) {
    case "==":
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
    case "+":
      if (typeof left === "string" || typeof right === "string") return joined(left, right);
      return calculated(left, right, (a, b) => a + b);
    case "-":
      return calculated(left, right, (a, b) => a - b);
    case "*":
      return calculated(left, right, (a, b) => a * b);
    // Whole numbers are divided as Java divides them, and by nothing not at all.
    case "/":
      return calculated(left, right, (a, b) => (isWhole(a, b) ? Math.trunc(a / b) : a / b));
    case "%":
      return calculated(left, right, (a, b) => a % b);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compared(by, left, right);
  }
}

function compared(by: "<" | "<=" | ">" | ">=", left: Value, right: Value): boolean {
  if (typeof left !== "number" || typeof right !== "number") return false;
  switch (by) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}

function isWhole(a: number, b: number): boolean {
  return Number.isInteger(a) && Number.isInteger(b);
}

function calculated(left: Value, right: Value, by: (a: number, b: number) => number): Value {
  if (typeof left !== "number" || typeof right !== "number") return undefined;
  const result = by(left, right);
  return Number.isFinite(result) ? result : undefined;
}

function joined(left: Value, right: Value): string {
  const made = printed(left) + printed(right);
  if (made.length > MAX_OUTPUT) throw new TemplateFault("a text has become too long");
  return made;
}

/** Of different types what is printed counts, as Velocity has it. */
function isEqual(left: Value, right: Value): boolean {
  if (left === right || (left ?? null) === (right ?? null)) return true;
  if (left === null || left === undefined || right === null || right === undefined) return false;
  return printed(left) === printed(right);
}
