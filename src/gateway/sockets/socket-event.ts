/** The events of WebSocket APIs: a client comes, says something, and goes (API Gateway, "Set up a WebSocket API integration request"). Pure. */
import { commonLogTime } from "../apis/api-context.ts";

/** What is known of a connection for as long as it lasts. */
export interface Connected {
  readonly connectionId: string;
  readonly apiId: string;
  readonly stage: string;
  readonly domainName: string;
  readonly connectedAtMs: number;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly variables: Readonly<Record<string, string>>;
  /** What the authorizer of $connect said. */
  readonly authorizer: Readonly<Record<string, unknown>> | null;
}

export type SocketEventType =
  | {
      readonly is: "CONNECT";
      readonly headers: ReadonlyMap<string, readonly string[]>;
      readonly query: ReadonlyMap<string, readonly string[]>;
    }
  | { readonly is: "MESSAGE"; readonly body: Buffer; readonly isText: boolean }
  | { readonly is: "DISCONNECT"; readonly code: number; readonly reason: string };

export interface Occasion {
  readonly routeKey: string;
  readonly requestId: string;
  readonly atMs: number;
}

type Members = Readonly<Record<string, unknown>>;

export function socketEvent(connected: Connected, type: SocketEventType, occasion: Occasion): Members {
  const { variables } = connected;
  return {
    ...partsOf(type),
    requestContext: { ...contextOf(connected, type, occasion), ...detailsOf(type, occasion) },
    ...(Object.keys(variables).length > 0 && { stageVariables: variables }),
  };
}

function partsOf(type: SocketEventType): Members {
  switch (type.is) {
    case "CONNECT":
      return {
        headers: lastOf(type.headers),
        multiValueHeaders: Object.fromEntries(type.headers),
        ...(type.query.size > 0 && {
          queryStringParameters: lastOf(type.query),
          multiValueQueryStringParameters: Object.fromEntries(type.query),
        }),
        isBase64Encoded: false,
      };
    case "MESSAGE":
      return { body: type.body.toString(type.isText ? "utf8" : "base64"), isBase64Encoded: !type.isText };
    case "DISCONNECT":
      return { isBase64Encoded: false };
  }
}

function contextOf(
  connected: Connected,
  { is: eventType }: SocketEventType,
  { routeKey, requestId, atMs }: Occasion,
): Members {
  const { connectionId, apiId, stage, domainName, connectedAtMs, sourceIp, userAgent, authorizer } = connected;
  return {
    routeKey,
    eventType,
    extendedRequestId: requestId,
    requestTime: commonLogTime(atMs),
    messageDirection: "IN",
    stage,
    connectedAt: connectedAtMs,
    requestTimeEpoch: atMs,
    identity: { sourceIp, userAgent },
    requestId,
    domainName,
    connectionId,
    apiId,
    ...(authorizer !== null && { authorizer }),
  };
}

function detailsOf(type: SocketEventType, { requestId }: Occasion): Members {
  if (type.is === "MESSAGE") return { messageId: requestId };
  return type.is === "DISCONNECT" ? { disconnectStatusCode: type.code, disconnectReason: type.reason } : {};
}

function lastOf(values: ReadonlyMap<string, readonly string[]>): Readonly<Record<string, string>> {
  return Object.fromEntries([...values].map(([name, all]) => [name, all.at(-1) ?? ""]));
}

/** "$request.body.action" of a JSON message; null when it says nothing there (API Gateway, "Route selection expressions"). */
export function selectedRoute(expression: string, message: string): string | null {
  const path = /^\$request\.body\.(.+)$/.exec(expression)?.[1]?.split(".");
  if (path === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return null;
  }
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return null;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}
