// The earpiece: what the carrier sounds like where it has a voice, else the browser's own; one prompt after another.

import { linear } from "./telephone.js";

const ULAW = ["audio/basic", "audio/ulaw"]; // without a header, 8 kHz: no browser decodes these

async function decoded(context, reply) {
  const bytes = await reply.arrayBuffer();
  if (!ULAW.includes(reply.headers.get("content-type"))) return context.decodeAudioData(bytes);
  const buffer = context.createBuffer(1, bytes.byteLength, 8000);
  buffer.copyToChannel(Float32Array.from(new Uint8Array(bytes), linear), 0);
  return buffer;
}

/** `say({sid, index, text, language, sound})` queues a prompt, `hush()` stops; `sound` says that the carrier has it as audio. */
export function earpiece(emulator) {
  let context = null;
  let source = null;
  let turn = 0; // moves when all is hushed: what was being fetched then is not played
  let queue = Promise.resolve();

  const aloud = (text, language) => {
    if (!text || !window.speechSynthesis) return;
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = language || "en-GB";
    speechSynthesis.speak(utterance);
  };

  async function play({ sid, index, text, language }, mine) {
    try {
      const reply = await fetch(`${emulator}/emulator/calls/${sid}/sounds/${index}`);
      if (mine !== turn) return;
      if (!reply.ok) throw new Error(reply.statusText);
      context ??= new AudioContext();
      const buffer = await decoded(context, reply);
      if (mine !== turn) return;
      source = new AudioBufferSourceNode(context, { buffer });
      source.connect(context.destination);
      const over = new Promise((resolve) => { source.onended = resolve; });
      source.start();
      await over;
    } catch {
      if (mine === turn) aloud(text, language);
    }
  }

  return {
    say(prompt) {
      if (!prompt.sound) return aloud(prompt.text, prompt.language);
      const mine = turn;
      queue = queue.then(() => mine === turn && play(prompt, mine));
    },
    hush() {
      turn += 1;
      queue = Promise.resolve();
      source?.stop();
      window.speechSynthesis?.cancel();
    },
  };
}

/** What the carrier speaks with; empty: nothing, the browser has to. */
export async function carrierVoice(emulator) {
  try {
    return (await (await fetch(`${emulator}/emulator`)).json()).speaks_with ?? "";
  } catch {
    return "";
  }
}
