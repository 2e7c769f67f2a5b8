/** The example as a Lambda function behind an HTTP API: GET /users/{id}. */
import { findUser } from "./users.mjs";

export async function handler(event) {
  const user = await findUser(event.pathParameters.id);
  return user === null ? answer(404, { message: "no such user" }) : answer(200, user);
}

function answer(statusCode, body) {
  return { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
