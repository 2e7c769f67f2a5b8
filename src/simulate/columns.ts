/** Numbers gathered one by one into a typed array that grows; cheaper than a list of numbers when there are millions. */

export class GrowingFloats {
  #values = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** A copy of what was pushed. */
  taken(): Float64Array {
    return this.#values.slice(0, this.#length);
  }
}
