/** What no linter knows: headers, floors, names, generated files, and documents that must say what the tree says. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { builtinKinds } from "#kinds/registry.ts";
import { commandsReference } from "./gen-commands.ts";
import { compatibility } from "./gen-compatibility.ts";

const ROOT = join(import.meta.dirname, "..");
const BLOB_LIMIT = 200_000; // A repository that clones fast; what is bigger is built or fetched.
const LARGE_BY_NATURE = ["package-lock.json", "src/kinds/schema/schema.gen.ts"];
const BANNED_NAMES = /^(types|utils?|helpers?|common|misc|manager|service-impl|index)\.[a-z.]+$/;

const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)));
const sources = tracked.filter((path) => path.endsWith(".ts"));
const documents = tracked.filter((path) => path.endsWith(".md"));
const folders = [...new Set(tracked.flatMap((path) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []))].sort();

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** One failure lists every offender: a tidy tree is mended in one go. */
function assertNone(offenders: readonly string[], what: string): void {
  assert.equal(offenders.length, 0, `${what}:\n  ${offenders.join("\n  ")}`);
}

function referencesOf(folder: string): readonly string[] {
  const { references } = JSON.parse(read(`src/${folder}/tsconfig.json`)) as {
    readonly references: readonly { readonly path: string }[];
  };
  return references.map(({ path }) => path.replace("../", "")).sort();
}

/** The rows `| folder | may use | … |` of the floors table. */
function floors(): ReadonlyMap<string, readonly string[]> {
  const section =
    read("ARCHITECTURE.md")
      .split(/^## /m)
      .find((text) => text.startsWith("Floors")) ?? "";
  const rows = section.matchAll(/^\| `([a-z]+)` +\|([^|]*)\|/gm);
  return new Map([...rows].map(([, name = "", used = ""]) => [name, used.match(/[a-z]+/g)?.toSorted() ?? []]));
}

test("every source file opens with a sentence that says what lives there", () => {
  const bare = sources.filter((path) => {
    const [first = "", second = ""] = read(path).split("\n");
    return !/^\/[*/][* ]/.test(first.startsWith("#!") ? second : first);
  });
  assertNone(bare, "no header");
});

test("the floors table of ARCHITECTURE.md is what the compiler enforces", () => {
  const table = floors();
  for (const folder of folders) assert.deepEqual(table.get(folder), referencesOf(folder), `floor of src/${folder}`);
  assert.deepEqual([...table.keys()].sort(), folders);
});

test("floors have no cycle, and src/tsconfig references are complete", () => {
  const root = JSON.parse(read("tsconfig.json")) as { readonly references: readonly { readonly path: string }[] };
  assert.deepEqual(root.references.flatMap(({ path }) => /^src\/(.+)/.exec(path)?.[1] ?? []).sort(), folders);
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]): void => {
    assert.ok(!path.includes(folder), `a cycle of floors: ${[...path, folder].join(" → ")}`);
    if (done.has(folder)) return;
    for (const below of referencesOf(folder)) visit(below, [...path, folder]);
    done.add(folder);
  };
  for (const folder of folders) visit(folder, []);
});

test("every folder of src has a line in the codemap", () => {
  const text = read("ARCHITECTURE.md");
  assertNone(
    folders.filter((folder) => !text.includes(`- \`src/${folder}/\``)),
    "not in the codemap",
  );
});

test("paths that documents name exist", () => {
  const gone = documents.flatMap((document) =>
    [...read(document).matchAll(/`((?:src|tools|tests|bench|examples|docs)\/[\w./-]+)`/g)]
      .map(([, path = ""]) => path)
      // NAME stands for a name of the reader's choice.
      .filter((path) => !/[A-Z]{4}/.test(path) && !existsSync(join(ROOT, path)))
      .map((path) => `${document}: ${path}`),
  );
  assertNone(gone, "named, but not there");
});

test("file names say what is inside", () => {
  assertNone(
    tracked.filter((path) => BANNED_NAMES.test(basename(path))),
    "names that say nothing",
  );
});

test("work that is left is in the features list, not in comments", () => {
  const mark = new RegExp(`\\b(${["TO", "FIX"].join("DO|")}ME|X{3})\\b`);
  const marked = tracked.filter((path) => /\.(ts|mjs|cjs|py|md)$/.test(path) && mark.test(read(path)));
  assertNone(marked, "unfinished business");
});

test("dictionaries are written by put of base/dictionary.ts, not by assignment", () => {
  const plain = /(: Record<string,[^=\n]*>(?: \| undefined)? = \{\}|= \{\} as Record<)/;
  assertNone(
    sources.filter((path) => path.startsWith("src/") && !path.endsWith(".test.ts") && plain.test(read(path))),
    "a key from outside may be __proto__: draft() and put()",
  );
});

