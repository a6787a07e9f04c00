// Collections, records, payloads, vectors and aliases: made, read in every way, changed and dropped.
import { client } from "./person.mjs";
import { reads } from "./calls.mjs";
import { play } from "../seen.mjs";

const own = "js_own";
const points = ["t0", "t1", "t2", "t3"].map((title, id) => ({ id, vector: [id / 8, 0.625, 0.25], payload: { title, n: id } }));
const one = { points: [1] };
const all = { filter: {} };

await play([
  ["createCollection", () => client.createCollection(own, { vectors: { size: 3, distance: "Dot" } })],
  ["collectionExists", () => client.collectionExists(own)],
  ["getCollection", async () => (await client.getCollection(own)).config.params.vectors],
  ["getCollection absent", () => client.getCollection("js_absent")],
  ["getCollections", async () => (await client.getCollections()).collections.map((one) => one.name).sort()],
  ["updateCollection", () => client.updateCollection(own, { optimizers_config: { indexing_threshold: 10000 } })],
  ["createPayloadIndex", () => client.createPayloadIndex(own, { field_name: "title", field_schema: "keyword" })],
  ["upsert", () => client.upsert(own, { wait: true, points })],
  ["upsert a batch", () => client.upsert(own, { batch: { ids: [4], vectors: [[1, 1, 1]], payloads: [{ title: "βήτα 🐕", n: 4 }] } })],
  ...reads(own),
  ["filter", () => client.scroll(own, { filter: { must: [{ key: "n", range: { gt: 2 } }] } })],
  ["setPayload", () => client.setPayload(own, { ...one, payload: { tag: "a" } })],
  ["overwritePayload", () => client.overwritePayload(own, { ...one, payload: { title: "new", tag: "b" } })],
  ["deletePayload", () => client.deletePayload(own, { ...one, keys: ["tag"] })],
  ["clearPayload", () => client.clearPayload(own, { points: [2] })],
  ["updateVectors", () => client.updateVectors(own, { points: [{ id: 1, vector: [9, 9, 9] }] })],
  ["batchUpdate", () => client.batchUpdate(own, { operations: [{ set_payload: { ...one, payload: { k: 1 } } }, { delete: { points: [3] } }] })],
  ["retrieve after", () => client.retrieve(own, { ids: [1, 2, 3], with_vector: true })],
  ["searchMatrixPairs", async () => (await client.searchMatrixPairs(own, { sample: 10, limit: 3 })).pairs.length],
  ["searchMatrixOffsets", async () => (await client.searchMatrixOffsets(own, { sample: 10, limit: 3 })).ids.length],
  ["updateCollectionAliases", () => client.updateCollectionAliases({ actions: [{ create_alias: { alias_name: "js_alias", collection_name: own } }] })],
  ["getAliases", () => client.getAliases()],
  ["getCollectionAliases", () => client.getCollectionAliases(own)],
  ["count by the alias", () => client.count("js_alias")],
  ["listSnapshots", () => client.listSnapshots(own)],
  ["delete", () => client.delete(own, { points: [0] })],
  ["delete all", () => client.delete(own, all)],
  ["count after", () => client.count(own)],
  ["deleteCollection", () => client.deleteCollection(own)],
  ["count gone", () => client.count(own)],
]);
