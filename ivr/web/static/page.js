// The caller's page: draws what the server draws, sends taps. It holds no state of the call.
import { carryOver, forgetDraft, keepDraft, restoreDraft } from "./drafts.js";
import { listen } from "./live.js";
import { keepSetting, remember, setting } from "./storage.js";
import { busy, deliver, failing, leftOver, pending } from "./taps.js";

const LOOK_PATIENCE = 10000; // milliseconds for one drawing
const LOOK_AGAIN = 2000;
const status = document.getElementById("status");
const heard = document.getElementById("heard");
const line = document.getElementById("line");
const lineText = line?.textContent ?? "";
const screen = () => document.getElementById("screen");
const revision = () => Number(screen().dataset.revision || 0);
const owner = () => screen().querySelector("[name=form_token]")?.value ?? "";

let missed = 0; // newest number announced while a tap was under way
let connection = null;

function lineState(state) {
  if (line.dataset.state === "over") return;
  if (state === "live" && failing()) return; // one connection stands, but a tap has not got through yet
  if (state === "live" && status.textContent === status.dataset.unsent) status.textContent = status.dataset.back;
  line.dataset.state = state;
  line.textContent = state === "lost" ? line.dataset.lost : lineText;
}

/** How the element with the focus is found again in another drawing of the same question. */
function sameElement(active, next) {
  if (active.id) return next.querySelector(`#${CSS.escape(active.id)}`);
  if (active.name) return next.querySelector(`[name="${CSS.escape(active.name)}"][value="${CSS.escape(active.value)}"]`);
  return null;
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
  const active = document.activeElement;
  const hadFocus = now.contains(active);
  const selection = hadFocus && active.matches("input, textarea") ? [active.selectionStart, active.selectionEnd] : null;
  const keeps = sameQuestion && !now.dataset.sent;
  const between = next.dataset.step === now.dataset.step && [now, next].find((each) => each.dataset.kind === "confirmation");
  if (keeps) carryOver(now, next);
  else if (between === now) restoreDraft(next, owner()); // an answer of the form was read back meanwhile
  else if (between !== next) forgetDraft();
  dress(next);
  count(next, next.dataset.turn === now.dataset.turn ? now : null);
  now.replaceWith(next);
  const again = hadFocus && (keeps || active.closest(".comfort") || active.matches("button")) && (sameQuestion || active.closest(".comfort"))
    ? sameElement(active, next) : null;
  const field = next.querySelector(".field");
  const wrong = next.querySelector("[aria-invalid]");
  if (wrong) {
    wrong.focus(); // what has to be mended first
  } else if (again) {
    again.focus({ preventScroll: true });
    if (selection && selection[0] !== null && again.setSelectionRange) again.setSelectionRange(...selection);
  } else if (hadFocus && field && !matchMedia("(pointer: coarse)").matches) {
    field.focus({ preventScroll: true }); // whoever answers by keyboard goes on typing
  } else if (hadFocus) {
    next.focus({ preventScroll: true }); // what had the focus is gone: go on from the top of the new screen
  }
  if (next.dataset.turn !== now.dataset.turn) {
    if (!again) scrollTo({ top: 0 });
    announce(next);
  } else {
    const known = news(now);
    const fresh = news(next).filter((each) => !known.includes(each)); // a card, or who looks, came without a new question
    if (fresh.length) status.textContent = fresh.join(" ");
  }
  if (next.dataset.kind === "ended") over();
}

const news = (main) => [...main.querySelectorAll("[data-news]")].map((each) => each.dataset.news);

/** One short, polite message a turn; what the phone says is read out only where the caller asked for it. */
function announce(next) {
  const captions = [...next.querySelectorAll(".captions p")].map((each) => each.textContent);
  const asked = next.querySelector("[data-announce]")?.textContent ?? "";
  heard.textContent = setting("duet.aloud") ? captions.join(" ") : "";
  status.textContent = setting("duet.aloud") && captions.includes(asked) ? "" : asked;
}

