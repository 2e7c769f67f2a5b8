/** Nothing is accepted and ignored: each member that the model of an action names is served, and then its code speaks of it, or refused. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Action } from "./action.ts";
import type { Member, Shape } from "./shape.ts";

const FOLDER = import.meta.dirname;
const services = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, "operations.ts")));

for (const service of services.filter((name) => existsSync(join(FOLDER, name, "service.ts")))) {
  const { actions = [] } = (await import(`./${service}/service.ts`)) as {
    readonly actions?: readonly Action<unknown>[];
  };
  const source = sourceOf(service);
  for (const action of actions) {
    const { serves, unserved, operation } = action;
    const named = [...serves, ...Object.keys(unserved)];
    test(`${service} ${operation.name} names every member of its model, and no other`, () => {
      assert.deepEqual(missing(operation.input, pathsOf(named), ""), []);
    });
    test(`${service} ${operation.name} has code for every member that it serves`, () => {
      const leaves = serves.flatMap((path) => leavesOf(shapeAt(operation.input, path.split(".")), path, new Set()));
      const silent = leaves.filter(
        (path) => !new RegExp(`\\b${path.slice(path.lastIndexOf(".") + 1)}\\b`).test(source),
      );
      assert.deepEqual(silent, []);
    });
  }
}

/** The code of a service without its model and without what actions say that they serve. */
function sourceOf(service: string): string {
  return readdirSync(join(FOLDER, service))
    .filter((name) => name.endsWith(".ts") && !/(\.gen|\.test)\.ts$/.test(name))
    .map((name) => readFileSync(join(FOLDER, service, name), "utf8"))
    .join("\n")
    .replaceAll(/\bserves: \[[^\]]*\]/g, "")
    .replaceAll(/\bunserved: \{[^}]*\}/g, "");
}

type Paths = ReadonlyMap<string, Paths>;

/** "A.B=x" → A → B → {}. */
function pathsOf(paths: readonly string[]): Paths {
  const heads = new Map<string, string[]>();
  for (const path of paths) {
    const [first = "", ...rest] = path.replace(/=.*/, "").split(".");
    heads.set(first, [...(heads.get(first) ?? []), ...(rest.length === 0 ? [] : [rest.join(".")])]);
  }
  return new Map([...heads].map(([head, rest]) => [head, pathsOf(rest)]));
}

/** Members that no path names, and paths that name no member; what is named without more stands for all inside. */
function missing(shape: Shape, paths: Paths, at: string): readonly string[] {
  const structure = throughLists(shape);
  if (structure.is !== "structure") return [...paths.keys()].map((name) => `${at}${name} is no member`);
  const unknown = [...paths.keys()]
    .filter((name) => !structure.members.has(name))
    .map((name) => `${at}${name} is no member`);
  const rest = [...structure.members.values()].flatMap((member: Member) => {
    const inner = paths.get(member.name);
    if (inner === undefined) return [`${at}${member.name}`];
    return inner.size === 0 ? [] : missing(member.shape, inner, `${at}${member.name}.`);
  });
  return [...unknown, ...rest];
}

function throughLists(shape: Shape): Shape {
  if (shape.is === "list") return throughLists(shape.of.shape);
  return shape.is === "map" ? throughLists(shape.value.shape) : shape;
}

function shapeAt(shape: Shape, [first, ...rest]: readonly string[]): Shape {
  if (first === undefined) return shape;
  const structure = throughLists(shape);
  const member = structure.is === "structure" ? structure.members.get(first) : undefined;
  assert.ok(member, `${first} is a member`);
  return shapeAt(member.shape, rest);
}

/** The members without members of their own, each shape once. */
function leavesOf(shape: Shape, path: string, seen: Set<Shape>): readonly string[] {
  const inner = throughLists(shape);
  if (inner.is !== "structure") return [path];
  if (seen.has(inner)) return [];
  seen.add(inner);
  return [...inner.members.values()].flatMap((member) => leavesOf(member.shape, `${path}.${member.name}`, seen));
}
