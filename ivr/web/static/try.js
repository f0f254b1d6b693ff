// The three-pane page: a telephone and a smartphone on the emulator, the desk beside them, the turns below.
import { listen } from "./live.js";
import { moreLines, newest } from "./table.js";
import { dial, openMicrophone, play } from "./telephone.js";

const at = (id) => document.getElementById(id);
const { emulator, line, microphone: worklet } = at("try").dataset;
const STRANGER = { name: "A stranger", number: "+441632960999", customer_number: "", pin: "", enrolled: false };

let contacts = [STRANGER];
let voices = [];
let call = null; // the line of the present call
let heard = -1; // index of the newest prompt of this call
let stopMicrophone = null;
let playing = null; // AbortController of the sample voice
const me = () => contacts[at("who").selectedIndex] ?? STRANGER;

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// -- who you are -------------------------------------------------------------------------------------------------------

function drawIdentity() {
  const { name, number, customer_number: customer, pin, enrolled } = me();
  const impostor = at("impostor").checked;
  const facts = [call && (impostor ? `${name} (impostor)` : name), number, customer && `customer number ${customer}`, pin && !impostor && `PIN ${pin}`, enrolled && "voice known"];
  at("facts").textContent = facts.filter(Boolean).join(" · ");
  at("owner").textContent = impostor ? `${name}'s phone, not yours` : number;
  at("telephone-title").parentElement.classList.toggle("impostor", impostor);
  drawVoices();
  loadTexts();
}

function drawVoices() {
  const { number } = me();
  const own = voices.filter((voice) => voice.contact === number);
  const offered = at("impostor").checked ? voices.filter((voice) => voice.contact !== number) : own.length ? own : voices;
  at("voices").hidden = offered.length === 0;
  at("voices").lastElementChild.replaceChildren(...offered.map((voice) => {
    const button = element("button", voice.label, "button");
    button.type = "button";
    button.disabled = !call;
    button.title = voice.text;
    button.onclick = () => speakWith(voice, button);
    return button;
  }));
}

async function loadPeople() {
  try {
    const replies = await Promise.all(["/try/contacts", "/try/voices"].map((url) => fetch(url)));
    const [people, sounds] = await Promise.all(replies.map((reply) => reply.json()));
    contacts = [...people, STRANGER];
    voices = sounds;
  } catch {
    at("trouble").textContent = "The contacts could not be read; you can still call as a stranger. The server's log says why.";
  }
  const chosen = Math.max(0, at("who").selectedIndex);
  at("who").replaceChildren(...contacts.map(({ name, number }) => element("option", `${name} (${number})`)));
  at("who").selectedIndex = chosen;
  drawIdentity();
}

// -- the telephone -----------------------------------------------------------------------------------------------------

function talk(text, by) {
  const list = at("talk");
  list.querySelector(".none")?.remove();
  list.append(element("li", text, by));
  list.scrollTop = list.scrollHeight;
}

function speak(text) {
  if (!at("aloud").checked || !window.speechSynthesis) return;
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.lang = "en-GB";
  speechSynthesis.speak(utterance);
}
const hush = () => window.speechSynthesis?.cancel();

function drawCall() {
  const live = call !== null;
  at("dial").textContent = live ? "Hang up" : `Call ${line}`;
  at("dial").classList.toggle("danger", live);
  at("call-state").dataset.state = live ? "live" : "idle";
  at("call-state").textContent = live ? "on the call" : "not on a call";
  at("setup").classList.toggle("settled", live);
  drawIdentity();
  document.querySelectorAll("#keypad button, #say input, #say button, #microphone, #voices button").forEach((each) => { each.disabled = !live; });
}

const FINAL = ["completed", "busy", "failed", "no-answer", "canceled"];

function onLine(event) {
  switch (event.event) {
    case "prompt":
    case "heard": // the same prompt may be told by both, whichever comes first
      if (!event.text || event.index <= heard) break;
      heard = event.index;
      talk(event.text, "phone");
      speak(event.text);
      break;
    case "interrupted":
      hush();
      break;
    case "bridged":
    case "conference":
      hush();
      talk("You are connected to the agent.", "note");
      break;
    case "state":
      if (FINAL.includes(event.status)) ended();
      break;
    case "closed":
      ended();
      break;
    case "error":
      at("trouble").textContent = event.message;
      break;
  }
}

function ended() {
  if (!call) return;
  const over = call;
  call = null;
  over.close();
  hush();
  playing?.abort();
  switchMicrophone(false);
  talk("The call has ended.", "note");
  drawCall();
  loadPeople(); // a voice may have become known
}

