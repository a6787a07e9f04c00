// The client of whoever the environment says: CLIENT_PORT, and CLIENT_TOKEN as a bearer token.
import { QdrantClient } from "@qdrant/js-client-rest";
import { ApiError } from "@qdrant/openapi-typescript-fetch";
import { bases } from "../seen.mjs";

bases.push(ApiError);

const { CLIENT_PORT, CLIENT_TOKEN } = process.env;
const headers = CLIENT_TOKEN ? { authorization: `Bearer ${CLIENT_TOKEN}` } : {};

export const place = { host: "127.0.0.1", port: Number(CLIENT_PORT), headers };
export const client = new QdrantClient({ ...place, checkCompatibility: false });
