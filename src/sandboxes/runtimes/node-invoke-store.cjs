/** awslambda.InvokeStore of nodejs24.x: what libraries ask for the running invocation's ids (@aws/lambda-invoke-store, one invocation at a time). */
"use strict";

const PROTECTED_KEYS = {
  REQUEST_ID: Symbol.for("_AWS_LAMBDA_REQUEST_ID"),
  X_RAY_TRACE_ID: Symbol.for("_AWS_LAMBDA_X_RAY_TRACE_ID"),
  TENANT_ID: Symbol.for("_AWS_LAMBDA_TENANT_ID"),
};

class InvokeStore {
  static PROTECTED_KEYS = PROTECTED_KEYS;
  #values;

  getContext() {
    return this.#values;
  }

  hasContext() {
    return this.#values !== undefined;
  }

  get(key) {
    return this.#values?.[key];
  }

  set(key, value) {
    if (Object.values(PROTECTED_KEYS).includes(key))
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    this.#values = { ...this.#values, [key]: value };
  }

  run(values, work) {
    this.#values = values;
    return work();
  }

  getRequestId() {
    return this.get(PROTECTED_KEYS.REQUEST_ID) ?? "-";
  }

  getXRayTraceId() {
    return this.get(PROTECTED_KEYS.X_RAY_TRACE_ID);
  }

  getTenantId() {
    return this.get(PROTECTED_KEYS.TENANT_ID);
  }
}

exports.openInvokeStore = () => {
  const store = new InvokeStore();
  const begin = ({ requestId, traceId }) =>
    store.run({ [PROTECTED_KEYS.REQUEST_ID]: requestId, [PROTECTED_KEYS.X_RAY_TRACE_ID]: traceId }, () => undefined);
  return { store, begin };
};
