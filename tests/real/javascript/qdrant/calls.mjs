// Every call that reads records, with vectors and payloads, however it is spelled.
import { client } from "./person.mjs";

const vector = [0.1, 0.5, 0.25];
const shown = { with_payload: true, with_vector: true, limit: 3 };
const grouping = { ...shown, group_by: "title", group_size: 1 };

export const reads = (name) => [
  ["retrieve", () => client.retrieve(name, { ids: [1, 2], with_payload: true, with_vector: true })],
  ["scroll", () => client.scroll(name, shown)],
  ["scroll on", () => client.scroll(name, { ...shown, offset: 3 })],
  ["query", () => client.query(name, { ...shown, query: vector })],
  ["query by id", () => client.query(name, { ...shown, query: 1 })],
  ["query nothing", () => client.query(name, shown)],
  ["queryBatch", () => client.queryBatch(name, { searches: [{ ...shown, query: vector }, { ...shown, query: 2 }] })],
  ["queryGroups", () => client.queryGroups(name, { ...grouping, query: vector })],
  ["queryGroups with lookup", () => client.queryGroups(name, { ...grouping, query: vector, with_lookup: name })],
  ["search", () => client.search(name, { ...shown, vector })],
  ["searchBatch", () => client.searchBatch(name, { searches: [{ ...shown, vector }] })],
  ["searchPointGroups", () => client.searchPointGroups(name, { ...grouping, vector })],
  ["recommend", () => client.recommend(name, { ...shown, positive: [1], negative: [2] })],
  ["recommendPointGroups", () => client.recommendPointGroups(name, { ...grouping, positive: [1] })],
  ["count", () => client.count(name)],
  ["facet", () => client.facet(name, { key: "title" })],
];
