/** The business of the example: reads one user from a table, through the stock AWS SDK. Knows neither hull. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";

const table = process.env.USERS_TABLE ?? "users";
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** The user, or null when there is none. */
export async function findUser(id) {
  const { Item } = await documents.send(new GetCommand({ TableName: table, Key: { id } }));
  return Item ?? null;
}
