/** Cuts what a child's pipe carries into lines of bounded length; src/sandboxes/lines.ts does the same for what nobody of ours reads first. */
"use strict";
const { StringDecoder } = require("node:string_decoder");

// In UTF-16, so that a line is never longer than control takes.
const MAX_LINE = 80 * 1024;

exports.readLines = (pipe, take) => {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const give = (text) => {
    rest += text;
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const line of lines) take(line);
    for (; rest.length > MAX_LINE; rest = rest.slice(MAX_LINE)) take(rest.slice(0, MAX_LINE));
  };
  pipe.on("data", (bytes) => give(decoder.write(bytes)));
  pipe.on("end", () => {
    give(decoder.end());
    if (rest !== "") take(rest);
    rest = "";
  });
};
