/** OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity believes. */
import { providerArn, providerName } from "#managed/identity/arn.ts";
import type { OidcProvider } from "#managed/identity/identities.ts";
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import { created, createdAt, failure, type IamWorld, invalid, tagged, tagKeys, tagList, tagMembers } from "./world.ts";

const itself = ({
  OpenIDConnectProviderArn: arn,
}: {
  readonly OpenIDConnectProviderArn: string;
}): readonly string[] => [arn];

const MAX_CLIENTS = 100;
const MAX_THUMBPRINTS = 5;

export const createOpenIDConnectProvider: Action<IamWorld> = action(model, "CreateOpenIDConnectProvider", {
  resources: ({ Url: url }, { accountId }) => [providerArn(accountId, url)],
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["Url", "ClientIDList", "ThumbprintList", "Tags"],
  unserved: {},
  run: async (world: IamWorld, { Url: url, ClientIDList: clients = [], ThumbprintList: thumbprints, Tags: tags }) => {
    if (!/^https:\/\/[^\s?#]+$/.test(url)) throw invalid("Invalid Open ID Connect Provider URL");
    if (clients.length > MAX_CLIENTS)
      throw failure("LimitExceededException", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
    checkThumbprints(thumbprints ?? []);
    const arn = providerArn(world.identities.accountId, url);
    const made = await created(
      () =>
        world.identities.providers.create(providerName(arn), {
          url,
          clientIds: clients,
          thumbprints: thumbprints ?? [],
          ...(tags !== undefined && { tags: tagged(tags) }),
        }),
      `Provider with url ${url} already exists.`,
    );
    return { OpenIDConnectProviderArn: arn, ...tagMembers(made.spec.tags) };
  },
});

function checkThumbprints(thumbprints: readonly string[]): void {
  if (thumbprints.length > MAX_THUMBPRINTS)
    throw failure("InvalidInputException", "Thumbprint list must contain fewer than 5 entries.");
}

export const getOpenIDConnectProvider: Action<IamWorld> = action(model, "GetOpenIDConnectProvider", {
  resources: itself,
  serves: ["OpenIDConnectProviderArn"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: arn }) => {
    const provider = existingProvider(world, arn);
    const { url, clientIds = [], thumbprints = [], tags } = provider.spec;
    return {
      // Without its scheme, as AWS tells it.
      Url: url.replace(/^https:\/\//, ""),
      ClientIDList: clientIds,
      ThumbprintList: thumbprints,
      CreateDate: createdAt(provider),
      Tags: tagList(tags),
    };
  },
});

export const listOpenIDConnectProviders: Action<IamWorld> = action(model, "ListOpenIDConnectProviders", {
  serves: [],
  unserved: {},
  run: async ({ identities }: IamWorld) => ({
    OpenIDConnectProviderList: identities.providers.list().map(({ spec }) => ({
      Arn: providerArn(identities.accountId, spec.url),
    })),
  }),
});

export const addClientIdToProvider: Action<IamWorld> = action(model, "AddClientIDToOpenIDConnectProvider", {
  resources: itself,
  serves: ["OpenIDConnectProviderArn", "ClientID"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: arn, ClientID: client }) => {
    existingProvider(world, arn);
    await world.identities.providers.change(providerName(arn), (spec) => {
      const clientIds = [...(spec.clientIds ?? []).filter((other) => other !== client), client];
      if (clientIds.length > MAX_CLIENTS)
        throw failure("LimitExceededException", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
      return { ...spec, clientIds };
    });
    return {};
  },
});

export const removeClientIdFromProvider: Action<IamWorld> = action(model, "RemoveClientIDFromOpenIDConnectProvider", {
  resources: itself,
  serves: ["OpenIDConnectProviderArn", "ClientID"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: arn, ClientID: client }) => {
    existingProvider(world, arn);
    await world.identities.providers.change(providerName(arn), (spec) => ({
      ...spec,
      clientIds: (spec.clientIds ?? []).filter((other) => other !== client),
    }));
    return {};
  },
});

export const updateProviderThumbprint: Action<IamWorld> = action(model, "UpdateOpenIDConnectProviderThumbprint", {
  resources: itself,
  serves: ["OpenIDConnectProviderArn", "ThumbprintList"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: arn, ThumbprintList: thumbprints }) => {
    existingProvider(world, arn);
    checkThumbprints(thumbprints);
    await world.identities.providers.change(providerName(arn), (spec) => ({ ...spec, thumbprints }));
    return {};
  },
});

export const deleteOpenIDConnectProvider: Action<IamWorld> = action(model, "DeleteOpenIDConnectProvider", {
  resources: itself,
  serves: ["OpenIDConnectProviderArn"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: arn }) => {
    existingProvider(world, arn);
    await world.identities.providers.remove(providerName(arn));
    return {};
  },
});

export function existingProvider({ identities }: IamWorld, arn: string): OidcProvider {
  const found = identities.providers.find(providerName(arn));
  if (found === null || providerArn(identities.accountId, found.spec.url) !== arn)
    throw failure("NoSuchEntityException", `OpenIDConnect Provider not found for arn ${arn}`);
  return found;
}