test("no kind is recognised by its name: it says so itself, or is compared as a value", () => {
  const paths = builtinKinds.map(({ group, plural }) => `"${(group || "core").replaceAll(".", "[.]")}/${plural}"`);
  const byName = [
    /\.plural [!=]== "/, // kind.plural === "pods"
    /switch \([^)]*\.plural\)/,
    /storageOf\([^)]*\) [!=]== "/,
    /\bowner\??\.kind [!=]== "/, // controllerOfKind of kinds/owners.ts
    new RegExp(paths.join("|")), // "core/pods", "apps/deployments"
  ];
  const code = sources.filter((path) => /^src\/(?!kinds\/)/.test(path) && !path.endsWith(".test.ts"));
  const found = code.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, at) =>
        byName.some((name) => name.test(line.replace(/\/\*\*.*|\/\/.*/, "")))
          ? [`${path}:${at + 1}: ${line.trim()}`]
          : [],
      ),
  );
  assertNone(found, "kinds recognised by name (give Kind a trait, CONTRIBUTING.md)");
});

test("a generated file names its generator", () => {
  const orphans = tracked.filter((path) => {
    if (!/\.gen\.[a-z]+$/.test(path)) return false;
    const generator = /tools\/[\w-]+\.ts/.exec(read(path).slice(0, 500))?.[0];
    return generator === undefined || !existsSync(join(ROOT, generator));
  });
  assertNone(orphans, "no generator");
});

test("docs/compatibility.md lists what the sources refuse or do differently", () => {
  assert.equal(read("docs/compatibility.md"), compatibility(ROOT), "run: node tools/gen-compatibility.ts");
});

test("docs/reference/commands.md says what the commands say of themselves", async () => {
  assert.equal(read("docs/reference/commands.md"), await commandsReference(), "run: node tools/gen-commands.ts");
});

/** Everything that a file loads before it runs: its imports of values, and theirs. */
function loadedWith(path: string, seen: Set<string>): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const imports = read(path).matchAll(/^(?:import|export) (?!type )(?:[^;]*? from )?"([#.][^"]+)";/gms);
  for (const [, name = ""] of imports)
    loadedWith(name.startsWith("#") ? `src/${name.slice(1)}` : join(dirname(path), name), seen);
  return seen;
}

test("a command's file loads no platform: what its work needs is imported when it runs", () => {
  const entries = tracked.filter((path) => /^src\/(cli|main)\/commands\/[\w-]+(?<!\.test)\.ts$/.test(path));
  const light =
    /^src\/(base|machine|instance|cli)\/|^src\/main\/(commands|catamaran)|^src\/network\/cluster-network|^src\/dashboard\/entry|^src\/kinds\/age/;
  assertNone(
    ["src/main/catamaran.ts", ...entries].flatMap((entry) =>
      [...loadedWith(entry, new Set())].filter((path) => !light.test(path)).map((path) => `${entry} loads ${path}`),
    ),
    "heavy",
  );
});

test("tests that docs/features.md calls proof exist", () => {
  const claims = [...read("docs/features.md").matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = ""]) => path);
  assertNone(
    claims.filter((path) => !existsSync(join(ROOT, path))),
    "proof that is not there",
  );
});

test("nothing big is committed", () => {
  const big = tracked.filter((path) => !LARGE_BY_NATURE.includes(path) && statSync(join(ROOT, path)).size > BLOB_LIMIT);
  assertNone(big, `larger than ${BLOB_LIMIT} bytes`);
});

test("the lock file names no registry, and no file a place of somebody's machine", () => {
  const places = ["home", "Users", "work"];
  const local = tracked.filter((path) => {
    if (!/\.(ts|mjs|cjs|json|md|yaml|py|sh)$/.test(path) || path === "package-lock.json") return false;
    const text = read(path);
    return places.some((place) => new RegExp(`(^|["'\`\\s(=])/${place}/`, "m").test(text));
  });
  assertNone(local, "places of one machine");
  // Without addresses npm asks the registry that it is configured with, which may be a mirror.
  const resolved = read("package-lock.json").match(/"resolved": "[^"]+"/g) ?? [];
  assertNone(resolved, "addresses of registries");
});

test("every document has one title", () => {
  const odd = documents.filter((path) => {
    const text = read(path).replaceAll(/^```.*?^```/gms, "");
    return (text.match(/^# /gm) ?? []).length !== 1;
  });
  assertNone(odd, "titles");
});
