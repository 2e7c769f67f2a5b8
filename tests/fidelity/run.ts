/** Runs a suite that we did not write against our doors: npm run fidelity -- SUITE --from FOLDER. The suites are the files beside this one. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

const [suite = ""] = process.argv.slice(2);
const file = join(import.meta.dirname, `${suite}.ts`);
if (suite === "run" || !/^[\w-]+$/.test(suite) || !existsSync(file)) {
  const suites = readdirSync(import.meta.dirname).map((name) => basename(name, ".ts"));
  process.stderr.write(`which suite? ${suites.filter((name) => name !== "run").join(", ")}\n`);
  process.exit(2);
}
await import(file);
