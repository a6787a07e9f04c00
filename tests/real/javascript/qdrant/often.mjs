// Counts until something stops it.
import { client } from "./person.mjs";
import { attempt, play } from "../seen.mjs";

let last;
for (let calls = 0; calls < 30 && (last = await attempt(() => client.count("kb_docs"))).count === 5; calls++);
await play([["last", () => last]]);
