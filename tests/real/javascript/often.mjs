// Counts until something stops it.
import { open } from "./person.mjs";
import { attempt, play } from "./seen.mjs";

const docs = await open("kb_docs");
let last;
for (let calls = 0; calls < 30 && typeof (last = await attempt(() => docs.count())) === "number"; calls++);
await play([["last", () => last]]);
