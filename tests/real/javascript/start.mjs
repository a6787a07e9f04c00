// How a client starts: it finds out who it is, what there is, and opens a collection.
import { client, open } from "./person.mjs";
import { play } from "./seen.mjs";

await play([
  ["heartbeat", async () => typeof (await client.heartbeat())],
  ["identity", () => client.getUserIdentity()],
  ["list", async () => (await client.listCollections()).length],
  ["open", async () => (await open("kb_docs")).count()],
]);
