/** Stacks over types that only remember: creates, updates with replacement, rollbacks, removals, and a process that ends at any write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import type { Json, JsonObject } from "#base/json.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { Tasks } from "#base/tasks.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import type { Database } from "../database.ts";
import type { Asked, ResourceType } from "./resource-types.ts";
import { StackStore } from "./stack-store.ts";
import { type StackInput, Stacks } from "./stacks.ts";
import { processedBy } from "./transforms.ts";

function nameOf({ properties: { Name: name }, generatedName }: Asked): string {
  return typeof name === "string" ? name : generatedName;
}

/** The world outside: things by their physical names. */
class World {
  readonly things = new Map<string, JsonObject>();
  readonly log: string[] = [];

  readonly type: ResourceType = {
    name: "Test::Thing",
    properties: ["Name", "Size", "Fails", "Of"],
    createOnly: ["Name"],
    nameProperty: "Name",
    create: (asked) => this.#put("create", asked, nameOf(asked)),
    update: (asked, before) => this.#put("update", asked, before.physicalId),
    remove: async (_asked, { physicalId }) => {
      this.log.push(`remove ${physicalId}`);
      this.things.delete(physicalId);
      return Promise.resolve();
    },
  };

  async #put(verb: string, { logicalId, properties }: Asked, physicalId: string): ReturnType<ResourceType["create"]> {
    this.log.push(`${verb} ${logicalId}`);
    if (properties["Fails"] === "yes") throw new Error(`${logicalId} is not possible`);
    this.things.set(physicalId, properties);
    return Promise.resolve({ physicalId, attributes: { Arn: `arn:${physicalId}` } });
  }
}

function stacksOver(database: Database, world: World): { readonly stacks: Stacks; readonly tasks: Tasks } {
  const tasks = new Tasks(silent);
  const stacks = new Stacks({
    store: new StackStore(database),
    findType: (name) => (name === world.type.name ? world.type : null),
    process: processedBy([]),
    storedParameter: (name) => Promise.resolve(name === "/size" ? "9" : null),
    clock: new FakeClock(),
    random: seededRandom(1),
    accountId: "000000000000",
    region: "us-east-1",
    tasks,
  });
  return { stacks, tasks };
}

function inputOf(resources: JsonObject, more: Partial<StackInput> & { readonly rest?: JsonObject } = {}): StackInput {
  const { rest = {}, ...input } = more;
  return {
    name: "app",
    templateText: JSON.stringify({ Resources: resources, ...rest }),
    parameters: [],
    capabilities: [],
    caller: {},
    ...input,
  };
}

function thing(properties: JsonObject, more: JsonObject = {}): JsonObject {
  return { Type: "Test::Thing", Properties: properties, ...more };
}

async function statusOf(stacks: Stacks): Promise<string> {
  return (await stacks.store.heads())[0]?.status ?? "none";
}

async function eventsOf(stacks: Stacks): Promise<readonly string[]> {
  const [head] = await stacks.store.heads();
  const rows = await stacks.store.events(head?.id ?? "", 1000);
  return rows.map(({ event }) => `${event.logicalId} ${event.status}`).toReversed();
}

const CHAIN = {
  A: thing({ Size: 1 }),
  B: thing({ Of: { "Fn::GetAtt": ["A", "Arn"] } }),
  C: thing({ Of: { "Fn::Sub": "${B}!" } }, { DependsOn: "A" }),
};

test("a stack is made in the order of what needs what, and removed in the other one", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  await stacks.create(
    inputOf(CHAIN, { rest: { Outputs: { Last: { Value: { Ref: "C" }, Export: { Name: "last" } } } } }),
  );
  await tasks.ended();
  assert.equal(await statusOf(stacks), "CREATE_COMPLETE");
  assert.deepEqual(world.log, ["create A", "create B", "create C"]);
  const [head] = await stacks.store.heads();
  assert.match(head?.outputs[0]?.value ?? "", /^app-C-/);
  const [a] = world.things.keys();
  assert.ok([...world.things.values()].some(({ Of: of }) => of === `arn:${a}`));
  world.log.length = 0;
  await stacks.remove("app");
  await tasks.ended();
  assert.deepEqual(
    world.log.map((line) => line.split("-")[1]),
    ["C", "B", "A"],
  );
  assert.deepEqual([await statusOf(stacks), world.things.size, await stacks.find("app")], ["DELETE_COMPLETE", 0, null]);
});

test("a create that fails takes back what it made, and says why", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  await stacks.create(inputOf({ A: thing({}), B: thing({ Fails: "yes", Of: { Ref: "A" } }) }));
  await tasks.ended();
  assert.equal(world.things.size, 0);
  assert.deepEqual((await eventsOf(stacks)).slice(-6), [
    "B CREATE_FAILED",
    "app ROLLBACK_IN_PROGRESS",
    "B DELETE_COMPLETE",
    "A DELETE_IN_PROGRESS",
    "A DELETE_COMPLETE",
    "app ROLLBACK_COMPLETE",
  ]);
});

