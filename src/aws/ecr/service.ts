/** ECR: there are no repositories, for functions are zips here; tools ask for them all the same (API version 2015-09-21). */
import { type Action, action, type Service, service } from "../action.ts";
import type { Place } from "../place.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import { model, type ModelErrors } from "./model.gen.ts";

const failure: Failure<ModelErrors> = errorsOf(model);

const describeRepositories: Action<Place> = action(model, "DescribeRepositories", {
  resources: ({ repositoryNames = ["*"] }, { region, accountId }) =>
    repositoryNames.map((name) => `arn:aws:ecr:${region}:${accountId}:repository/${name}`),
  serves: ["registryId", "repositoryNames", "nextToken", "maxResults"],
  unserved: {},
  run: async ({ accountId }: Place, { registryId = accountId, repositoryNames = [], nextToken, maxResults: _most }) => {
    const [name] = repositoryNames;
    if (name !== undefined)
      throw failure(
        "RepositoryNotFoundException",
        `The repository with name '${name}' does not exist in the registry with id '${registryId}'`,
      );
    if (nextToken !== undefined) throw failure("InvalidParameterException", "Invalid parameter at 'nextToken'");
    return Promise.resolve({ repositories: [] });
  },
});

export const actions: readonly Action<Place>[] = [describeRepositories];

export function ecrService(place: Place): Service {
  return service(model, place, actions, { refusal: (message) => failure("InvalidParameterException", message) });
}
