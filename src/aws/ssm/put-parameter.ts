/** Putting and deleting parameters. */
import { Fault } from "#base/fault.ts";
import { RE2JS } from "re2js";
import { type Action, action } from "../action.ts";
import type { AwsError } from "../aws-error.ts";
import { model } from "./model.gen.ts";
import { checkName } from "./parameter-names.ts";
import { arnsOf, failure, inParameterWords, invalid, nameAndSelector, notFound, type ParameterWorld } from "./world.ts";

// "You can attach up to 50 tags to a parameter" (User Guide, "Tagging parameters").
const TAGS = 50;

export const putParameter: Action<ParameterWorld> = action(model, "PutParameter", {
  resources: ({ Name }, place) => arnsOf(place, [Name]),
  serves: ["Name", "Description", "Value", "Type", "Overwrite", "AllowedPattern", "Tags", "Tier", "DataType"],
  unserved: {
    "Type=SecureString": "use String: every value is sealed where it is stored",
    KeyId: "it is of SecureString",
    Policies: "leave them out: parameters do not expire",
    "DataType=aws:ec2:image": "use text",
    "DataType=aws:ssm:integration": "use text",
  },
  run: async ({ parameters }: ParameterWorld, asked, { caller }) => {
    const { Name: name, Value: value, Type: type, Tier: tier, Overwrite: isOverwrite = false, Tags = [] } = asked;
    const { AllowedPattern: allowedPattern, Description: description, DataType: dataType = "text" } = asked;
    checkName(name);
    if (dataType !== "text") throw invalid(`The following data type is not supported: ${dataType}`);
    if (type === "SecureString") throw failure("UnsupportedParameterType", "The parameter type is not supported.");
    if (isOverwrite && Tags.length > 0)
      throw invalid(
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
      );
    if (Tags.length > TAGS) throw invalid(`You can attach up to ${TAGS} tags to a parameter.`);
    checkPattern(value, allowedPattern ?? (await parameters.find(name))?.latest.allowedPattern);
    const { latest } = await inPutWords(name, () =>
      parameters.put({
        name,
        value,
        isOverwrite,
        by: caller.arn,
        tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
        ...(type !== undefined && { type }),
        ...(tier !== undefined && { tier }),
        ...(description !== undefined && { description }),
        ...(allowedPattern !== undefined && { allowedPattern }),
      }),
    );
    return { Version: latest.version, Tier: latest.tier };
  },
});

/** By a matcher of linear time: the pattern is foreign. */
function checkPattern(value: string, pattern: string | undefined): void {
  if (pattern === undefined || pattern === "") return;
  let isMatch: boolean;
  try {
    isMatch = RE2JS.compile(pattern).matches(value);
  } catch {
    throw failure("InvalidAllowedPatternException", "The request doesn't meet the regular expression requirement.");
  }
  if (!isMatch)
    throw failure(
      "ParameterPatternMismatchException",
      `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
    );
}

async function inPutWords<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await inParameterWords(work);
  } catch (thrown) {
    throw thrown instanceof Fault ? (putError(name, thrown) ?? thrown) : thrown;
  }
}

function putError(name: string, { code, message }: Fault): AwsError | null {
  if (code === "AlreadyExists")
    return failure(
      "ParameterAlreadyExists",
      "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    );
  if (code === "TooManyRequests")
    return failure(
      "ParameterMaxVersionLimitExceeded",
      `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${message}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
    );
  if (code === "Conflict")
    return failure(
      "HierarchyTypeMismatchException",
      "Parameter Store doesn't support changing a parameter type in a hierarchy. You must create a new, unique parameter.",
    );
  return code === "BadRequest" ? invalid(message) : null;
}

export const deleteParameter: Action<ParameterWorld> = action(model, "DeleteParameter", {
  resources: ({ Name }, place) => arnsOf(place, [Name]),
  serves: ["Name"],
  unserved: {},
  run: async ({ parameters }: ParameterWorld, { Name }) => {
    if (!(await parameters.remove(nameAndSelector(Name).name))) throw notFound(Name);
    return {};
  },
});

export const deleteParameters: Action<ParameterWorld> = action(model, "DeleteParameters", {
  resources: ({ Names }, place) => arnsOf(place, Names),
  serves: ["Names"],
  unserved: {},
  run: async ({ parameters }: ParameterWorld, { Names }) => {
    const [gone, unknown]: [string[], string[]] = [[], []];
    for (const name of new Set(Names))
      ((await parameters.remove(nameAndSelector(name).name)) ? gone : unknown).push(name);
    return { DeletedParameters: gone, InvalidParameters: unknown };
  },
});
