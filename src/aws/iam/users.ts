/** Users: made, read, changed and removed. */
import { type User, userId } from "#managed/identity/identities.ts";
import { type Action, action } from "../action.ts";
import { boundaryMembers, checkBoundary } from "./boundaries.ts";
import { model, type User as UserMembers } from "./model.gen.ts";
import { conflict } from "./roles.ts";
import {
  arnsOf,
  created,
  createdAt,
  existingUser,
  type IamWorld,
  ownName,
  pageOf,
  tagged,
  tagKeys,
  tagMembers,
} from "./world.ts";

export const createUser: Action<IamWorld> = action(model, "CreateUser", {
  resources: ({ UserName: name, Path: path }, place) => arnsOf("user", name, place, path),
  conditions: ({ PermissionsBoundary: boundary, Tags: tags }) => ({
    ...(boundary !== undefined && { "iam:PermissionsBoundary": boundary }),
    ...tagKeys(tags),
  }),
  serves: ["Path", "UserName", "PermissionsBoundary", "Tags"],
  unserved: {},
  run: async (world: IamWorld, input) => {
    const { Path: path = "/", UserName: name, PermissionsBoundary: boundary, Tags: tags } = input;
    checkBoundary(world, boundary);
    const user = await created(
      () =>
        world.identities.users.create(name, {
          path,
          ...(boundary !== undefined && { permissionsBoundary: boundary }),
          ...(tags !== undefined && { tags: tagged(tags) }),
        }),
      `User with name ${name} already exists.`,
    );
    return { User: { ...userMembers(world, user), ...boundaryMembers(user), ...tagMembers(user.spec.tags) } };
  },
});

export const getUser: Action<IamWorld> = action(model, "GetUser", {
  resources: ({ UserName: name }, place) => (name === undefined ? ["*"] : arnsOf("user", name, place)),
  serves: ["UserName"],
  unserved: {},
  run: async (world: IamWorld, { UserName: given }, { caller }) => {
    const { accountId } = world.identities;
    // The root is asked about by name by nobody, and answers as itself.
    if (given === undefined && caller.arn.endsWith(":root"))
      return { User: { Path: "/", UserName: "", UserId: accountId, Arn: caller.arn, CreateDate: 0 } };
    const user = existingUser(world, ownName(caller, given));
    return { User: { ...userMembers(world, user), ...boundaryMembers(user), ...tagMembers(user.spec.tags) } };
  },
});

export const listUsers: Action<IamWorld> = action(model, "ListUsers", {
  serves: ["PathPrefix", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { PathPrefix: prefix = "/", ...asked }) => {
    const all = world.identities.users.list().filter(({ spec }) => (spec.path ?? "/").startsWith(prefix));
    const { items, rest } = pageOf(all, asked);
    return { Users: items.map((user) => userMembers(world, user)), ...rest };
  },
});

export const updateUser: Action<IamWorld> = action(model, "UpdateUser", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "NewPath"],
  unserved: { NewUserName: "make a user of that name" },
  run: async (world: IamWorld, { UserName: name, NewPath: path }) => {
    existingUser(world, name);
    if (path !== undefined) await world.identities.users.change(name, (spec) => ({ ...spec, path }));
    return {};
  },
});

export const deleteUser: Action<IamWorld> = action(model, "DeleteUser", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name }) => {
    const { policies = [], inlinePolicies = {}, accessKeys = [], groups = [] } = existingUser(world, name).spec;
    if (policies.length > 0) throw conflict("must detach all policies first.");
    if (Object.keys(inlinePolicies).length > 0) throw conflict("must delete policies first.");
    if (accessKeys.length > 0) throw conflict("must delete access keys first.");
    if (groups.length > 0) throw conflict("must remove users from group first.");
    await world.identities.users.remove(name);
    return {};
  },
});

export function userMembers({ identities }: IamWorld, user: User): UserMembers {
  return {
    Path: user.spec.path ?? "/",
    UserName: user.metadata.name,
    UserId: userId(user),
    Arn: identities.userArn(user),
    CreateDate: createdAt(user),
  };
}
