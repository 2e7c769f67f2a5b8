/** How a child ended as one number, as shells say it: the exit code, or 128 and the signal. */
"use strict";
const os = require("node:os");

exports.statusOf = (code, signal) => (signal === null ? (code ?? 1) : 128 + (os.constants.signals[signal] ?? 0));
