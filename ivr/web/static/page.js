// The caller's page: draws what the server draws, sends taps. It holds no state of the call.
import { listen } from "./live.js";

const status = document.getElementById("status");
const line = document.getElementById("line");
const lineText = line.textContent;
const screen = () => document.getElementById("screen");
const revision = () => Number(screen().dataset.revision || 0);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let sending = null; // the tap under way
let missed = false; // something new was announced while a tap was under way
let connection = null;

function lineState(state) {
  if (line.dataset.state === "over") return;
  line.dataset.state = state;
  line.textContent = state === "lost" ? line.dataset.lost : lineText;
}

/** Put the drawn screen in place of the present one; what was typed for the same question, and the focus, stay. */
function swap(html, force = false) {
  const next = new DOMParser().parseFromString(html, "text/html").getElementById("screen");
  const now = screen();
  if (!next) return;
  if (next.lang && next.lang !== document.documentElement.lang) { location.reload(); return; } // the bar changes too
  const newer = Number(next.dataset.revision || 0) >= Number(now.dataset.revision || 0);
  if (!newer && !force && next.dataset.kind !== "ended") return;
  const sameQuestion = next.dataset.step === now.dataset.step && next.dataset.kind === now.dataset.kind;
  const typed = now.querySelector(".field");
  const field = next.querySelector(".field");
  const active = document.activeElement;
  const key = now.contains(active) && active.matches("button[name=keys]") ? active.value : null;
  now.replaceWith(next);
  if (sameQuestion && typed && field && !now.dataset.sent) {
    field.value = typed.value;
    if (active === typed) {
      field.focus({ preventScroll: true });
      if (typed.selectionStart !== null) field.setSelectionRange(typed.selectionStart, typed.selectionEnd);
    }
  } else if (sameQuestion && key) {
    next.querySelector(`button[name=keys][value="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  } else if (field && !matchMedia("(pointer: coarse)").matches) {
    field.focus({ preventScroll: true });
  } else if (now.contains(active)) {
    next.focus({ preventScroll: true }); // what had the focus is gone: go on from the top of the new screen
  }
  if (next.dataset.turn !== now.dataset.turn) {
    scrollTo({ top: 0 });
    status.textContent = next.querySelector("[data-announce]")?.textContent ?? "";
  }
  if (next.dataset.kind === "ended") over();
}

function over() {
  line.dataset.state = "over";
  line.textContent = "";
  document.querySelector(".languages")?.remove();
  connection?.stop();
}

let looking = null;
/** Draw the present. One request at a time; a wake-up during one asks once more afterwards. */
function look() {
  if (sending) { missed = true; return sending; }
  looking ??= fetch("/v/call?fragment=1", { cache: "no-store" })
    .then(async (reply) => { if (reply.ok || reply.status === 410) swap(await reply.text()); })
    .catch(() => lineState("lost"))
    .finally(() => { looking = null; });
  return looking;
}
async function wake() {
  await looking;
  await look();
}

/** Send a tap until it has arrived. Its turn is in the address, so a second delivery changes nothing. */
async function send(action, fields) {
  for (let wait = 500, again = false; ; wait = Math.min(wait * 2, 8000), again = true) {
    try {
      const reply = await fetch(action, { method: "POST", body: fields });
      if (reply.status < 500) return { reply, again };
    } catch {
      lineState("lost");
      status.textContent = line.dataset.unsent;
    }
    await pause(wait);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!screen().contains(form)) return;
  event.preventDefault();
  if (sending) return;
  const fields = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) fields.set(event.submitter.name, event.submitter.value);
  event.submitter?.setAttribute("aria-busy", "true");
  const before = revision();
  sending = send(form.getAttribute("action"), fields)
    .then(async ({ reply, again }) => {
      if (reply.ok) screen().dataset.sent = "yes";
      const html = await reply.text();
      sending = null;
      if (reply.status === 403) location.reload();
      else swap(html, true);
      if (again) document.querySelector(".notice")?.remove(); // it was perhaps this very tap that moved the call
    })
    .finally(() => {
      sending = null;
      lineState("live");
      document.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"));
      if (missed && revision() === before) look();
      missed = false;
    });
});

const counted = (number, digits) => number.toLocaleString(document.documentElement.lang, { minimumIntegerDigits: digits });

// Seconds in the queue go on between two drawings.
setInterval(() => {
  document.querySelectorAll("time[data-since]").forEach((time) => {
    const seconds = Number(time.dataset.since) + 1;
    time.dataset.since = seconds;
    time.textContent = `${counted(Math.floor(seconds / 60), 1)}:${counted(seconds % 60, 2)}`;
  });
}, 1000);

if (screen().dataset.kind === "ended") over();
else connection = listen({ events: "/v/call/events", changes: "/v/call/changes" }, revision, wake, lineState);
