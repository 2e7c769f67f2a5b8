/** The example as a web server in a container: GET /users/{id}, and /healthz for probes. */
import { createServer } from "node:http";
import { findUser } from "./users.mjs";

const server = createServer(async (request, response) => {
  const path = new URL(request.url, "http://server").pathname;
  if (path === "/healthz") return answer(response, 200, { ok: true });
  const id = /^\/users\/([^/]+)$/.exec(path)?.[1];
  if (id === undefined) return answer(response, 404, { message: "no such page" });
  try {
    const user = await findUser(decodeURIComponent(id));
    return user === null ? answer(response, 404, { message: "no such user" }) : answer(response, 200, user);
  } catch (error) {
    console.error(error);
    return answer(response, 500, { message: "the table could not be read" });
  }
});

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.PORT ?? 8080));

// Kubernetes sends SIGTERM while the last requests are still on their way: serve them, then go.
process.on("SIGTERM", () => {
  setTimeout(() => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  }, 2_000);
});