at("dial").onclick = async () => {
  if (call) {
    call.hangUp();
    setTimeout(ended, 1500);
    return;
  }
  at("trouble").textContent = "";
  at("talk").replaceChildren();
  heard = -1;
  try {
    call = await dial(emulator, me().number, line, onLine);
    talk(`Calling ${line} as ${me().name}${at("impostor").checked ? " (impostor)" : ""}`, "note");
  } catch (error) {
    at("trouble").textContent = `The call could not be placed: ${error.message}. Is the emulator running at ${emulator}?`;
  }
  drawCall();
};

function press(digit) {
  if (!call) return;
  hush();
  call.press(digit);
  talk(digit, "you key");
}
at("keypad").onclick = (event) => { const key = event.target.closest("button"); if (key) press(key.value); };
at("telephone-title").parentElement.addEventListener("keydown", (event) => {
  if (!event.target.matches("input, select") && /^[0-9*#]$/.test(event.key)) press(event.key);
});
at("say").onsubmit = (event) => {
  event.preventDefault();
  const words = at("words").value.trim();
  if (!call || !words) return;
  hush();
  call.say(words);
  talk(words, "you");
  at("words").value = "";
};

async function switchMicrophone(on) {
  const button = at("microphone");
  if (!on) {
    stopMicrophone?.();
    stopMicrophone = null;
  } else {
    try {
      stopMicrophone = await openMicrophone(worklet, (frame) => { if (!playing) call?.sound(frame); });
    } catch (error) {
      at("trouble").textContent = `The microphone cannot be used: ${error.message}. A sample voice does as well.`;
    }
  }
  button.setAttribute("aria-pressed", String(stopMicrophone !== null));
}
at("microphone").onclick = () => switchMicrophone(stopMicrophone === null);

async function speakWith(voice, button) {
  if (playing) return playing.abort();
  playing = new AbortController();
  button.setAttribute("aria-pressed", "true");
  try {
    const reply = await fetch(`/try/voices/${encodeURIComponent(voice.name)}`);
    if (!reply.ok) throw new Error(`${voice.name} is not there`);
    hush();
    talk(voice.text || `(${voice.label})`, "you");
    await play(new Uint8Array(await reply.arrayBuffer()), (frame) => call?.sound(frame), playing.signal);
  } catch (error) {
    at("trouble").textContent = `The sample voice cannot be played: ${error.message}.`;
  }
  playing = null;
  button.removeAttribute("aria-pressed");
}

// -- the smartphone ----------------------------------------------------------------------------------------------------

const texts = new Map();

function drawTexts() {
  const mine = [...texts.values()].filter((text) => text.to === me().number).reverse();
  const list = at("texts");
  if (!mine.length) return list.replaceChildren(element("li", "No messages yet. During a call the link to its page arrives here.", "none"));
  return list.replaceChildren(...mine.map(({ body }) => {
    const item = document.createElement("li");
    const link = body.match(/https?:\/\/\S+\/v\/[\w.~-]+/)?.[0];
    if (!link) { item.textContent = body; return item; }
    const [before, after] = body.split(link);
    const open = element("a", link);
    open.href = new URL(link).pathname; // the same server, by the name this page was opened with
    open.onclick = (event) => { event.preventDefault(); openPage(open.href); };
    item.append(before, open, after);
    return item;
  }));
}

function openPage(address) {
  at("page").src = address;
  at("messages").hidden = true;
  at("browser").hidden = false;
}
at("back").onclick = () => {
  at("messages").hidden = false;
  at("browser").hidden = true;
};

async function loadTexts() {
  try {
    const reply = await fetch(`${emulator}/emulator/messages`);
    for (const text of (await reply.json()).messages) texts.set(text.sid, text);
    drawTexts();
  } catch {
    at("trouble").textContent = `The emulator does not answer at ${emulator}.`;
  }
}

function followCarrier() {
  const socket = new WebSocket(`${emulator.replace(/^http/, "ws")}/emulator/events`);
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.event !== "message") return;
    const fresh = !texts.has(event.sid);
    texts.set(event.sid, event);
    drawTexts();
    if (fresh && event.to === me().number) at("back").click();
  };
  socket.onclose = () => setTimeout(followCarrier, 2000);
}

// -- all of it ---------------------------------------------------------------------------------------------------------

at("who").onchange = () => { at("back").click(); drawIdentity(); };
at("impostor").onchange = drawIdentity;
addEventListener("beforeunload", () => call?.hangUp());
at("ticket").submit();
at("ticket").hidden = true;
drawCall();
loadPeople();
followCarrier();
listen({ events: "/try/events" }, newest, () => moreLines("/try/lines"), () => {});
