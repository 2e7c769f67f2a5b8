/** AWS_LAMBDA_EXEC_WRAPPER: the script that is given the runtime's own command to start ("Modifying the runtime environment", Lambda Developer Guide). */
"use strict";
const fs = require("node:fs");

const NAME = "AWS_LAMBDA_EXEC_WRAPPER";

/** In the words of Lambda's own bootstrap, with its exit status; null when there is no wrapper or it can be run. */
exports.wrapperFault = (env) => {
  const wrapper = env[NAME] ?? "";
  if (wrapper === "") return null;
  if (fs.statSync(wrapper, { throwIfNoEntry: false })?.isFile() !== true)
    return { text: `${wrapper}: does not exist`, status: 127 };
  try {
    fs.accessSync(wrapper, fs.constants.X_OK);
    return null;
  } catch {
    return { text: `${wrapper}: is not an executable`, status: 126 };
  }
};

exports.wrapped = (env, command) => ((env[NAME] ?? "") === "" ? command : [env[NAME], ...command]);
