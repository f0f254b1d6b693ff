// Waking a page up: server-sent events, long-polling where they do not get through. A push carries no data.

const POLL_SECONDS = 25;
const SILENCE = 40000; // milliseconds: two heartbeats and a half; a connection may die without a word
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Calls `wake(number)` whenever the number behind `urls` moved past `after()`, and `state("live" | "lost")` as the line comes and goes.
 * urls: { events, changes } - `changes` may be missing. Returns { stop, again }.
 */
export function listen(urls, after, wake, state) {
  let source = null;
  let polling = false;
  let stopped = false;
  let failures = 0;
  let silence = 0;

  function alive() {
    clearTimeout(silence);
    silence = setTimeout(() => { if (!stopped && !polling) { state("lost"); wake(); open(); } }, SILENCE);
  }

  function open() {
    if (stopped || polling) return;
    source?.close();
    source = new EventSource(`${urls.events}?after=${after()}`);
    alive();
    source.onopen = () => { failures = 0; alive(); state("live"); };
    source.addEventListener("beat", alive);
    source.onmessage = (event) => { alive(); wake(Number(event.lastEventId)); };
    source.onerror = () => {
      state("lost");
      failures += 1;
      if (failures >= 3 && urls.changes) { source.close(); poll(); }
      else if (source.readyState === EventSource.CLOSED) { wake(); setTimeout(open, 1000 * Math.min(failures, 10)); }
    };
  }

  async function poll() {
    polling = true;
    while (!stopped) {
      try {
        const reply = await fetch(`${urls.changes}?after=${after()}&wait=${POLL_SECONDS}`, { cache: "no-store", signal: AbortSignal.timeout(SILENCE) });
        if (reply.status === 410 || reply.status === 403) { wake(); return; }
        if (!reply.ok) throw new Error(reply.statusText);
        state("live");
        const number = Number(await reply.text());
        if (number > after()) await wake(number);
      } catch {
        state("lost");
        await pause(2000);
      }
    }
  }

  function again() {
    if (stopped) return;
    wake();
    if (!polling && source?.readyState !== EventSource.OPEN) open();
  }

  // A background tab is put to sleep by phones: look at the present as soon as it is back.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) again(); });
  addEventListener("online", again);
  addEventListener("pageshow", (event) => { if (event.persisted) again(); });
  open();
  return { again, stop() { stopped = true; clearTimeout(silence); source?.close(); } };
}
