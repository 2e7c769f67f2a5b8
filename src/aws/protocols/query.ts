/** The query protocol: a form that names its Action, answers in XML (Smithy, "AWS query protocol"). */
import type { BoundAction, Members, Service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { SignedRequest } from "../sign.ts";
import { escapeXml } from "../xml.ts";
import { errorElement } from "./xml-error.ts";
import { readForm, structureFromForm } from "./query-form.ts";
import { structureToJson } from "./json-values.ts";
import type { Protocol, Route } from "./protocol.ts";
import { structureToXml } from "./xml-values.ts";

export const query: Protocol = {
  speaks: ({ headers }) => headers["x-amz-target"] === undefined && headers["smithy-protocol"] === undefined,
  routes: () => () => null,
  routesByBody: (service) => {
    const routes = new Map(service.actions.map((action): [string, Route] => [nameOf(action), { action, labels: {} }]));
    return (request) => routes.get(new URLSearchParams(formText(request)).get("Action") ?? "") ?? null;
  },
  unknown: (_service, request) => {
    const name = new URLSearchParams(formText(request)).get("Action") ?? "";
    return new AwsError("InvalidAction", 400, `Could not find operation ${name} for this service in Catamaran`);
  },
  read: (request, { input }) => structureFromForm(readForm(formText(request)), input),
  write: (output, operation, { service, requestId, headers }) => {
    const { name, resultWrapper = `${name}Result` } = operation;
    // AWS answers in JSON to who asks so, as aws-iam-authenticator does.
    if (headers["accept"] === "application/json") {
      const result = inOrderOfNames(structureToJson(output, operation.output.members));
      const answer = { [resultWrapper]: result, ResponseMetadata: { RequestId: requestId } };
      return {
        status: operation.status,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ [`${name}Response`]: answer }),
      };
    }
    const inner = operation.hasOutput
      ? `<${resultWrapper}>${structureToXml(output, operation.output)}</${resultWrapper}>`
      : "";
    return {
      status: operation.status,
      headers: { "content-type": "text/xml" },
      body: `<${name}Response${namespaceOf(service)}>${inner}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`,
    };
  },
  writeError: (error, operation, { service, requestId }) => ({
    status: error.status,
    headers: { "content-type": "text/xml" },
    body: `<ErrorResponse${namespaceOf(service)}>${errorElement(error, operation)}<RequestId>${requestId}</RequestId></ErrorResponse>`,
  }),
};

function inOrderOfNames(result: Members): Members {
  return Object.fromEntries(Object.entries(result).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function nameOf({ operation }: BoundAction): string {
  return operation.name;
}

function formText(request: SignedRequest): string {
  return request.method === "GET" ? request.query : Buffer.from(request.body).toString("utf8");
}

function namespaceOf({ model }: Service): string {
  return model.xmlNamespace === undefined ? "" : ` xmlns="${escapeXml(model.xmlNamespace)}"`;
}
