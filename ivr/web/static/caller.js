// One caller of the three-pane page: who they are, their telephone, their smartphone.
import { earpiece } from "./speaker.js";
import { dial, openMicrophone, play } from "./telephone.js";

const FINAL = ["completed", "busy", "failed", "no-answer", "canceled"];
const NAMES = ["", "Second"];
// Other languages as a prompt names them ("For Farsi, press 5"), and as those who speak them do.
const OFFERED = /\bFor (\p{L}+), press (\d)/gu;
const LANGUAGES = { Farsi: { name: "فارسی", code: "fa" }, Persian: { name: "فارسی", code: "fa" }, English: { name: "English", code: "en" } };

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** A copy of the template whose ids, and what refers to them, end in the caller's number from the second on. */
function drawnFor(index) {
  const copy = document.getElementById("caller").content.cloneNode(true).firstElementChild;
  if (index === 0) return copy;
  const ending = `-${index + 1}`;
  for (const name of ["id", "for", "aria-labelledby", "name"]) {
    copy.querySelectorAll(`[${name}]`).forEach((each) => each.setAttribute(name, each.getAttribute(name) + ending));
  }
  copy.querySelectorAll(".title").forEach((title) => { title.textContent = `${NAMES[index]} ${title.textContent.toLowerCase()}`; });
  return copy;
}

/**
 * house: what all callers share (see try.js). Returns what the page does with a caller:
 * { root, choose, chosen, offer, draw, texted, hangUp, leave }.
 */
