/** Labels of versions, and tags of parameters. */
import { type Parameter, withLabels, withoutLabels } from "#managed/parameters/parameter.ts";
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import {
  arnsOf,
  failure,
  inParameterWords,
  invalid,
  nameAndSelector,
  type ParameterWorld,
  parameterAt,
} from "./world.ts";

const TAGS = 50;

export const labelParameterVersion: Action<ParameterWorld> = action(model, "LabelParameterVersion", {
  resources: ({ Name }, place) => arnsOf(place, [Name]),
  serves: ["Name", "ParameterVersion", "Labels"],
  unserved: {},
  run: async (world: ParameterWorld, { Name, ParameterVersion: asked, Labels }) => {
    const { name } = await parameterAt(world, Name);
    let invalidLabels: readonly string[] = [];
    const { latest } = await inParameterWords(() =>
      world.parameters.change(name, (there) => {
        const labelled = withLabels(there, versionIn(there, asked), Labels);
        if (labelled === null)
          throw failure(
            "ParameterVersionLabelLimitExceeded",
            "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again.",
          );
        invalidLabels = labelled.invalid;
        return labelled.parameter;
      }),
    );
    return { InvalidLabels: invalidLabels, ParameterVersion: asked ?? latest.version };
  },
});

function versionIn({ name, latest, oldest }: Parameter, asked: number | undefined): number {
  const version = asked ?? latest.version;
  if (version < oldest || version > latest.version)
    throw failure(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
    );
  return version;
}

export const unlabelParameterVersion: Action<ParameterWorld> = action(model, "UnlabelParameterVersion", {
  resources: ({ Name }, place) => arnsOf(place, [Name]),
  serves: ["Name", "ParameterVersion", "Labels"],
  unserved: {},
  run: async (world: ParameterWorld, { Name, ParameterVersion: version, Labels }) => {
    const { name } = await parameterAt(world, Name);
    let invalidLabels: readonly string[] = [];
    await inParameterWords(() =>
      world.parameters.change(name, (there) => {
        const labelled = withoutLabels(there, versionIn(there, version), Labels);
        invalidLabels = labelled.invalid;
        return labelled.parameter;
      }),
    );
    return { RemovedLabels: Labels.filter((one) => !invalidLabels.includes(one)), InvalidLabels: invalidLabels };
  },
});

/** Of all that tags can be on, parameters alone are served. */
const OTHERS = {
  "ResourceType=Document": "only Parameter",
  "ResourceType=ManagedInstance": "only Parameter",
  "ResourceType=MaintenanceWindow": "only Parameter",
  "ResourceType=PatchBaseline": "only Parameter",
  "ResourceType=OpsItem": "only Parameter",
  "ResourceType=OpsMetadata": "only Parameter",
  "ResourceType=Automation": "only Parameter",
  "ResourceType=Association": "only Parameter",
} as const;

async function changeTags(
  { parameters }: ParameterWorld,
  id: string,
  change: (tags: Parameter["tags"]) => Parameter["tags"],
): Promise<void> {
  const { name } = nameAndSelector(id);
  if ((await parameters.find(name)) === null) throw noSuchId(id);
  await inParameterWords(() => parameters.change(name, (there) => ({ ...there, tags: change(there.tags) })));
}

function noSuchId(id: string): Error {
  return failure("InvalidResourceId", `The resource ID "${id}" is not valid. Verify the ID and try again.`);
}

export const addTagsToResource: Action<ParameterWorld> = action(model, "AddTagsToResource", {
  resources: ({ ResourceId }, place) => arnsOf(place, [ResourceId]),
  serves: ["ResourceType", "ResourceId", "Tags"],
  unserved: OTHERS,
  run: async (world: ParameterWorld, { ResourceType: _parameter, ResourceId: id, Tags }) => {
    await changeTags(world, id, (tags) => {
      const all = { ...tags, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) };
      if (Object.keys(all).length > TAGS) throw failure("TooManyTagsError", "A parameter can have 50 tags.");
      if (Object.keys(all).some((key) => /^aws:/i.test(key)))
        throw invalid("Tag keys that begin with aws: are reserved.");
      return all;
    });
    return {};
  },
});

export const removeTagsFromResource: Action<ParameterWorld> = action(model, "RemoveTagsFromResource", {
  resources: ({ ResourceId }, place) => arnsOf(place, [ResourceId]),
  serves: ["ResourceType", "ResourceId", "TagKeys"],
  unserved: OTHERS,
  run: async (world: ParameterWorld, { ResourceType: _parameter, ResourceId: id, TagKeys: keys }) => {
    await changeTags(world, id, (tags) =>
      Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key))),
    );
    return {};
  },
});

export const listTagsForResource: Action<ParameterWorld> = action(model, "ListTagsForResource", {
  resources: ({ ResourceId }, place) => arnsOf(place, [ResourceId]),
  serves: ["ResourceType", "ResourceId"],
  unserved: OTHERS,
  run: async ({ parameters }: ParameterWorld, { ResourceType: _parameter, ResourceId: id }) => {
    const found = await parameters.find(nameAndSelector(id).name);
    if (found === null) throw noSuchId(id);
    return { TagList: Object.entries(found.tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});
