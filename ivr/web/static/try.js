// The three-pane page: one or two callers on the emulator, the desk beside them, the turns below.
import { newCaller } from "./caller.js";
import { listen } from "./live.js";
import { carrierVoice } from "./speaker.js";
import { moreLines, newest } from "./table.js";

const at = (id) => document.getElementById(id);
const { emulator, line, microphone, handsets } = at("try").dataset;
const STRANGER = { name: "A stranger", number: "+441632960999", customer_number: "", pin: "", enrolled: false };
const ROLES = ["all", "caller", "agent", "ops"];

const house = {
  emulator, line, microphone, handsets: handsets.split(" "),
  contacts: [STRANGER], voices: [], texts: new Map(), speaker: "",
  trouble: (text) => { at("trouble").textContent = text; },
  changed: () => { remember(); callers.forEach((caller) => caller.draw()); },
  ended: loadPeople, // a voice may have become known
};
const callers = [];

// -- what is shown; all of it is in the address, so that it can be passed on ---------------------------------------------

const asked = new URLSearchParams(location.search);
const role = () => document.body.dataset.role;
const nameOf = (contact) => contact.customer_number || "stranger";

function remember() {
  const words = new URLSearchParams();
  if (role() !== "all") words.set("role", role());
  callers.forEach((caller, index) => {
    if (caller.chosen()) words.set(index ? "second" : "caller", nameOf(caller.chosen()));
    if (caller.language()) words.set(index ? "second-language" : "language", caller.language());
  });
  if (house.contacts.length > 1) history.replaceState(null, "", `?${words}`); // before that the address knows more than we do
}

function show(which) {
  document.body.dataset.role = which;
  at("roles").querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.value === which)));
}
at("roles").onclick = (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  show(button.value);
  remember();
};

function addCaller(who, language) {
  const caller = newCaller(house, callers.length, () => callers);
  callers.push(caller);
  at("try").insertBefore(caller.root, document.querySelector(".agent"));
  at("try").dataset.callers = callers.length;
  caller.choose(who, language);
}

at("second").onclick = () => {
  if (callers.length > 1) callers.pop().leave();
  else addCaller("", "");
  at("try").dataset.callers = callers.length;
  at("second").setAttribute("aria-pressed", String(callers.length > 1));
  house.changed();
};

// -- who there is --------------------------------------------------------------------------------------------------------

async function loadPeople() {
  try {
    const replies = await Promise.all(["/try/contacts", "/try/voices"].map((url) => fetch(url)));
    const [people, sounds] = await Promise.all(replies.map((reply) => reply.json()));
    house.contacts = [...people, STRANGER];
    house.voices = sounds;
  } catch {
    house.trouble("The contacts could not be read; you can still call as a stranger. The server's log says why.");
  }
  callers.forEach((caller) => caller.offer());
}

// -- the carrier ---------------------------------------------------------------------------------------------------------

async function loadTexts() {
  try {
    const reply = await fetch(`${emulator}/emulator/messages`);
    for (const text of (await reply.json()).messages) house.texts.set(text.sid, text);
    callers.forEach((caller) => caller.draw());
  } catch {
    house.trouble(`The emulator does not answer at ${emulator}.`);
  }
}

function followCarrier() {
  const socket = new WebSocket(`${emulator.replace(/^http/, "ws")}/emulator/events`);
  socket.onopen = loadTexts; // also what came while the line was down
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.event !== "message") return;
    const fresh = !house.texts.has(event.sid);
    house.texts.set(event.sid, event);
    callers.forEach((caller) => { caller.draw(); if (fresh) caller.texted(event.to); });
  };
  socket.onclose = () => setTimeout(followCarrier, 2000);
}

// -- all of it -----------------------------------------------------------------------------------------------------------

addEventListener("beforeunload", () => callers.forEach((caller) => caller.hangUp()));
show(ROLES.includes(asked.get("role")) ? asked.get("role") : "all");
addCaller(asked.get("caller") ?? "", asked.get("language") ?? "");
if (asked.has("second")) { addCaller(asked.get("second"), asked.get("second-language") ?? ""); at("second").setAttribute("aria-pressed", "true"); }
at("ticket").submit();
at("ticket").hidden = true;
loadPeople();
loadTexts();
followCarrier();
carrierVoice(emulator).then((name) => { house.speaker = name; callers.forEach((caller) => caller.draw()); });
listen({ events: "/try/events" }, newest, () => moreLines("/try/lines"), () => {});