test("an update changes, replaces, adds and removes; who refers to what was replaced gets its new name", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  await stacks.create(inputOf({ A: thing({ Name: "one" }), B: thing({ Of: { Ref: "A" } }), Old: thing({}) }));
  await tasks.ended();
  world.log.length = 0;
  await stacks.update(inputOf({ A: thing({ Name: "two" }), B: thing({ Of: { Ref: "A" } }), New: thing({}) }));
  await tasks.ended();
  assert.equal(await statusOf(stacks), "UPDATE_COMPLETE");
  assert.deepEqual(
    world.log.map((line) => line.replace(/-[A-Z0-9]{12}$/, "")),
    ["create A", "create New", "update B", "remove app-Old", "remove one"],
  );
  assert.ok([...world.things.values()].some(({ Of: of }) => of === "two"));
});

test("an update that fails goes back to what was there", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  await stacks.create(inputOf({ A: thing({ Name: "one", Size: 1 }), B: thing({ Size: 1 }) }));
  await tasks.ended();
  const before = JSON.stringify([...world.things]);
  await stacks.update(
    inputOf({
      A: thing({ Name: "two" }),
      B: thing({ Size: 2 }),
      C: thing({ Fails: "yes", Of: [{ Ref: "A" }, { Ref: "B" }] }),
    }),
  );
  await tasks.ended();
  assert.equal(await statusOf(stacks), "UPDATE_ROLLBACK_COMPLETE");
  assert.deepEqual(JSON.stringify([...world.things]), before);
});

test("what is named by its template cannot be replaced under the same name", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  const type = { ...world.type, createOnly: ["Size"] };
  Object.assign(world.type, type);
  await stacks.create(inputOf({ A: thing({ Name: "one", Size: 1 }) }));
  await tasks.ended();
  await stacks.update(inputOf({ A: thing({ Name: "one", Size: 2 }) }));
  await tasks.ended();
  const [head] = await stacks.store.heads();
  const rows = await stacks.store.events(head?.id ?? "", 1000);
  assert.ok(
    rows.some(({ event }) =>
      event.reason?.startsWith(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename one",
      ),
    ),
  );
});

test("retained resources stay, and are told of", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  await stacks.create(inputOf({ A: thing({ Name: "kept" }, { DeletionPolicy: "Retain" }), B: thing({}) }));
  await tasks.ended();
  await stacks.remove("app");
  await tasks.ended();
  assert.deepEqual([...world.things.keys()], ["kept"]);
  assert.ok((await eventsOf(stacks)).includes("A DELETE_SKIPPED"));
});

test("a change set says what would change, and nothing happens until it is executed", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  await stacks.create(inputOf({ A: thing({ Name: "one" }), B: thing({ Of: { Ref: "A" } }), Old: thing({}) }));
  await tasks.ended();
  const input = inputOf({ A: thing({ Name: "two" }), B: thing({ Of: { Ref: "A" } }), New: thing({}) });
  const { changeSet } = await stacks.createChangeSet({ ...input, changeSet: "plan", isCreate: false });
  assert.deepEqual(
    changeSet.changes.map(({ action, logicalId, replacement }) => `${action} ${logicalId} ${replacement ?? ""}`.trim()),
    ["Modify A True", "Modify B False", "Add New", "Remove Old"],
  );
  assert.equal(world.things.size, 3);
  await stacks.executeChangeSet("plan", "app", { caller: {} });
  await tasks.ended();
  assert.equal(await statusOf(stacks), "UPDATE_COMPLETE");
  const same = await stacks.createChangeSet({ ...input, changeSet: "again", isCreate: false });
  assert.deepEqual([same.changeSet.status, same.changeSet.executionStatus], ["FAILED", "UNAVAILABLE"]);
  await assert.rejects(stacks.update(input), { message: "No updates are to be performed." });
});

