// What a call gives, or the error that it raises, as JSON: with the class that a program would catch, and what its own
// error says beside its text.
const uuid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;

// Classes that a program would catch by their base: raised are nameless ones made of them.
export const bases = [];

export async function attempt(call) {
  try {
    return plain(await call());
  } catch (error) {
    const text = error.message.replace(uuid, "<uuid>").replace(/127\.0\.0\.1:\d+/, "<address>");
    const beside = Object.entries({ status: error.status, reason: error.data?.reason, after: error.retry_after });
    const raised = (bases.find((base) => error instanceof base) ?? error.constructor).name;
    return { raised, text, ...Object.fromEntries(beside.filter(([, value]) => value !== undefined)) };
  }
}

// Every call in order; prints one JSON document of name and outcome.
export async function play(calls) {
  const shown = [];
  for (const [name, call] of calls) shown.push([name, await attempt(call)]);
  console.log(JSON.stringify(shown));
}

function plain(value) {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return value.replace(uuid, "<uuid>");
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "function";
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return { [value.constructor.name]: Array.from(value) };
  if (typeof value.count === "function" && "metadata" in value) {
    const { name, metadata, configuration, tenant, database } = value;
    return { collection: plain({ name, metadata, configuration, tenant, database }) };
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
