/** Transforms that a template names at its top, done before it is read. Pure; a transform is a value in a list. */
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { readTemplateText } from "./template-text.ts";

export interface Processed {
  /** The same text where there was nothing to do. */
  readonly text: string;
  /** Whoever deploys it must have said that he knows. */
  readonly hasMacros: boolean;
  /** Names of its transforms. */
  readonly transforms: readonly string[];
}

export interface Transform {
  /** "AWS::Serverless-2016-10-31". */
  readonly name: string;
  /** Throws a Fault BadRequest that says what is wrong with the template. */
  readonly apply: (template: JsonObject, parameters: Readonly<Record<string, string>>) => JsonObject;
}

export function processedBy(
  transforms: readonly Transform[],
): (text: string, parameters: Readonly<Record<string, string>>) => Processed {
  return (text, parameters) => {
    const template = readTemplateText(text);
    const names = isJsonObject(template) ? namesOf(template["Transform"]) : [];
    if (!isJsonObject(template) || names.length === 0) return { text, hasMacros: false, transforms: [] };
    let done: JsonObject = Object.fromEntries(Object.entries(template).filter(([member]) => member !== "Transform"));
    for (const name of names) {
      const transform = transforms.find((one) => one.name === name);
      if (transform === undefined) throw new Fault("BadRequest", `No transform named ${name} found.`);
      done = transform.apply(done, parameters);
    }
    return { text: JSON.stringify(done), hasMacros: true, transforms: names };
  };
}

function namesOf(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? (value as readonly Json[]) : [value]).map((one) => {
    if (typeof one === "string") return one;
    throw new Fault("BadRequest", "a transform with parameters at the top of a template is not supported");
  });
}
