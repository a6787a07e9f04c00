// The client of whoever the environment says: CHROMA_PORT, and CHROMA_TOKEN in the header that CHROMA_HEADER names.
import { AdminClient, ChromaClient } from "chromadb";

const { CHROMA_PORT, CHROMA_TOKEN, CHROMA_HEADER = "authorization" } = process.env;
const value = CHROMA_HEADER === "authorization" ? `Bearer ${CHROMA_TOKEN}` : CHROMA_TOKEN;
const place = { host: "127.0.0.1", port: Number(CHROMA_PORT), headers: CHROMA_TOKEN ? { [CHROMA_HEADER]: value } : {} };

export const client = new ChromaClient(place);
export const admin = new AdminClient(place);
export const open = (name) => client.getCollection({ name, embeddingFunction: null });
