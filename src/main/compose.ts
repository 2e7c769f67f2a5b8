/** What a role consists of: a list of parts in the order of their start. The compiler sees that each finds what it needs among those before it. */

/** One thing that a role starts. */
export interface Part<Needs extends object, Gives extends object> {
  readonly name: string;
  /** What it opens goes onto the stack, which is closed in reverse; what it returns is there for the parts behind it. */
  readonly start: (needs: Needs, stack: AsyncDisposableStack) => Gives | Promise<Gives>;
}

/** `Basis` is what the role is started with, `Has` what its parts have when all of them run. */
export class Composition<Basis extends object, Has extends object> {
  readonly names: readonly string[];
  readonly #start: (basis: Basis, stack: AsyncDisposableStack) => Promise<Has>;

  /** Without parts: what is there is the basis. */
  static on<Basis extends object>(): Composition<Basis, Basis> {
    return new Composition([], (basis: Basis) => Promise.resolve(basis));
  }

  private constructor(names: readonly string[], start: (basis: Basis, stack: AsyncDisposableStack) => Promise<Has>) {
    this.names = names;
    this.#start = start;
  }

  with<Gives extends object>(part: Part<Has, Gives>): Composition<Basis, Has & Gives> {
    return new Composition([...this.names, part.name], async (basis: Basis, stack) => {
      const has = await this.#start(basis, stack);
      return { ...has, ...(await part.start(has, stack)) };
    });
  }

  /** Starts one part after the other. When one fails, what the others opened is on the stack. */
  async start(basis: Basis, stack: AsyncDisposableStack): Promise<void> {
    await this.#start(basis, stack);
  }
}
