// Taps on their way to the server: kept through reloads until they have arrived, and delivered once.
// The turn a tap was made for is in its address, so the server takes a second delivery for what it is.
import { remember, remembered } from "./storage.js";

const NAME = "duet.tap";
const PATIENCE = 10000; // milliseconds for one attempt: slow networks answer within, dead connections never do
const LONGEST_PAUSE = 8000;

let waiting = null; // the tap to deliver; a later one for the same screen takes its place
let failed = false; // and is tried again
let skipPause = () => {};

/** Whether a tap for the same turn is under way and nothing has gone wrong with it: then a further one is a double tap. */
export const busy = (action) => waiting !== null && !failed && waiting.action === action;
export const pending = () => waiting !== null;
export const failing = () => waiting !== null && failed;

/**
 * Deliver a tap: {owner, action, fields: [[name, value]…]}. `lost()` is told of the first failure.
 * Resolves with {reply, html, tap} of the last tap, or null if another delivery under way has taken this one over.
 */
export async function deliver(tap, lost) {
  const underWay = waiting !== null;
  waiting = tap;
  const secret = tap.fields.some(([name]) => name === "secret");
  remember(NAME, secret ? null : tap); // a PIN is never kept
  if (underWay) { skipPause(); return null; }
  for (let pause = 500; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const sent = waiting;
    const answer = await attempt(sent);
    if (answer && sent === waiting) {
      waiting = null;
      failed = false;
      remember(NAME, null);
      return { ...answer, tap: sent };
    }
    if (!answer) {
      const first = !failed;
      failed = true;
      if (first) lost();
      await new Promise((resolve) => { skipPause = resolve; setTimeout(resolve, pause); });
    }
  }
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

/** The tap that an earlier life of this tab could not deliver, if it was made by the same `owner`. */
export function leftOver(owner) {
  const tap = remembered(NAME);
  if (tap && tap.owner !== owner) remember(NAME, null);
  return tap && tap.owner === owner ? tap : null;
}

// The network is back, or somebody looks again: try at once.
addEventListener("online", () => skipPause());
document.addEventListener("visibilitychange", () => { if (!document.hidden) skipPause(); });
