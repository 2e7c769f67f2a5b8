/** Answers that a stage keeps: for GET, by method, path and the parameters that the integration names (API Gateway, "Cache settings for REST APIs"). */
import type { EdgeAnswer } from "../http-answer.ts";

interface Kept {
  readonly answer: EdgeAnswer;
  readonly untilMs: number;
}

// The smallest cache cluster of API Gateway has 0.5 GB for one stage; this is for all of them.
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;

export class AnswerCache {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  get(key: string, nowMs: number): EdgeAnswer | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    if (found.untilMs > nowMs) return found.answer;
    this.#drop(key, found);
    return undefined;
  }

  set(key: string, answer: EdgeAnswer, untilMs: number): void {
    const known = this.#kept.get(key);
    if (known !== undefined) this.#drop(key, known);
    if (answer.body.length > MAX_ANSWER_BYTES) return;
    this.#kept.set(key, { answer, untilMs });
    this.#bytes += answer.body.length;
    for (const [oldest, kept] of this.#kept) {
      if (this.#bytes <= MAX_BYTES) return;
      this.#drop(oldest, kept);
    }
  }

  #drop(key: string, { answer }: Kept): void {
    this.#kept.delete(key);
    this.#bytes -= answer.body.length;
  }
}
