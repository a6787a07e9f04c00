// What a reader sees of records that are masked, and what they may not do.
import { client } from "./person.mjs";
import { reads } from "./calls.mjs";
import { play } from "../seen.mjs";

const masked = { must: [{ key: "ssn", match: { value: "900-1" } }] };
const point = { id: 9, vector: [1, 2, 3], payload: {} };
await play([
  ...reads("kb_docs"),
  ["another collection", () => client.scroll("secret")],
  ["filter masked", () => client.scroll("kb_docs", { filter: masked })],
  ["filter masked, nested", () => client.count("kb_docs", { filter: { must_not: [{ should: [masked] }] } })],
  ["search masked", () => client.search("kb_docs", { vector: [1, 2, 3], filter: masked })],
  ["group by masked", () => client.queryGroups("kb_docs", { query: [1, 2, 3], group_by: "ssn" })],
  ["facet masked", () => client.facet("kb_docs", { key: "ssn" })],
  ["order by masked", () => client.scroll("kb_docs", { order_by: "ssn" })],
  ["threshold", () => client.search("kb_docs", { vector: [1, 2, 3], score_threshold: 0.5 })],
  ["matrix", () => client.searchMatrixPairs("kb_docs", { sample: 5, limit: 2 })],
  ["upsert", () => client.upsert("kb_docs", { points: [point] })],
  ["setPayload", () => client.setPayload("kb_docs", { payload: { title: "x" }, points: [1] })],
  ["delete", () => client.delete("kb_docs", { points: [1] })],
  ["delete all", () => client.delete("kb_docs", { filter: {} })],
  ["drop", () => client.deleteCollection("kb_docs")],
  ["create", () => client.createCollection("kb_new", { vectors: { size: 3, distance: "Dot" } })],
  ["alias", () => client.updateCollectionAliases({ actions: [{ create_alias: { alias_name: "kb_x", collection_name: "secret" } }] })],
  ["snapshots", () => client.listFullSnapshots()],
]);
