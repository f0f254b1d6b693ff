// A telephone on the emulator's wire: one call, its keys, words and sound.

const FRAME = 160; // bytes: 20 ms of 8 kHz µ-law
const FRAME_SECONDS = 0.02;

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** Rings `to` from `from`; `on(event)` gets every event of the line, at last {event: "closed"}. */
export async function dial(emulator, from, to, on) {
  const reply = await fetch(`${emulator}/emulator/calls`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ from, to }),
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error ?? reply.statusText);
  const socket = new WebSocket(`${emulator.replace(/^http/, "ws")}/emulator/calls/${answer.sid}/line`);
  socket.onmessage = (message) => on(JSON.parse(message.data));
  await new Promise((resolve, reject) => { // a key pressed before the line is open would be lost
    socket.onopen = resolve;
    socket.onclose = () => reject(new Error("the line did not open"));
  });
  socket.onclose = () => on({ event: "closed" });
  const send = (message) => { if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); };
  return {
    sid: answer.sid,
    press: (digit) => send({ event: "key", digit }),
    say: (text) => send({ event: "speech", text }),
    sound: (frame) => send({ event: "media", payload: base64(frame) }),
    hangUp: () => send({ event: "hangup" }),
    close: () => socket.close(),
  };
}

/** The microphone as 20 ms frames of telephone sound. Returns a function that switches it off. */
export async function openMicrophone(worklet, onFrame) {
  const media = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: true, channelCount: 1 },
  });
  const context = new AudioContext();
  await context.audioWorklet.addModule(worklet);
  const node = new AudioWorkletNode(context, "telephone-line", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
  node.port.onmessage = (message) => onFrame(message.data);
  context.createMediaStreamSource(media).connect(node);
  await context.resume();
  return () => { media.getTracks().forEach((track) => track.stop()); context.close(); };
}

/** One µ-law code as a sample in -1..1. */
export function linear(code) {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 132 << (bits >> 4 & 7)) - 132;
  return (bits & 0x80 ? -magnitude : magnitude) / 32768;
}

/** Speaks a recording into the line in real time, and aloud. Resolves when over; `signal` stops it. */
export async function play(codes, onFrame, signal) {
  const context = new AudioContext();
  const buffer = context.createBuffer(1, codes.length, 8000);
  buffer.copyToChannel(Float32Array.from(codes, linear), 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  const started = performance.now();
  let sent = 0;
  while (sent < codes.length && !signal.aborted) {
    const due = Math.floor((performance.now() - started) / 1000 / FRAME_SECONDS) * FRAME;
    for (; sent + FRAME <= Math.min(due, codes.length); sent += FRAME) onFrame(codes.subarray(sent, sent + FRAME));
    if (codes.length - sent < FRAME) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  source.stop();
  await context.close();
}
