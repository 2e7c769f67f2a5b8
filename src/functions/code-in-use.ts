/** Which deployment packages are still needed: those of the functions there are, and those that environments run from. Never removes anything. */

export class CodeInUse {
  readonly #held = new Map<string, number>();

  /** For as long as an environment of that code starts or lives. */
  hold(sha256s: readonly string[]): Disposable {
    for (const sha256 of sha256s) this.#count(sha256, 1);
    return {
      [Symbol.dispose]: () => {
        for (const sha256 of sha256s) this.#count(sha256, -1);
      },
    };
  }

  #count(codeSha256: string, step: number): void {
    const count = (this.#held.get(codeSha256) ?? 0) + step;
    if (count > 0) this.#held.set(codeSha256, count);
    else this.#held.delete(codeSha256);
  }

  with(declared: Iterable<string>): ReadonlySet<string> {
    return new Set([...declared, ...this.#held.keys()]);
  }
}
