// The page that was begun before the call: looks every few seconds, while it is seen, whether the call has come.
const SECONDS = 3;
const screen = () => document.getElementById("screen");
const status = document.getElementById("status");

async function look() {
  if (document.hidden || screen().dataset.state !== "waiting") return;
  try {
    const reply = await fetch(location.href, { cache: "no-store" });
    if (!reply.ok && reply.status !== 410) return;
    const next = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("screen");
    if (!next || next.dataset.state === screen().dataset.state) return;
    screen().replaceWith(next);
    status.textContent = next.querySelector("[data-announce]")?.textContent ?? "";
    next.focus({ preventScroll: true });
  } catch {
    // No network now; the next look asks again.
  }
}

// At a desk nobody can tap the number: show what a telephone's camera reads.
const scan = document.querySelector("details.scan");
if (scan && matchMedia("(pointer: fine)").matches) scan.open = true;

setInterval(look, SECONDS * 1000);
document.addEventListener("visibilitychange", look);
