/** What a request asks for: from its head the action and how much it may send, from its body the input. One way for each protocol. */
import type { Action, Input, Service } from "./action.ts";
import { AwsError } from "./aws-error.ts";
import { parseCutting, parseJsonBody } from "./json-body.ts";
import { restInput, type RestRouter, restRouter } from "./rest.ts";
import type { SignedHead, SignedRequest } from "./sign.ts";

/** What the body decides. */
export interface Target {
  readonly action: Action;
  readonly input: Input;
  readonly status: number;
}

/** What the head decides, before any of the body is kept. */
export interface Aim {
  /** Null: there is no such action, or only the body names it. */
  readonly action: Action | null;
  readonly maxBodyBytes: number;
  /** Throws AwsError for what is no request of this service. */
  readonly read: (request: SignedRequest) => Target;
}

export interface ServiceDoor {
  readonly service: Service;
  readonly contentType: string;
  readonly aim: (head: SignedHead) => Aim;
}

const DEFAULT_BODY_BYTES = 1024 * 1024;
const QUERY_BODY_BYTES = 128 * 1024;

export function doorOf(service: Service): ServiceDoor {
  switch (service.protocol) {
    case "rest-json":
      return { service, contentType: "application/json", aim: restAim(service, restRouter(service.actions)) };
    case "json-1.0":
    case "json-1.1":
      return {
        service,
        contentType: `application/x-amz-${service.protocol}`,
        aim: jsonAim(service, service.targetPrefix),
      };
    case "query":
      return { service, contentType: "text/xml", aim: queryAim(service) };
  }
}

function limitOf(service: Service, action: Action | null): number {
  return action?.maxBodyBytes ?? service.maxBodyBytes ?? DEFAULT_BODY_BYTES;
}

function restAim(service: Service, route: RestRouter): ServiceDoor["aim"] {
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

function jsonAim(service: Service, prefix: string): ServiceDoor["aim"] {
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

function queryAim(service: Service): ServiceDoor["aim"] {
  const byName = new Map<string, Action>(service.actions.map((action) => [action.name, action]));
  return () => ({
    action: null,
    maxBodyBytes: service.maxBodyBytes ?? QUERY_BODY_BYTES,
    read: (request) => {
      const text = request.method === "GET" ? request.query : Buffer.from(request.body).toString("utf8");
      const { Action: name = "", Version: _version, ...input } = formOf(text);
      const action = byName.get(name);
      if (action === undefined)
        throw new AwsError("InvalidAction", 400, `Could not find operation ${name} for this service in Catamaran`);
      return { action, input, status: 200 };
    },
  });
}

/** The parameters of a signature in the query are no members of the input. */
function formOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...new URLSearchParams(text)].filter(([name]) => !name.startsWith("X-Amz-")));
}

function unknownOperation(status: number, message: string): AwsError {
  return new AwsError("UnknownOperationException", status, message);
}
