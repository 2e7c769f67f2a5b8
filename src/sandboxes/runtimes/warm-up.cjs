/** A function that the agent runs once before it has one of its own: what V8 compiles for it is compiled for everybody after. */
"use strict";

exports.handler = async (event, context) => {
  console.log("warm", { event }, context.awsRequestId);
  return { statusCode: 200, body: JSON.stringify(event) };
};
