/** Permissions boundaries of roles and users (IAM User Guide, "Permissions boundaries for IAM entities"). */
import type { Role, User } from "#managed/identity/identities.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type AttachedPermissionsBoundary, model } from "./model.gen.ts";
import { arnsOf, existingRole, existingUser, type IamWorld, notThere } from "./world.ts";

const isBoundary = ({ PermissionsBoundary: arn }: { readonly PermissionsBoundary: string }) => ({
  "iam:PermissionsBoundary": arn,
});

export const putRolePermissionsBoundary: Action<IamWorld> = action(model, "PutRolePermissionsBoundary", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  conditions: isBoundary,
  serves: ["RoleName", "PermissionsBoundary"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PermissionsBoundary: permissionsBoundary }) => {
    existingRole(world, name);
    checkBoundary(world, permissionsBoundary);
    await world.identities.roles.change(name, (spec) => ({ ...spec, permissionsBoundary }));
    return {};
  },
});

export const putUserPermissionsBoundary: Action<IamWorld> = action(model, "PutUserPermissionsBoundary", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  conditions: isBoundary,
  serves: ["UserName", "PermissionsBoundary"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, PermissionsBoundary: permissionsBoundary }) => {
    existingUser(world, name);
    checkBoundary(world, permissionsBoundary);
    await world.identities.users.change(name, (spec) => ({ ...spec, permissionsBoundary }));
    return {};
  },
});

export const deleteRolePermissionsBoundary: Action<IamWorld> = action(model, "DeleteRolePermissionsBoundary", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name }) => {
    if (existingRole(world, name).spec.permissionsBoundary === undefined)
      throw notThere(`The permissions boundary of the role with name ${name}`);
    await world.identities.roles.change(name, ({ permissionsBoundary: _dropped, ...spec }) => spec);
    return {};
  },
});

export const deleteUserPermissionsBoundary: Action<IamWorld> = action(model, "DeleteUserPermissionsBoundary", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name }) => {
    if (existingUser(world, name).spec.permissionsBoundary === undefined)
      throw notThere(`The permissions boundary of the user with name ${name}`);
    await world.identities.users.change(name, ({ permissionsBoundary: _dropped, ...spec }) => spec);
    return {};
  },
});

export function checkBoundary({ identities }: IamWorld, arn: string | undefined): void {
  if (arn !== undefined && identities.policyAt(arn) === null)
    throw new AwsError("NoSuchEntity", 404, `Scope ARN: ${arn} does not exist or is not attachable.`);
}

export function boundaryMembers({ spec }: Role | User): {
  readonly PermissionsBoundary?: AttachedPermissionsBoundary;
} {
  const { permissionsBoundary: arn } = spec;
  if (arn === undefined) return {};
  return {
    PermissionsBoundary: { PermissionsBoundaryType: "PermissionsBoundaryPolicy", PermissionsBoundaryArn: arn },
  };
}
