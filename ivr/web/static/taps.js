// Taps on their way to the server: kept through reloads until they have arrived, and delivered once.
// The turn a tap was made for is in its address, so the server takes a second delivery for what it is.
import { remember, remembered } from "./storage.js";

const NAME = "duet.taps";
const PATIENCE = 10000; // milliseconds for one attempt: slow networks answer within, dead connections never do
const LONGEST_PAUSE = 8000;

const queue = []; // taps to deliver, in the order they were made; a later one for the same address takes the earlier's place
let failed = false; // the first of them, and it is tried again
let skipPause = () => {};

/** Whether a tap for the same turn is under way and nothing has gone wrong with it: then a further one is a double tap. */
export const busy = (action) => !failed && queue.some((tap) => tap.action === action);
export const pending = () => queue.length > 0;
export const failing = () => queue.length > 0 && failed;

/**
 * Deliver a tap: {owner, action, fields: [[name, value]…]}. `lost()` is told of the first failure.
 * Resolves once nothing is left to deliver, with the last {reply, html} and all taps that have arrived; with null if another
 * delivery under way has taken this one over.
 */
export async function deliver(tap, lost) {
  const same = queue.findIndex((each) => each.action === tap.action);
  queue.splice(same < 0 ? queue.length : same, 1, tap);
  keep();
  if (queue.length > 1 || same >= 0) { skipPause(); return null; }
  const taps = [];
  let answer = null;
  for (let pause = 500; queue.length;) {
    const [sent] = queue;
    const reply = await attempt(sent);
    if (!reply) {
      const first = !failed;
      failed = true;
      if (first) lost();
      await new Promise((resolve) => { skipPause = resolve; setTimeout(resolve, pause); });
      pause = Math.min(pause * 2, LONGEST_PAUSE);
      continue;
    }
    failed = false;
    pause = 500;
    if (sent !== queue[0]) continue; // another answer has taken its place meanwhile
    queue.shift();
    keep();
    answer = reply;
    taps.push(sent);
  }
  return { ...answer, taps };
}

/** A PIN is never kept. */
function keep() {
  const kept = queue.filter((tap) => !tap.fields.some(([name]) => name === "secret"));
  remember(NAME, kept.length ? kept : null);
}

async function attempt(tap) {
  try {
    const body = new URLSearchParams(tap.fields);
    const reply = await fetch(tap.action, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE) });
    return reply.status < 500 ? { reply, html: await reply.text() } : null;
  } catch {
    return null;
  }
}

/** The taps that an earlier life of this tab could not deliver and that were made by the same `owner`. */
export function leftOver(owner) {
  const taps = (remembered(NAME) ?? []).filter((tap) => tap.owner === owner);
  remember(NAME, null);
  return taps;
}

// The network is back, or somebody looks again: try at once.
addEventListener("online", () => skipPause());
document.addEventListener("visibilitychange", () => { if (!document.hidden) skipPause(); });
