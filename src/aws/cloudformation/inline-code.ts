/** A function's source that stands in its template, as the zip that the API takes. */
import { strToU8, zipSync } from "fflate";
import type { JsonObject } from "#base/json.ts";
import { text } from "./resource.ts";

/** ZipFile is the source itself, for the file that the runtime looks for ("AWS::Lambda::Function Code"); other code is left as it is. */
export function codeOf(code: JsonObject, runtime: string): JsonObject {
  const source = text(code, "ZipFile");
  if (source === undefined) return code;
  const file = runtime.startsWith("python") ? "index.py" : "index.js";
  return { ZipFile: Buffer.from(zipSync({ [file]: strToU8(source) })).toString("base64") };
}
