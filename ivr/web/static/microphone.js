// Runs on the audio thread: what the microphone hears becomes what a telephone line carries.
// Low-pass at 3.4 kHz, 8 kHz, G.711 µ-law, frames of 20 ms (160 bytes), posted as Uint8Array.

const LINE_RATE = 8000;
const CUTOFF = 3400; // Hz, upper edge of the telephone band
const FRAME = 160;
const HALF = 48; // taps on either side
const PHASES = 64;

/** Windowed-sinc low-pass, one row of taps for each fraction of an input sample. */
function filterBank(rate) {
  const width = (2 * CUTOFF) / rate;
  return Array.from({ length: PHASES }, (_, phase) => {
    const taps = Float32Array.from({ length: 2 * HALF }, (_, index) => {
      const x = index - HALF + 1 - phase / PHASES;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * width * x) / (Math.PI * width * x);
      const window = 0.5 + 0.5 * Math.cos((Math.PI * Math.max(-HALF, Math.min(HALF, x))) / HALF);
      return width * sinc * window;
    });
    const gain = taps.reduce((sum, tap) => sum + tap, 0);
    return taps.map((tap) => tap / gain);
  });
}

/** ITU-T G.711 µ-law of one sample in -1..1. */
function mulaw(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.round(Math.abs(sample) * 32767), 32635) + 132;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

class TelephoneLine extends AudioWorkletProcessor {
  constructor() {
    super();
    this.bank = filterBank(sampleRate);
    this.step = sampleRate / LINE_RATE;
    this.kept = new Float32Array(2 * HALF); // the end of what came before
    this.position = 0; // of the next output sample, in input samples from the start of `kept`
    this.frame = new Uint8Array(FRAME);
    this.filled = 0;
  }

  process([[channel]]) {
    if (!channel) return true;
    const samples = new Float32Array(this.kept.length + channel.length);
    samples.set(this.kept);
    samples.set(channel, this.kept.length);
    while (Math.floor(this.position) + 2 * HALF <= samples.length) {
      const start = Math.floor(this.position);
      const taps = this.bank[Math.floor((this.position - start) * PHASES)];
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap += 1) sum += taps[tap] * samples[start + tap];
      this.emit(mulaw(Math.max(-1, Math.min(1, sum))));
      this.position += this.step;
    }
    const used = Math.min(Math.floor(this.position), samples.length);
    this.kept = samples.slice(used);
    this.position -= used;
    return true;
  }

  emit(code) {
    this.frame[this.filled] = code;
    this.filled += 1;
    if (this.filled === FRAME) {
      this.port.postMessage(this.frame.slice());
      this.filled = 0;
    }
  }
}

registerProcessor("telephone-line", TelephoneLine);