export function newCaller(house, index, everyone) {
  const root = drawnFor(index);
  const at = (id) => root.querySelector(`#${id}${index ? `-${index + 1}` : ""}`);
  const origin = house.handsets[index];
  const ear = earpiece(house.emulator);
  let wanted = ""; // whom the address named, until they are known
  let chosen = false; // somebody is chosen among all there are
  let call = null; // the line of the present call
  let told = -1; // newest prompt that was written down
  let spoken = -1; // newest prompt that was spoken
  let stopMicrophone = null;
  let playing = null; // AbortController of the sample voice

  const me = () => house.contacts[at("who").selectedIndex] ?? house.contacts.at(-1);

  // -- who you are -----------------------------------------------------------------------------------------------------

  function draw() {
    const { name, number, customer_number: customer, pin, enrolled } = me();
    const impostor = at("impostor").checked;
    const live = call !== null;
    const facts = [live && (impostor ? `${name} (impostor)` : name), number, customer && `customer number ${customer}`, pin && !impostor && `PIN ${pin}`, enrolled && "voice known"];
    at("facts").textContent = facts.filter(Boolean).join(" · ");
    at("owner").textContent = impostor ? `${name}'s phone, not yours` : number;
    root.querySelector(".telephone").classList.toggle("impostor", impostor);
    at("dial").textContent = live ? "Hang up" : `Call ${house.line}`;
    at("dial").classList.toggle("danger", live);
    at("call-state").dataset.state = live ? "live" : "idle";
    at("call-state").textContent = live ? "on the call" : "not on a call";
    at("setup").classList.toggle("settled", live);
    at("speaker").textContent = `by ${house.speaker || "this browser"}`;
    const taken = everyone().filter((other) => other.root !== root).map((other) => other.chosen()?.number);
    [...at("who").options].forEach((option) => { option.disabled = taken.includes(option.value); });
    drawVoices();
    drawTexts();
    root.querySelectorAll(".keypad button, .say input, .say button, .sound button, .voices button").forEach((each) => { each.disabled = !live; });
  }

  function drawVoices() {
    const { number } = me();
    const own = house.voices.filter((voice) => voice.contact === number);
    const offered = at("impostor").checked ? house.voices.filter((voice) => voice.contact !== number) : own.length ? own : house.voices;
    at("voices").hidden = offered.length === 0;
    if (playing) return; // the button that stops it must stay
    at("voices").lastElementChild.replaceChildren(...offered.map((voice) => {
      const button = element("button", voice.label, "button");
      button.type = "button";
      button.title = voice.text;
      button.onclick = () => speakWith(voice, button);
      return button;
    }));
  }

  /** The contacts are known, or have changed. */
  function offer() {
    const before = me().number;
    const taken = everyone().filter((other) => other.root !== root).map((other) => other.chosen()?.number);
    at("who").replaceChildren(...house.contacts.map(({ name, number }) => {
      const option = element("option", `${name} (${number})`);
      option.value = number;
      return option;
    }));
    const named = house.contacts.findIndex((one) => (one.customer_number || "stranger") === wanted);
    const same = house.contacts.findIndex((one) => one.number === before);
    const free = house.contacts.findIndex((one) => !taken.includes(one.number));
    at("who").selectedIndex = wanted && named >= 0 ? named : chosen ? same : free;
    if (house.contacts.length > 1) {
      wanted = "";
      chosen = true;
    }
    house.changed();
  }

  // -- the telephone ---------------------------------------------------------------------------------------------------

  function talk(text, by) {
    const list = at("talk");
    list.querySelector(".none")?.remove();
    const item = element("li", text, by);
    item.dir = "auto";
    list.append(item);
    list.scrollTop = list.scrollHeight;
  }

  /** Every language that was just offered: the one chosen before the call is taken, others get a button that presses the key. */
  function offerLanguages(text) {
    for (const [, language, key] of text.matchAll(OFFERED)) {
      if (!LANGUAGES[language]) continue;
      if (LANGUAGES[language].code === at("speaks").value) {
        press(key);
        continue;
      }
      root.querySelector(".talk .language")?.remove(); // the offer is made again
      const { name, code } = LANGUAGES[language];
      const button = element("button", name, "button");
      Object.assign(button, { type: "button", lang: code, title: `Presses ${key}` });
      button.onclick = () => { item.remove(); press(key); };
      const item = element("li", "", "language");
      item.append(button);
      at("talk").append(item);
    }
  }

  function onLine(event) {
    switch (event.event) {
      case "prompt":
      case "heard": // the same prompt is told by both, whichever comes first
        if (event.text && event.index > told) {
          told = event.index;
          talk(event.text, "phone");
          offerLanguages(event.text);
        }
        if (event.event === "prompt" && event.index > spoken) {
          spoken = event.index;
          if (!event.text) talk("A recording is played.", "note"); // its words are on the page
          if (at("aloud").checked) ear.say({ sid: call.sid, ...event });
        }
        break;
      case "interrupted":
        ear.hush();
        break;
      case "bridged":
      case "conference":
        ear.hush();
        talk("You are connected to the agent.", "note");
        break;
      case "state":
        if (FINAL.includes(event.status)) ended();
        break;
      case "closed":
        ended();
        break;
      case "error":
        house.trouble(event.message);
        break;
    }
  }

  function ended() {
    if (!call) return;
    const over = call;
    call = null;
    over.close();
    ear.hush();
    playing?.abort();
    switchMicrophone(false);
    root.querySelector(".talk .language")?.remove();
    talk("The call has ended.", "note");
    draw();
    house.ended();
  }

  at("dial").onclick = async () => {
    if (call) {
      call.hangUp();
      setTimeout(ended, 1500);
      return;
    }
    house.trouble("");
    at("talk").replaceChildren();
    told = spoken = -1;
    at("dial").disabled = true; // one call at a time
    if (!begun) showMessages();
    try {
      call = await dial(house.emulator, me().number, house.line, onLine);
      talk(`Calling ${house.line} as ${me().name}${at("impostor").checked ? " (impostor)" : ""}`, "note");
    } catch (error) {
      house.trouble(`The call could not be placed: ${error.message}. Is the emulator running at ${house.emulator}?`);
    }
    at("dial").disabled = false;
    draw();
  };

  function press(digit) {
    if (!call) return;
    ear.hush();
    call.press(digit);
    talk(digit, "you key");
  }
  at("keypad").onclick = (event) => { const key = event.target.closest("button"); if (key) press(key.value); };
  root.querySelector(".telephone").addEventListener("keydown", (event) => {
    if (!event.target.matches("input, select") && /^[0-9*#]$/.test(event.key)) press(event.key);
  });
  at("say").onsubmit = (event) => {
    event.preventDefault();
    const words = at("words").value.trim();
    if (!call || !words) return;
    ear.hush();
    call.say(words);
    talk(words, "you");
    at("words").value = "";
  };
  at("aloud").onchange = () => { if (!at("aloud").checked) ear.hush(); };

  async function switchMicrophone(on) {
    if (!on) {
      stopMicrophone?.();
      stopMicrophone = null;
    } else {
      try {
        stopMicrophone = await openMicrophone(house.microphone, (frame) => { if (!playing) call?.sound(frame); });
      } catch (error) {
        house.trouble(`The microphone cannot be used: ${error.message}. A sample voice does as well.`);
      }
    }
    at("microphone").setAttribute("aria-pressed", String(stopMicrophone !== null));
  }
  at("microphone").onclick = () => {
    const on = stopMicrophone === null;
    if (on) everyone().forEach((other) => other.muted()); // one microphone, one speaker
    switchMicrophone(on);
  };

  async function speakWith(voice, button) {
    if (playing) return playing.abort();
    playing = new AbortController();
    button.setAttribute("aria-pressed", "true");
    try {
      const reply = await fetch(`/try/voices/${encodeURIComponent(voice.name)}`);
      if (!reply.ok) throw new Error(`${voice.name} is not there`);
      ear.hush();
      talk(voice.text || `(${voice.label})`, "you");
      await play(new Uint8Array(await reply.arrayBuffer()), (frame) => call?.sound(frame), playing.signal);
    } catch (error) {
      house.trouble(`The sample voice cannot be played: ${error.message}.`);
    }
    playing = null;
    button.removeAttribute("aria-pressed");
    draw();
  }

  // -- the smartphone --------------------------------------------------------------------------------------------------

  function drawTexts() {
    const mine = [...house.texts.values()].filter((text) => text.to === me().number).reverse();
    const list = at("texts");
    if (!mine.length) return list.replaceChildren(element("li", "No messages yet. During a call the link to its page arrives here.", "none"));
    return list.replaceChildren(...mine.map(({ body }) => {
      const item = document.createElement("li");
      item.dir = "auto";
      const link = body.match(/https?:\/\/\S+\/v\/[\w.~-]+/)?.[0];
      if (!link) { item.textContent = body; return item; }
      const [before, after] = body.split(link);
      const open = element("a", link);
      open.href = new URL(new URL(link).pathname, origin).href; // the same server, through this smartphone's network
      open.onclick = (event) => { event.preventDefault(); begun = false; openPage(open.href); };
      item.append(before, open, after);
      return item;
    }));
  }

  let begun = false; // the page was opened without a message: what is begun there goes on in the call
  function openPage(address) {
    at("page").src = address;
    at("messages").hidden = true;
    at("browser").hidden = false;
  }
  function showMessages() {
    at("messages").hidden = false;
    at("browser").hidden = true;
    at("back").textContent = "‹ Messages";
  }
  at("back").onclick = showMessages;
  at("visit").onclick = () => { begun = true; openPage(new URL("/v", origin).href); };

  const signalled = (signal) => { root.querySelector(".handset").dataset.signal = signal; };
  at("signal").onchange = async (event) => {
    try {
      const reply = await fetch(`/try/signal/${index}`, { method: "POST", body: new URLSearchParams({ signal: event.target.value }) });
      if (!reply.ok) throw new Error(await reply.text());
      signalled((await reply.json()).signal);
    } catch (error) {
      house.trouble(`The network could not be changed: ${error.message}.`);
    }
  };
  fetch(`/try/signal/${index}`).then((reply) => reply.json()).then(({ signal }) => {
    at("signal").querySelectorAll("input").forEach((each) => { each.checked = each.value === signal; });
    signalled(signal);
  }).catch(() => {});

  at("aloud").checked = index === 0; // two phones that speak at once are understood by nobody
  at("who").onchange = () => { showMessages(); house.changed(); };
  at("impostor").onchange = draw;
  at("speaks").onchange = house.changed;
  return {
    root, draw, offer,
    choose(name, language = "") { wanted = name; at("speaks").value = language; offer(); },
    language: () => at("speaks").value,
    chosen: () => (chosen ? me() : null),
    texted(number) { if (number === me().number && at("messages").hidden) at("back").textContent = "‹ Messages: a new one"; },
    muted() { switchMicrophone(false); },
    hangUp() { call?.hangUp(); },
    leave() { call?.hangUp(); ended(); root.remove(); },
  };
}
