/** The part of the control process that makes stacks: resources by the AWS door's own actions, for whoever asked for the stack. */
import type { Service } from "#aws/action.ts";
import { actionsOf } from "#aws/cloudformation/resource.ts";
import { cloudformationService } from "#aws/cloudformation/service.ts";
import { ecrService } from "#aws/ecr/service.ts";
import { resourceTypes } from "#aws/cloudformation/all-types.ts";
import { InnerDoor } from "#aws/inner-door.ts";
import { objectsIn } from "#aws/lambda/bucket-objects.ts";
import { Fault } from "#base/fault.ts";
import { Tasks } from "#base/tasks.ts";
import type { Buckets } from "#managed/bucket/buckets.ts";
import type { Database } from "#managed/database.ts";
import type { Parameters } from "#managed/parameters/parameters.ts";
import { StackStore } from "#managed/stack/stack-store.ts";
import { Stacks } from "#managed/stack/stacks.ts";
import { processedBy } from "#managed/stack/transforms.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";

export interface StackDoor {
  readonly stackServices: readonly Service[];
  /** Opened, with the services of the door, before stacks go on. */
  readonly innerDoor: InnerDoor;
  readonly stacks: Stacks;
}

interface Needed {
  readonly database: Database;
  readonly buckets: Buckets;
  readonly parameters: Parameters;
}

export const stackDoor: Part<RoleBasis & Needed, StackDoor> = {
  name: "stacks",
  start: ({ instance, clock, random, log, database, buckets, parameters }) => {
    const { region, accountId } = instance;
    const place = { region, accountId };
    const innerDoor = new InnerDoor({ ...place, host: `127.0.0.1:${instance.ports.aws}`, clock, random });
    const stacks = new Stacks({
      ...place,
      store: new StackStore(database),
      findType: resourceTypes(actionsOf(innerDoor, place, (ms) => clock.sleep(ms))),
      process: processedBy([]),
      storedParameter: async (name) => (await parameters.find(name))?.latest.value ?? null,
      clock,
      random,
      tasks: new Tasks(log),
    });
    const read = objectsIn(buckets, "default");
    const readObject = async (bucket: string, key: string, maxBytes: number): Promise<Uint8Array> => {
      const found = await read({ bucket, key, version: undefined });
      if (typeof found === "string") throw new Fault("BadRequest", `S3 error: there is ${found} at ${bucket}/${key}`);
      if (found.size > maxBytes) throw new Fault("BadRequest", `Template may not exceed ${maxBytes} bytes in size.`);
      return Buffer.concat(await Array.fromAsync(found.bytes));
    };
    const stackServices = [cloudformationService({ ...place, stacks, readObject }), ecrService(place)];
    return { stackServices, innerDoor, stacks };
  },
};
