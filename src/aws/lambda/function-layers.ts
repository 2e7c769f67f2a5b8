/** The layers that a function asks for: found, held against Lambda's rules, and kept with their packages. */
import { type FunctionSpec } from "#kinds/catamaran/function.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { findLayerVersion, layerArn } from "./layers.ts";
import { invalid } from "./names.ts";

type Layers = NonNullable<FunctionSpec["layers"]>;

const MOST_LAYERS = 5;
// Lambda quota: "250 MB, unzipped, including layers and custom runtimes".
const MOST_BYTES = 262_144_000;

/** Throws what Lambda says of layers that are too many, of another place, not there, or twice the same. */
export async function layersOf(account: AccountFunctions, arns: readonly string[]): Promise<Layers> {
  if (arns.length > MOST_LAYERS) throw invalid(`Cannot reference more than ${MOST_LAYERS} layers.`);
  const seen = new Map<string, string>();
  const found: Layers[number][] = [];
  for (const arn of arns) {
    const layer = await layerIn(account, arn);
    const own = arn.slice(0, arn.lastIndexOf(":"));
    const twin = seen.get(own);
    if (twin !== undefined)
      throw invalid(
        `Two different versions of the same layer are not allowed to be referenced in the same function. ${twin} and ${arn} are versions of the same layer.`,
      );
    seen.set(own, arn);
    found.push(layer);
  }
  return found;
}

async function layerIn(account: AccountFunctions, arn: string): Promise<Layers[number]> {
  const [, , , region, accountId, , name = "", version = ""] = arn.split(":");
  if (region !== account.region)
    throw invalid(
      `Layers are not in the same region as the function. Layers are expected to be in region ${account.region}.`,
    );
  const found = accountId === account.accountId ? await findLayerVersion(account, name, Number(version)) : null;
  if (found === null) throw invalid(`Layer version ${arn} does not exist.`);
  return { arn: layerArn(account, name, Number(version)), code: found.spec.code };
}

/** Code and layers together may have so many bytes, unpacked. */
export async function checkUnpacked(
  account: AccountFunctions,
  code: FunctionSpec["code"],
  layers: Layers | undefined,
): Promise<void> {
  if (layers === undefined || layers.length === 0) return;
  let total = 0;
  for (const { sha256 } of [code, ...layers.map((layer) => layer.code)])
    total += await account.code.unpackedBytes(sha256);
  if (total > MOST_BYTES)
    throw invalid(
      `Function code combined with layers exceeds the maximum allowed size of ${MOST_BYTES} bytes. The actual size is ${total} bytes.`,
    );
}
