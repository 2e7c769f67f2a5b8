/** Cycles of imports between files: Tarjan's strongly connected components (SIAM J. Comput. 1:2, 1972). Pure. */

/** From a file to the files that it imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** Each cycle once, as the files on it; files that import only themselves count. */
export function cyclesOf(imports: Imports): readonly (readonly string[])[] {
  const search = new Search(imports);
  for (const file of imports.keys()) search.visit(file);
  return search.cycles;
}

class Search {
  readonly cycles: (readonly string[])[] = [];
  readonly #imports: Imports;
  readonly #order = new Map<string, number>();
  /** The earliest file of the stack that can be reached from each. */
  readonly #low = new Map<string, number>();
  readonly #stack: string[] = [];

  constructor(imports: Imports) {
    this.#imports = imports;
  }

  visit(file: string): void {
    if (this.#order.has(file)) return;
    const order = this.#order.size;
    this.#order.set(file, order);
    this.#low.set(file, order);
    this.#stack.push(file);
    for (const next of this.#importsOf(file)) {
      this.visit(next);
      if (this.#stack.includes(next)) this.#low.set(file, Math.min(this.#lowOf(file), this.#lowOf(next)));
    }
    if (this.#lowOf(file) === order) this.#close(file);
  }

  #close(file: string): void {
    const component = this.#stack.splice(this.#stack.indexOf(file));
    if (component.length > 1 || this.#importsOf(file).includes(file)) this.cycles.push(component);
  }

  #importsOf(file: string): readonly string[] {
    return this.#imports.get(file) ?? [];
  }

  #lowOf(file: string): number {
    return this.#low.get(file) ?? 0;
  }
}
