// What a reader sees of records that are masked, and what they may not do.
import { client, admin, open } from "./person.mjs";
import { play } from "./seen.mjs";

let docs;
await play([
  ["identity", () => client.getUserIdentity()],
  ["list", async () => (await client.listCollections()).map((one) => one.name)],
  ["open", async () => (docs = await open("kb_docs"))],
  ["get", () => docs.get({ include: ["embeddings", "documents", "metadatas"] })],
  ["peek", () => docs.peek({})],
  ["query", () => docs.query({ queryEmbeddings: [[0, 1, 0]], nResults: 2, include: ["embeddings", "metadatas", "distances"] })],
  ["filter masked", () => docs.get({ where: { ssn: "900-11-1111" } })],
  ["open hidden", () => open("hr_secret")],
  ["open absent", () => open("kb_absent")],
  ["add", () => docs.add({ ids: ["z"], embeddings: [[1, 2, 3]] })],
  ["delete", () => docs.delete({ ids: ["a"] })],
  ["drop", () => client.deleteCollection({ name: "kb_docs" })],
  ["create", () => client.createCollection({ name: "kb_new", embeddingFunction: null })],
  ["database", () => admin.createDatabase({ name: "mine", tenant: "default_tenant" })],
  ["reset", () => client.reset()],
]);
