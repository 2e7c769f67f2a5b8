/** Policies name API Gateway's actions by method and path. */
import assert from "node:assert/strict";
import test from "node:test";
import { withPathRights } from "./api-rights.ts";
import { getApis } from "./apigatewayv2/apis.ts";
import { updateRoute } from "./apigatewayv2/routes.ts";

const PLACE = { accountId: "000000000000", region: "us-east-1" };

test("an action's permission is its method, on its path with what the input names", () => {
  const change = withPathRights(updateRoute);
  assert.equal(change.permission, "PATCH");
  assert.deepEqual(change.resources?.({ ApiId: "a", RouteId: "r" }, PLACE), [
    "arn:aws:apigateway:us-east-1::/apis/a/routes/r",
  ]);
  const list = withPathRights(getApis);
  assert.deepEqual([list.permission, list.resources?.({}, PLACE)], ["GET", ["arn:aws:apigateway:us-east-1::/apis"]]);
});
