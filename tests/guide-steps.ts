/** A guide as a story for a shell: its `sh` blocks in order, and what each of them printed when the story was run; no process is started here. */

export interface Step {
  readonly text: string;
  /** The guide's line where the block begins. */
  readonly line: number;
  /** Why no test can run it, as the guide says in a comment that readers do not see. */
  readonly noRun: string | null;
}

// <!-- no-run: REASON --> before a block; the formatter puts an empty line between the two.
const BLOCK = /(?:^<!-- no-run: (.+?) -->\n+)?^```sh\n(.*?)^```$/gms;

export function stepsOf(guide: string): readonly Step[] {
  return Array.from(guide.matchAll(BLOCK), (match) => {
    const [block, noRun = null, text = ""] = match;
    const linesBefore = guide.slice(0, match.index + block.indexOf("```sh")).split("\n").length;
    return { text, line: linesBefore, noRun };
  });
}

// ASCII's record separator: no program prints it by chance.
const MARK = "\u001E";

/** One shell runs all blocks, so that variables live on; it ends at the first command that fails. */
export function scriptOf(steps: readonly Step[]): string {
  const blocks = steps.map(({ text, noRun }) => `printf '\\036'\n${noRun === null ? text : ""}`);
  return `set -euo pipefail\nexec 2>&1\n${blocks.join("\n")}`;
}

/** What each step printed, up to and with the last one that began. */
export function outputsOf(printed: string): readonly string[] {
  return printed.split(MARK).slice(1);
}
