// The desk: draws what the server draws, and says when a caller's card has really been on the screen.
import { listen } from "./live.js";

const status = document.getElementById("status");
const desk = () => document.getElementById("desk");
let number = 0;
let shown = "";

function swap(html) {
  const next = new DOMParser().parseFromString(html, "text/html").getElementById("desk");
  if (!next) return location.reload(); // signed out
  const now = desk();
  const active = document.activeElement?.id;
  const same = next.dataset.reservation === now.dataset.reservation;
  now.replaceWith(next);
  if (same) {
    for (const id of ["disposition", "note", "card"]) {
      const [before, after] = [now.querySelector(`#${id}`), next.querySelector(`#${id}`)];
      if (before && after) after.value = before.value;
    }
    if (active) document.getElementById(active)?.focus({ preventScroll: true });
  }
  if (!same || next.dataset.state !== now.dataset.state) {
    status.textContent = next.querySelector("[data-announce]")?.textContent ?? "";
  } else {
    const known = news(now);
    const fresh = news(next).filter((each) => !known.includes(each)); // what the caller answered, or stopped
    if (fresh.length) status.textContent = fresh.join(" ");
  }
  drawn();
}

const news = (drawn) => [...drawn.querySelectorAll("[data-news]")].map((each) => each.dataset.news);

/** The call may be connected only after its card was painted: two frames later it is. */
function drawn() {
  const form = document.getElementById("seen");
  if (!form || shown === form.action) return;
  shown = form.action;
  const told = () => fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => { shown = ""; });
  if (document.hidden) { shown = ""; return; }
  requestAnimationFrame(() => requestAnimationFrame(told));
}

let looking = Promise.resolve();
function wake(event) {
  if (event?.lastEventId) number = Number(event.lastEventId);
  looking = looking
    .then(() => fetch("/desk?fragment=1", { cache: "no-store" }))
    .then(async (reply) => { if (reply.ok) swap(await reply.text()); })
    .catch(() => { status.textContent = "No connection to the server."; });
  return looking;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.action.endsWith("/desk/sign-out")) return;
  event.preventDefault();
  event.submitter?.setAttribute("disabled", "");
  const body = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) body.set(event.submitter.name, event.submitter.value);
  try {
    const reply = await fetch(form.action, { method: "POST", body });
    if (reply.status === 403) location.reload();
    else swap(await reply.text());
  } catch {
    event.submitter?.removeAttribute("disabled");
    status.textContent = "No connection to the server. Please press again.";
  }
});

setInterval(() => {
  document.querySelectorAll("time[data-since]").forEach((time) => {
    const seconds = Number(time.dataset.since) + 1;
    time.dataset.since = seconds;
    time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  });
}, 1000);

drawn();
listen({ events: "/desk/events" }, () => number, wake, () => {});
