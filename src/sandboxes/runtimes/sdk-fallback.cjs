/** Where code does not lie below a folder with the AWS SDK (the process driver), imports that find nothing are tried from the runtime's own packages. */
"use strict";
const { registerHooks } = require("node:module");
const { pathToFileURL } = require("node:url");

exports.resolveFrom = (folder) => {
  const parentURL = pathToFileURL(`${folder}/`).href;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!specifier.startsWith("@aws-sdk/") && !specifier.startsWith("@smithy/")) throw error;
        return next(specifier, { ...context, parentURL });
      }
    },
  });
};
