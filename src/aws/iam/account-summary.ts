/** How many of everything there are, and how many there may be (IAM API Reference, GetAccountSummary). */
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import type { IamWorld } from "./world.ts";

export const getAccountSummary: Action<IamWorld> = action(model, "GetAccountSummary", {
  serves: [],
  unserved: {},
  run: async ({ identities }: IamWorld) => {
    const { users, roles, groups, policies, profiles, providers } = identities;
    return {
      SummaryMap: {
        Users: users.list().length,
        UsersQuota: 5_000,
        Roles: roles.list().length,
        RolesQuota: 1_000,
        Groups: groups.list().length,
        GroupsQuota: 300,
        Policies: policies.list().length,
        PoliciesQuota: 1_500,
        PolicyVersionsInUse: policies.list().reduce((total, { spec }) => total + spec.versions.length, 0),
        PolicyVersionsInUseQuota: 10_000,
        InstanceProfiles: profiles.list().length,
        InstanceProfilesQuota: 1_000,
        Providers: providers.list().length,
        AccessKeysPerUserQuota: 2,
        GroupsPerUserQuota: 10,
        VersionsPerPolicyQuota: 5,
        AttachedPoliciesPerRoleQuota: 20,
        AttachedPoliciesPerUserQuota: 20,
        AttachedPoliciesPerGroupQuota: 20,
        AssumeRolePolicySizeQuota: 2_048,
        PolicySizeQuota: 6_144,
        RolePolicySizeQuota: 10_240,
        UserPolicySizeQuota: 2_048,
        GroupPolicySizeQuota: 5_120,
        AccountAccessKeysPresent: 1,
        AccountMFAEnabled: 0,
        MFADevices: 0,
        MFADevicesInUse: 0,
      },
    };
  },
});
