// How far listening to the caller's voice has come. It is no turn of the call, so nothing is announced: the page asks,
// once a second and only while it shows that somebody listens and somebody looks.
const EVERY_MILLISECONDS = 1000;

async function ask() {
  const spot = document.querySelector("[data-heard]");
  if (!spot || document.hidden) return;
  try {
    const reply = await fetch("/v/call/heard", { cache: "no-store" });
    if (!reply.ok) return;
    const heard = await reply.json();
    if (!heard.words) return;
    spot.querySelector("span").textContent = heard.words;
    const bar = spot.querySelector("progress");
    bar.max = heard.needed;
    bar.value = heard.seconds;
  } catch { /* no network: the page says so elsewhere */ }
}

setInterval(ask, EVERY_MILLISECONDS);
