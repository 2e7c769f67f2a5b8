/** Shows each invocation's X-Ray header as process.env._X_AMZN_TRACE_ID without writing it into the C environment. */
"use strict";

const NAME = "_X_AMZN_TRACE_ID";

/** Of the invocation that runs. */
const trace = { id: "" };

/**
 * glibc keeps every value that setenv was ever given: 250,000 invocations would fill 60 MB. So the value comes from
 * here when it is read, by name, by spreading or by a child process.
 */
function showTrace() {
  const real = process.env;
  real[NAME] = "";
  const isOurs = (name) => name === NAME && real[NAME] === "";
  process.env = new Proxy(real, {
    get: (env, name) => (isOurs(name) ? trace.id : env[name]),
    getOwnPropertyDescriptor(env, name) {
      const found = Reflect.getOwnPropertyDescriptor(env, name);
      return isOurs(name) ? { ...found, value: trace.id } : found;
    },
    // The environment refuses receivers other than itself.
    set: (env, name, value) => {
      env[name] = value;
      return true;
    },
  });
}

module.exports = { trace, showTrace };
