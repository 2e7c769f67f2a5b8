/** Execution logs of REST APIs: what happened to one request, line by line, in the group that API Gateway gives each stage. */
import type { Clock } from "#base/clock.ts";
import type { ApiLogs } from "../apis/api-logs.ts";
import type { Context } from "../apis/api-context.ts";
import type { EdgeAnswer } from "../http-answer.ts";
import { methodOf, type RestRequest } from "./rest-request.ts";
import { settingOf } from "./served-rest.ts";

const MAX_TRACED = 1_024; // API Gateway cuts what it logs of a body there.

export class ExecutionLog {
  readonly #request: RestRequest;
  readonly #logs: ApiLogs;
  readonly #clock: Clock;
  readonly #isTraced: boolean;
  readonly #isErrorsOnly: boolean;

  /** Null where the method logs nothing. */
  static of(request: RestRequest, logs: ApiLogs, clock: Clock): ExecutionLog | null {
    const { loggingLevel = "OFF", dataTraceEnabled = false } = settingOf(request.stage, request.served);
    return loggingLevel === "OFF"
      ? null
      : new ExecutionLog(request, { logs, clock, isTraced: dataTraceEnabled, isErrorsOnly: loggingLevel === "ERROR" });
  }

  private constructor(
    request: RestRequest,
    {
      logs,
      clock,
      isTraced,
      isErrorsOnly,
    }: { readonly logs: ApiLogs; readonly clock: Clock; readonly isTraced: boolean; readonly isErrorsOnly: boolean },
  ) {
    this.#request = request;
    this.#logs = logs;
    this.#clock = clock;
    this.#isTraced = isTraced;
    this.#isErrorsOnly = isErrorsOnly;
  }

  end(answer: EdgeAnswer, context: Context): void {
    const isError = answer.status >= 400;
    if (this.#isErrorsOnly && !isError) return;
    const { exchange, served } = this.#request;
    const lines = [
      `Starting execution for request: ${context["requestId"]}`,
      `HTTP Method: ${methodOf(this.#request)}, Resource Path: ${served.resourcePath}`,
    ];
    if (this.#isTraced) {
      lines.push(`Method request path: ${JSON.stringify(Object.fromEntries(this.#request.parameters))}`);
      lines.push(`Method request body before transformations: ${cut(exchange.body)}`);
    }
    if (context["error.responseType"] !== undefined)
      lines.push(`Gateway response type: ${context["error.responseType"]} with status code: ${answer.status}`);
    if (context["integrationErrorMessage"] !== undefined)
      lines.push(`Execution failed: ${context["integrationErrorMessage"]}`);
    if (this.#isTraced) lines.push(`Method response body after transformations: ${cut(Buffer.from(answer.body))}`);
    lines.push(
      isError && context["error.responseType"] !== undefined
        ? `Method completed with status: ${answer.status}`
        : "Successfully completed execution",
      `Method completed with status: ${answer.status}`,
    );
    const group = `API-Gateway-Execution-Logs_${this.#request.api.apiId}/${this.#request.stage.name}`;
    for (const text of new Set(lines))
      this.#logs.line({ group, text: `(${context["requestId"]}) ${text}` }, context, this.#clock.now());
  }
}

function cut(body: Buffer): string {
  return body.subarray(0, MAX_TRACED).toString("utf8");
}