/** How long there is to say something; another drawing of the same question goes on where the one before it was. */
function count(drawn, before = null) {
  const bar = drawn.querySelector("[data-seconds]");
  if (!bar) return;
  const going = before?.querySelector(".seconds i")?.getAnimations?.()[0];
  const spent = going ? going.currentTime - going.effect.getTiming().delay : 0;
  bar.style.setProperty("--seconds", `${bar.dataset.seconds}s`);
  bar.style.setProperty("--spent", `${-spent}ms`);
}

/** What only this device knows: whether captions are read out. */
function dress(drawn) {
  const aloud = setting("duet.aloud") === true;
  heard.setAttribute("aria-live", aloud ? "polite" : "off");
  const toggle = drawn.querySelector("#aloud");
  if (!toggle) return;
  toggle.hidden = false;
  toggle.setAttribute("aria-pressed", String(aloud));
  tell(drawn);
}

/** The call must know that a screen reader talks in the room: it says nothing against the caller's own voice then. */
let telling = false;
async function tell(drawn) {
  const on = setting("duet.aloud") === true ? "yes" : "no";
  const token = drawn.querySelector("[name=form_token]")?.value;
  if (telling || !token || drawn.dataset.aloud === on) return;
  telling = true;
  const said = new URLSearchParams({ form_token: token, revision: drawn.dataset.revision, on });
  try {
    await fetch("/v/call/aloud", { method: "POST", body: said, signal: AbortSignal.timeout(LOOK_PATIENCE) });
  } catch { /* told with the next drawing */ }
  telling = false;
}

function over() {
  line.dataset.state = "over";
  line.textContent = "";
  document.querySelector(".languages")?.remove();
  forgetDraft();
  connection?.stop();
}

let looking = null;
/**
 * Draw the present. One request at a time; a wake-up during one asks once more afterwards; a failure is made good.
 * While an answer is on its way, the number of a wake-up is noted: what comes back may be older than that.
 */
function look(number = Infinity) {
  if (pending()) { missed = Math.max(missed, number); return null; }
  looking ??= fetch("/v/call?fragment=1", { cache: "no-store", signal: AbortSignal.timeout(LOOK_PATIENCE) })
    .then(async (reply) => {
      if (reply.status >= 500) throw new Error(reply.statusText);
      if (reply.ok || reply.status === 410) swap(await reply.text());
      lineState("live");
    })
    .catch(() => { lineState("lost"); setTimeout(look, LOOK_AGAIN); })
    .finally(() => { looking = null; });
  return looking;
}
async function wake(number) {
  await looking;
  await look(number);
}

async function send(tap) {
  const delivered = await deliver(tap, () => {
    lineState("lost");
    status.textContent = status.dataset.unsent;
  });
  if (!delivered) return;
  const { reply, html, taps } = delivered;
  lineState("live");
  if (reply.status === 403) return location.reload();
  if (reply.ok && taps.some((tap) => /\/\d+$/.test(tap.action))) screen().dataset.sent = "yes";
  swap(html, true);
  document.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"));
  const newest = missed;
  missed = 0;
  if (newest > revision()) look();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!screen().contains(form)) return;
  event.preventDefault();
  const action = form.getAttribute("action");
  if (busy(action)) return;
  const fields = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) fields.set(event.submitter.name, event.submitter.value);
  document.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"));
  event.submitter?.setAttribute("aria-busy", "true");
  send({ owner: owner(), action, fields: [...fields] });
});

document.addEventListener("input", (event) => {
  if (screen().contains(event.target)) keepDraft(screen(), owner());
});

document.addEventListener("click", (event) => {
  if (event.target.closest("#aloud")) {
    keepSetting("duet.aloud", setting("duet.aloud") ? null : true);
    dress(screen());
    announce(screen());
  }
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

if (screen()) { // whole.js knows then that nothing was lost on the way, else it fetches the page again
  dress(screen());
  count(screen());
  restoreDraft(screen(), owner());
  document.documentElement.dataset.works = "yes";
  remember("duet.tried", null);
}
if (screen()?.dataset.kind === "ended") over();
else if (screen()) {
  connection = listen({ events: "/v/call/events", changes: "/v/call/changes" }, revision, wake, lineState);
  leftOver(owner()).forEach(send);
}
