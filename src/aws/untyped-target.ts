/** What a request asks for: from its head the action and how much it may send, from its body the input. One way for each protocol. */
import type { Action, Input, Reply as UntypedReply, Service } from "./untyped-action.ts";
import { AwsError } from "./aws-error.ts";
import { parseCutting, parseJsonBody } from "./json-body.ts";
import { restInput, type RestRouter, restRouter } from "./untyped-rest.ts";
import type { Reply } from "./reply.ts";
import type { SignedHead, SignedRequest } from "./sign.ts";
import type { ServiceDoor } from "./target.ts";
import { writeUntypedError } from "./untyped-answer.ts";
import { checkShape } from "./untyped-shape.ts";

/** What the body decides. */
export interface Target {
  readonly action: Action;
  readonly input: Input;
  readonly status: number;
}

interface UntypedAim {
  readonly action: Action | null;
  readonly maxBodyBytes: number;
  readonly read: (request: SignedRequest) => Target;
}

type FindAim = (head: SignedHead) => UntypedAim;

const DEFAULT_BODY_BYTES = 1024 * 1024;

export function untypedDoorOf(service: Service): ServiceDoor {
  const contentType = service.protocol === "rest-json" ? "application/json" : `application/x-amz-${service.protocol}`;
  const find =
    service.protocol === "rest-json"
      ? restAim(service, restRouter(service.actions))
      : jsonAim(service, service.targetPrefix);
  return {
    signingName: service.signingName,
    isCoded: "isCoded" in service && service.isCoded === true,
    aim: (head) => {
      const { action, maxBodyBytes, read } = find(head);
      return {
        name: action === null ? null : (action.permission ?? action.name),
        maxBodyBytes,
        read: (request) => {
          const target = read(request);
          checkShape(target.input, target.action.input);
          return {
            action: target.action,
            input: target.input,
            run: async (call) => wire(await target.action.run(target.input, call), target.status, contentType),
          };
        },
        writeError: (error) => writeUntypedError(error, service, contentType),
      };
    },
  };
}

function wire({ status, headers, body }: UntypedReply, byDefault: number, contentType: string): Reply {
  return {
    status: status ?? byDefault,
    headers: { ...(body !== undefined && { "content-type": contentType }), ...headers },
    ...(body !== undefined && {
      body: body instanceof Uint8Array || typeof body === "string" ? body : JSON.stringify(body),
    }),
  };
}

function limitOf(service: Service, action: Action | null): number {
  return action?.maxBodyBytes ?? service.maxBodyBytes ?? DEFAULT_BODY_BYTES;
}

function restAim(service: Service, route: RestRouter): FindAim {
  return (head) => {
    const found = route(head);
    return {
      action: found?.action ?? null,
      maxBodyBytes: limitOf(service, found?.action ?? null),
      read: (request) => {
        if (found === null)
          throw unknownOperation(404, `Catamaran has no ${service.signingName} action at ${head.method} ${head.path}`);
        const { action, path } = found;
        return { action, input: restInput(action, path, request), status: action.status ?? 200 };
      },
    };
  };
}

function jsonAim(service: Service, prefix: string): FindAim {
  const byTarget = new Map<string, Action>(service.actions.map((action) => [`${prefix}.${action.name}`, action]));
  return (head) => {
    const name = head.headers["x-amz-target"] ?? "";
    const action = byTarget.get(name) ?? null;
    return {
      action,
      maxBodyBytes: limitOf(service, action),
      read: ({ body }) => {
        if (action === null) throw unknownOperation(400, `Catamaran has no action '${name}'`);
        return { action, input: jsonInput(action, body), status: 200 };
      },
    };
  };
}

function jsonInput(action: Action, body: Uint8Array): Input {
  if (body.length === 0) return {};
  return (action.takesPackage === true ? parseCutting(body) : parseJsonBody(body)) as Input;
}

function unknownOperation(status: number, message: string): AwsError {
  return new AwsError("UnknownOperationException", status, message);
}
