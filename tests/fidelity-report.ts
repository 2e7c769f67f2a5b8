/** What a suite of others came to: printed, and kept in docs/fidelity.md, one section for each suite. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface SuiteRun {
  /** As run: "npm run fidelity -- NAME". */
  readonly name: string;
  /** Where it comes from, and in which version. */
  readonly source: string;
  readonly passed: number;
  /** By name, and what was said. */
  readonly failed: ReadonlyMap<string, string>;
  /** By name, and why. */
  readonly notApplicable: ReadonlyMap<string, string>;
}

const FILE = join(import.meta.dirname, "../docs/fidelity.md");
const INTRODUCTION = `# Fidelity

Suites that others wrote, run against Catamaran's doors. Each section is written by its run, \`npm run fidelity -- SUITE --from FOLDER\`,
with every test that failed, and every test that says nothing of ours with the reason. The suites themselves are not part of this repository.
`;

/** Prints the outcome, writes its section, and sets the exit code. */
export function report(run: SuiteRun): void {
  for (const [name, said] of run.failed) process.stdout.write(`failed: ${name}: ${said}\n`);
  const share = ((100 * run.passed) / Math.max(1, run.passed + run.failed.size)).toFixed(1);
  process.stdout.write(
    `${run.passed} passed, ${run.failed.size} failed, ${run.notApplicable.size} not applicable: ${share} %\n`,
  );
  const before = existsSync(FILE) ? readFileSync(FILE, "utf8") : INTRODUCTION;
  writeFileSync(FILE, withSection(before, run.name, sectionOf(run, share)));
  process.exitCode = run.failed.size > 0 ? 1 : 0;
}

function withSection(text: string, name: string, section: string): string {
  const [first, last] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const marked = `${first}\n\n${section}\n${last}\n`;
  const [from, to] = [text.indexOf(first), text.indexOf(last)];
  if (from < 0 || to < 0) return `${text.trimEnd()}\n\n${marked}`;
  return text.slice(0, from) + marked + text.slice(to + last.length + 1);
}

function sectionOf({ name, source, passed, failed, notApplicable }: SuiteRun, share: string): string {
  const reasons = new Map<string, string[]>();
  for (const [test, why] of notApplicable) reasons.set(why, [...(reasons.get(why) ?? []), test]);
  const lines = [
    `## ${name}`,
    "",
    `${source}.`,
    "",
    "| passed | failed | of those that apply | not applicable |",
    "| ------ | ------ | ------------------- | -------------- |",
    `| ${passed} | ${failed.size} | ${share} % | ${notApplicable.size} |`,
    "",
    ...Array.from(failed, ([test, said]) => `- failed: ${plain(test)}: ${plain(said)}`),
    ...(failed.size > 0 ? [""] : []),
    ...Array.from(reasons, ([why, tests]) => `- not applicable (${tests.length}): ${why}`),
    "",
  ];
  return lines.join("\n");
}

/** One line of text that is no Markdown. */
function plain(text: string): string {
  return `\`${text.replaceAll(/[\s`]+/g, " ").slice(0, 200)}\``;
}
