/**
 * Prints what each folder of src/ weighs, beside another commit, for a reader to judge by. Fails for a cycle of imports and for nothing else.
 * Usage: npm run figures -- [COMMIT]   (default: the latest tag, if there is one)
 */
import { execFileSync } from "node:child_process";
import { join, posix } from "node:path";
import { cyclesOf } from "./figures/import-cycles.ts";
import { figuresOf, type SourceFigures } from "./figures/source-figures.ts";

const ROOT = join(import.meta.dirname, "..");

type Tree = ReadonlyMap<string, SourceFigures>;

/** One column: what it says of the files of a folder. */
interface Column {
  readonly title: string;
  readonly of: (code: readonly SourceFigures[], tests: readonly SourceFigures[]) => number;
}

const sum = (files: readonly SourceFigures[], of: (file: SourceFigures) => number): number =>
  files.reduce((total, file) => total + of(file), 0);
const lines = (files: readonly SourceFigures[]): number => sum(files, (file) => file.lines);
const lengths = (files: readonly SourceFigures[]): readonly number[] =>
  files.flatMap(({ functionLengths }) => functionLengths).toSorted((a, b) => a - b);

const COLUMNS: readonly Column[] = [
  { title: "files", of: (code) => code.length },
  { title: "lines", of: lines },
  {
    title: "comments %",
    of: (code) =>
      share(
        sum(code, ({ commentLines }) => commentLines),
        lines(code),
        100,
      ),
  },
  {
    title: "casts/1000",
    of: (code) =>
      share(
        sum(code, ({ casts }) => casts),
        lines(code),
        1000,
      ),
  },
  { title: "lies", of: (code) => sum(code, (file) => file.lies) },
  { title: "tests", of: (_, tests) => sum(tests, (file) => file.tests) },
  { title: "test lines/line", of: (code, tests) => share(lines(tests), lines(code), 1, 2) },
  { title: "function p50", of: (code) => at(lengths(code), 0.5) },
  { title: "p99", of: (code) => at(lengths(code), 0.99) },
  { title: "longest", of: (code) => at(lengths(code), 1) },
  { title: "longest file", of: (code) => Math.max(0, ...code.map((file) => file.lines)) },
];

function share(part: number, whole: number, times: number, digits = 1): number {
  return whole === 0 ? 0 : Number(((part / whole) * times).toFixed(digits));
}

function at(sorted: readonly number[], quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
}

function git(...words: readonly string[]): string {
  return execFileSync("git", words, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 });
}

/** Written code only: generated tables have no style to judge. `commit` null is the work tree's index. */
function treeOf(commit: string | null): Tree {
  const listed = commit === null ? git("ls-files", "-z", "src") : git("ls-tree", "-rz", "--name-only", commit, "src");
  const paths = listed.split("\0").filter((path) => path.endsWith(".ts") && !path.endsWith(".gen.ts"));
  return new Map(paths.map((path) => [path, figuresOf(path, git("show", `${commit ?? ""}:${path}`))]));
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

function rowOf(tree: Tree, folder: string): readonly number[] {
  const files = [...tree].filter(([path]) => path.startsWith(`src/${folder}`));
  const code = files.filter(([path]) => !isTest(path)).map(([, figures]) => figures);
  const tests = files.filter(([path]) => isTest(path)).map(([, figures]) => figures);
  return COLUMNS.map(({ of }) => of(code, tests));
}

function cell(now: number, before: number | undefined): string {
  return before === undefined || before === now ? String(now) : `${before} → ${now}`;
}

function print(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
}

/** The file that an import means, where it is one of ours. */
function targetOf(from: string, specifier: string): string {
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : specifier;
}

function latestTag(): string | null {
  try {
    return execFileSync("git", ["describe", "--tags", "--abbrev=0"], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}

const other = process.argv[2] ?? latestTag();
const now = treeOf(null);
const before = other === null ? null : treeOf(other);
const folders = [...new Set([...now.keys()].flatMap((path) => /^src\/([^/]+\/)/.exec(path)?.[1] ?? []))].sort();
const rows = [...folders, ""].map((folder) => {
  const old = before === null ? [] : rowOf(before, folder);
  return [folder === "" ? "all" : folder.slice(0, -1), ...rowOf(now, folder).map((value, i) => cell(value, old[i]))];
});
if (other !== null) process.stdout.write(`${other} → index\n`);
print([["folder", ...COLUMNS.map(({ title }) => title)], ...rows]);
const cycles = cyclesOf(
  new Map([...now].map(([path, { imports }]) => [path, imports.map((specifier) => targetOf(path, specifier))])),
);
for (const cycle of cycles) process.stderr.write(`a cycle of imports: ${cycle.join(" → ")}\n`);
process.exitCode = cycles.length === 0 ? 0 : 1;
