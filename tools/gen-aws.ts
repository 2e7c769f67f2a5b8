/** Writes src/aws/SERVICE/model.gen.ts from botocore's models of AWS's services, for the operations that src/aws/SERVICE/operations.ts lists: node tools/gen-aws.ts [SERVICE…]. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Listed } from "../src/aws/listed.ts";
import { printModel } from "./gen-aws/print-model.ts";
import { readModel, type Source } from "./gen-aws/read-model.ts";

/** The release of botocore whose models we serve. */
export const BOTOCORE_VERSION = "1.43.11";

const SERVICES = join(import.meta.dirname, "../src/aws");

/** The folders of src/aws that list operations. */
export function listedServices(): readonly string[] {
  return readdirSync(SERVICES).filter((name) => existsSync(join(SERVICES, name, "operations.ts")));
}

/** Where botocore keeps its models; null with the reason when this machine has none of that release. */
export function botocoreData(): { readonly folder: string } | { readonly missing: string } {
  const asked = spawnSync("python3", [
    "-c",
    "import botocore; print(botocore.__version__); print(botocore.__path__[0])",
  ]);
  const [version = "", folder = ""] = String(asked.stdout).trim().split("\n");
  if (asked.status !== 0) return { missing: "python3 has no botocore" };
  if (version !== BOTOCORE_VERSION) return { missing: `botocore is ${version}, not ${BOTOCORE_VERSION}` };
  return { folder: join(folder, "data") };
}

export function fileOf(service: string): string {
  return join(SERVICES, service, "model.gen.ts");
}

/** The text of a service's model.gen.ts. */
export async function generateModel(data: string, service: string): Promise<string> {
  const url = pathToFileURL(join(SERVICES, service, "operations.ts")).href;
  const { listed } = (await import(url)) as { readonly listed: Listed };
  return printModel(readModel(sourceOf(data, listed), listed), BOTOCORE_VERSION);
}

function sourceOf(data: string, { service, version }: Listed): Source {
  const file = join(data, service, version, "service-2.json");
  const text = existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
  return JSON.parse(text.toString("utf8")) as Source;
}

if (import.meta.main) {
  const data = botocoreData();
  if ("missing" in data) throw new Error(data.missing);
  const asked = process.argv.slice(2);
  for (const service of asked.length > 0 ? asked : listedServices())
    writeFileSync(fileOf(service), await generateModel(data.folder, service));
}
