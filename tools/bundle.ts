/** Makes a release in dist/: the program with its parts that commands load, beside it only what must be files: the launcher, the runtimes, the example. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { buildCommit } from "../src/main/build-commit.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

// Native code and what the example's build reads stay packages of their own.
const PACKAGES = ["koffi", "esbuild", "@aws-sdk/client-dynamodb", "@aws-sdk/lib-dynamodb"];
const PROGRAMS = ["src/main/catamaran.ts", "src/main/answer-probes.ts", "src/sandboxes/launcher-main.ts"];

const startedAt = performance.now();
rmSync(dist, { recursive: true, force: true });
for (const program of PROGRAMS) await bundle(program);
for (const path of [
  "src/sandboxes/runtimes",
  "src/dashboard/page.js",
  "src/dashboard/logs.js",
  "examples",
  "tools/catamaran.mjs",
  "tools/node.mjs",
  "LICENSE",
  "README.md",
]) {
  mkdirSync(dirname(join(dist, path)), { recursive: true });
  cpSync(join(root, path), join(dist, path), { recursive: true });
}
writePackage(await buildCommit(root));
const parts = readdirSync(join(dist, "src/main")).map((name) => statSync(join(dist, "src/main", name)).size);
const size = parts.reduce((sum, bytes) => sum + bytes, 0);
process.stdout.write(
  `dist/: ${(size / 1024).toFixed(0)} KiB in ${parts.length} files (${((performance.now() - startedAt) / 1000).toFixed(2)} s)\n`,
);

async function bundle(program: string): Promise<void> {
  await build({
    entryPoints: [join(root, program)],
    // Next to the program, so that all of them are as far from every other folder as it is.
    outdir: join(dist, dirname(program)),
    outExtension: { ".js": ".mjs" },
    chunkNames: "part-[hash]",
    bundle: true,
    // What a command does not need it does not read.
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    external: PACKAGES,
    plugins: [placesOf(program)],
    // Some dependencies are CommonJS and ask for `require`.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
}

/** A file that looks for its neighbours finds them where the release has them: every folder of src/ keeps its place. */
function placesOf(program: string): Plugin {
  return {
    name: "places",
    setup: (building) => {
      building.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        const own = `new URL(${JSON.stringify(relative(dirname(join(root, program)), path))}, import.meta.url)`;
        const contents = source
          .replaceAll(
            "import.meta.dirname",
            `process.getBuiltinModule("node:path").dirname(process.getBuiltinModule("node:url").fileURLToPath(${own}))`,
          )
          .replaceAll(/(?<!new URL\([^)]*)import\.meta\.url/g, `${own}.href`)
          .replaceAll(/"(catamaran|answer-probes|launcher-main)\.ts"/g, '"$1.mjs"');
        return { contents, loader: "ts" };
      });
    },
  };
}

/** What a user installs: no development tools, the program as it stands in dist/. */
function writePackage(gitHead: string): void {
  const {
    name,
    version,
    description,
    license,
    os,
    type,
    bin,
    engines,
    dependencies,
    devDependencies,
    optionalDependencies,
  } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, Record<string, string>>;
  const wanted = Object.fromEntries(
    PACKAGES.map((wantedName) => [wantedName, dependencies?.[wantedName] ?? devDependencies?.[wantedName]]),
  );
  const text = JSON.stringify(
    {
      name,
      version,
      gitHead,
      description,
      license,
      os,
      type,
      bin,
      engines,
      dependencies: wanted,
      optionalDependencies,
    },
    null,
    2,
  );
  writeFileSync(join(dist, "package.json"), `${text}\n`);
}