for (const { title, resources, rest = {}, more = {}, says } of [
  { title: "no resource", resources: {}, says: "At least one Resources member must be defined" },
  {
    title: "an unknown type",
    resources: { A: { Type: "AWS::Moon::Base" } },
    says: "Unrecognized resource types: \\[AWS::Moon::Base\\]",
  },
  {
    title: "an unknown property",
    resources: { A: thing({ Colour: "red" }) },
    says: "the property Colour of A \\(Test::Thing\\) is not supported",
  },
  {
    title: "a reference to nothing",
    resources: { A: thing({ Of: { Ref: "B" } }) },
    says: "Unresolved resource dependencies \\[B\\] in the Resources block",
  },
  {
    title: "a ring",
    resources: { A: thing({ Of: { Ref: "B" } }), B: thing({ Of: { Ref: "A" } }) },
    says: "Circular dependency between resources: \\[A, B\\]",
  },
  { title: "null", resources: { A: thing({ Size: null }) }, says: "'null' values are not allowed" },
  {
    title: "an unknown section",
    resources: { A: thing({}) },
    rest: { Extra: {} },
    says: "Invalid template property or properties \\[Extra\\]",
  },
  {
    title: "a parameter without a value",
    resources: { A: thing({}) },
    rest: { Parameters: { P: { Type: "String" } } },
    says: "Parameters: \\[P\\] must have values",
  },
  {
    title: "a parameter that is not allowed",
    resources: { A: thing({}) },
    rest: { Parameters: { P: { Type: "String", AllowedValues: ["a"] } } },
    more: { parameters: [{ key: "P", value: "b" }] },
    says: "Parameter 'P' must be one of AllowedValues",
  },
  {
    title: "a parameter that there is not",
    resources: { A: thing({}) },
    more: { parameters: [{ key: "Q", value: "b" }] },
    says: "Parameters: \\[Q\\] do not exist in the template",
  },
  {
    title: "a name that is none",
    resources: { A: thing({}) },
    more: { name: "1app" },
    says: "failed to satisfy constraint",
  },
  {
    title: "a transform that there is not",
    resources: { A: thing({}) },
    rest: { Transform: "My::Macro" },
    says: "No transform named My::Macro found",
  },
] as const)
  test(`refused before anything is made: ${title}`, async () => {
    const world = new World();
    const { stacks } = stacksOver(new MemoryDatabase(), world);
    await assert.rejects(stacks.create(inputOf(resources as JsonObject, { ...more, rest })), {
      message: new RegExp(says),
    });
    assert.deepEqual([world.log, await stacks.store.heads()], [[], []]);
  });

test("parameters reach properties: given, by default, from the store, as lists", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  const Parameters = {
    Given: { Type: "String" },
    Default: { Type: "Number", Default: 4 },
    Stored: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/size" },
    Many: { Type: "CommaDelimitedList", Default: "a, b" },
  };
  const of: Json = [{ Ref: "Given" }, { Ref: "Default" }, { Ref: "Stored" }, { Ref: "Many" }];
  await stacks.create(
    inputOf({ A: thing({ Name: "a", Of: of }) }, { rest: { Parameters }, parameters: [{ key: "Given", value: "x" }] }),
  );
  await tasks.ended();
  assert.deepEqual(world.things.get("a")?.["Of"], ["x", "4", "9", ["a", "b"]]);
});

test("an export that is used keeps its stack; one that is taken is refused", async () => {
  const world = new World();
  const { stacks, tasks } = stacksOver(new MemoryDatabase(), world);
  const Outputs = { Out: { Value: { Ref: "A" }, Export: { Name: "shared" } } };
  await stacks.create(inputOf({ A: thing({ Name: "a" }) }, { rest: { Outputs } }));
  await tasks.ended();
  await stacks.create(inputOf({ B: thing({ Name: "b", Of: { "Fn::ImportValue": "shared" } }) }, { name: "user" }));
  await tasks.ended();
  assert.equal(world.things.get("b")?.["Of"], "a");
  await assert.rejects(stacks.remove("app"), { message: "Export shared cannot be deleted as it is in use by user" });
  await stacks.create(
    inputOf(
      { C: thing({}) },
      { name: "other", rest: { Outputs: { Out: { Value: "x", Export: { Name: "shared" } } } } },
    ),
  );
  await tasks.ended();
  assert.equal((await stacks.find("other"))?.status, "ROLLBACK_COMPLETE");
});

/** Ends its process at the n-th write: that one and all behind it are lost. */
class Mortal extends MemoryDatabase {
  left: number;

  constructor(left: number) {
    super();
    this.left = left;
  }

  override changeAll<R>(...asked: Parameters<Database["changeAll"]>): Promise<R> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the result is what the decision gives
    return this.left-- > 0 ? (super.changeAll(...asked) as Promise<R>) : new Promise(() => {});
  }
}

test("a process may end at any write: the next one goes on to the same end, and nothing is made twice", async () => {
  const steps = [
    inputOf(CHAIN),
    inputOf({ ...CHAIN, A: thing({ Size: 2, Name: "named" }), D: thing({ Of: { Ref: "C" } }) }),
    inputOf({ ...CHAIN, B: thing({ Size: 5, Of: { Ref: "A" } }), E: thing({ Fails: "yes", Of: { Ref: "B" } }) }),
  ] as const;
  for (let writes = 1; writes < 40; writes++) {
    const world = new World();
    const database = new Mortal(Infinity);
    for (const [at, step] of steps.entries()) {
      const first = stacksOver(database, world);
      const begun = at === 0 ? first.stacks.create(step) : first.stacks.update(step);
      await begun;
      database.left = writes;
      await Promise.race([
        first.tasks.ended(),
        new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve)))),
      ]);
      database.left = Infinity;
      const next = stacksOver(database, world);
      await next.stacks.resume();
      await next.tasks.ended();
    }
    const { stacks, tasks } = stacksOver(database, world);
    assert.equal(await statusOf(stacks), "UPDATE_ROLLBACK_COMPLETE", `after ${writes} writes`);
    assert.equal(world.things.size, 4, `after ${writes} writes: ${[...world.things.keys()].join(" ")}`);
    await stacks.remove("app");
    await tasks.ended();
    assert.equal(world.things.size, 0, `after ${writes} writes`);
  }
});
