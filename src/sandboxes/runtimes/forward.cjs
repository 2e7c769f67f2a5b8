/** The one way out of a sandbox: a local port that carries the AWS endpoint over the socket that was mounted into it. */
"use strict";
const net = require("node:net");

/** Calls `ready` once the port listens, or at once where the endpoint is reached directly. */
exports.forwardAws = (options, ready) => {
  if (options.awsSocket === undefined) return ready();
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const out = net.connect({ path: options.awsSocket, allowHalfOpen: true });
    client.pipe(out);
    out.pipe(client);
    // A kept connection of the function's SDK is idle, and its other end here must not keep the event loop alive either.
    client.unref();
    out.unref();
    client.on("error", () => out.destroy());
    out.on("error", () => client.destroy());
  });
  server.listen(options.awsPort, "127.0.0.1", ready);
  // A handler that has ended must be able to let its process end.
  server.unref();
};
