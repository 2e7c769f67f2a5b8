/** The door's actions for services that work for a caller themselves (CloudFormation): the same checks, rights and errors, without HTTP. */
import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { Answer, type BoundAction, type Members, type Service } from "./action.ts";
import { type Authorize, needsOf } from "./authorize.ts";
import { checkConstraints } from "./constraints.ts";
import type { Place } from "./place.ts";
import { refuseUnserved } from "./refuse.ts";
import type { Structure } from "./shape.ts";
import type { Caller } from "./sign.ts";

export interface InnerDoorOptions extends Place {
  /** "127.0.0.1:PORT" of the door: what addresses in answers begin with. */
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Calls one action as somebody. A service is named as requests are signed for it ("sqs"); where two share that name, with the version of its
 * API behind ("apigateway@2015-07-09"). Throws what the action throws, AccessDenied too.
 */
export type CallAction = (caller: Caller, service: string, operation: string, input: Members) => Promise<Members>;

interface Opened {
  readonly services: readonly Service[];
  readonly authorize: Authorize;
}

export class InnerDoor {
  readonly #options: InnerDoorOptions;
  #opened: Opened = {
    services: [],
    authorize: () => Promise.reject(new Error("the door is not open yet")),
  };

  constructor(options: InnerDoorOptions) {
    this.#options = options;
  }

  /** The services of the door, of which whoever calls them may be one. */
  open(opened: Opened): void {
    this.#opened = opened;
  }

  readonly call: CallAction = async (caller, name, operation, input) => {
    const { clock, random, region, accountId, host } = this.#options;
    const [service, action] = this.#find(name, operation);
    checkConstraints(input, action.operation.input);
    refuseUnserved(action.refusals, input, service.refusal);
    const about = { now: clock.now(), sourceIp: "", headers: { host } };
    const place = { accountId, region };
    const wanted = {
      needs: () => needsOf(service, action, { input, place }),
      isMore: action.alsoNeeds !== undefined,
      isOpen: action.isOpen === true,
    };
    await this.#opened.authorize(caller, wanted, about);
    const output = await action.run(input, { ...about, caller, requestId: random.uuid(), region });
    return output instanceof Answer ? output.output : output;
  };

  /** The shape of an action's input. */
  inputOf(service: string, operation: string): Structure {
    return this.#find(service, operation)[1].operation.input;
  }

  #find(name: string, operation: string): readonly [Service, BoundAction] {
    const [signingName, version] = name.split("@");
    for (const service of this.#opened.services) {
      const { model } = service;
      if (model.signingName !== signingName || (version ?? model.version) !== model.version) continue;
      const action = service.actions.find((one) => one.operation.name === operation);
      if (action !== undefined) return [service, action];
    }
    throw new RangeError(`there is no action ${name}:${operation}`);
  }
}
