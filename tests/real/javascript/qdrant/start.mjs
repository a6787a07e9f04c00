// How a client starts: it asks what it talks to, and warns of what it does not know; then it looks what there is.
import { QdrantClient } from "@qdrant/js-client-rest";
import { place } from "./person.mjs";
import { play } from "../seen.mjs";

const warnings = [];
console.warn = (text) => warnings.push(text);
const client = new QdrantClient(place);
await play([
  ["versionInfo", async () => (await client.versionInfo()).version],
  ["collections", async () => (await client.getCollections()).collections.map((one) => one.name).sort()],
  ["exists", async () => (await client.collectionExists("kb_docs")).exists],
  ["count", async () => (await client.count("kb_docs")).count],
  ["warnings", () => warnings],
]);
