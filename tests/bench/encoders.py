"""One speaker encoder in a process of its own: ``python -m tests.bench.encoders NAME``; asked and answering in JSON lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from biometrics import Utterance, Voiceprint, enrol, load_encoder, operating_point, verify
from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.resampling import resample

WIDE_RATE_HZ = 16000
PARTIAL_SAMPLES, PARTIAL_EVERY = 25600, 12320  # Resemblyzer's windows: 160 frames of 10 ms, 77 frames apart
LOOKS_SECONDS = (3.0, 4.5, 7.0, 10.0)


def main() -> None:
    name = sys.argv[1]
    embed, runtime, encoder = ENCODERS[name]()
    embed(np.random.RandomState(0).standard_normal(3 * TELEPHONE_RATE_HZ).astype(np.float32))
    _answer({"runtime": runtime, "cpu_seconds": time.process_time(), "torch": "torch" in sys.modules})
    from tests.bench.voice import ulaw

    speech = ulaw("enrolment") + ulaw("verification")
    utterance = Utterance()
    utterance.feed(speech)
    heard = utterance.speech()
    voiceprint = enrol(encoder, utterance).voiceprint if encoder else None
    for line in sys.stdin:
        match json.loads(line):
            case {"embed": seconds}:
                samples = heard[: int(seconds * TELEPHONE_RATE_HZ)]
                _answer(_measured(lambda samples=samples: embed(samples)))
            case {"verdict": seconds}:
                _answer(_verdict(encoder, voiceprint, speech, seconds))
            case {"memory": _}:
                status = Path("/proc/self/status").read_text().splitlines()
                _answer({"rss_mb": next(int(row.split()[1]) for row in status if row.startswith("VmRSS")) / 1000})


def _answer(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


def _measured(work: Callable[[], object]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"cpu_ms": (time.process_time() - cpu) * 1e3, "wall_ms": (time.perf_counter() - wall) * 1e3}


def _verdict(encoder, voiceprint: Voiceprint, speech: bytes, seconds: float) -> dict[str, float]:
    """From the frame that completes a look of so many seconds to the verdict; the frames before have been taken."""
    caller = Utterance()
    frames = [speech[start : start + 160] for start in range(0, len(speech), 160)]
    for frame in frames:
        spent = _measured(lambda frame=frame: caller.feed(frame))
        if caller.net_speech_seconds >= seconds:
            break
    point, verdicts = operating_point(encoder), []
    judged = _measured(lambda: verdicts.append(verify(encoder, voiceprint, caller.snapshot(), point)))
    assert verdicts[0].score is not None, verdicts[0]
    return {kind: spent[kind] + judged[kind] for kind in spent}


def _served(model: str, accelerate: bool):
    encoder = load_encoder(model, accelerate=accelerate)
    return lambda samples: encoder.embed(samples, TELEPHONE_RATE_HZ), encoder.class_name, encoder


def _ecapa_1024():
    """The shape of speechbrain/spkrec-ecapa-voxceleb with random weights: good for its cost only."""
    import torch
    from speechbrain.inference.speaker import SpeakerRecognition  # noqa: F401  (what a process that serves it imports)
    from speechbrain.lobes.features import Fbank
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    torch.set_num_threads(1)
    features = Fbank(n_mels=80)
    module = ECAPA_TDNN(80, channels=[1024] * 4 + [3072], lin_neurons=192).eval()

    def embed(samples: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            heard = features(torch.from_numpy(resample(samples, TELEPHONE_RATE_HZ, WIDE_RATE_HZ)).unsqueeze(0))
            return module(heard - heard.mean(dim=1, keepdim=True)).numpy().ravel()

    return embed, "SpeechBrain, random weights", None


def _ge2e():
    """Resemblyzer's network (LSTM of 3 x 256 on 40 mels, windows of 1.6 s) with random weights: its cost only."""
    import torch
    from torchaudio.transforms import MelSpectrogram

    torch.set_num_threads(1)
    features = MelSpectrogram(WIDE_RATE_HZ, n_fft=400, hop_length=160, n_mels=40)
    layers, last = torch.nn.LSTM(40, 256, num_layers=3, batch_first=True).eval(), torch.nn.Linear(256, 256).eval()

    def embed(samples: np.ndarray) -> np.ndarray:
        wide = resample(samples, TELEPHONE_RATE_HZ, WIDE_RATE_HZ)
        windows = max(1, -(-(len(wide) - PARTIAL_SAMPLES) // PARTIAL_EVERY) + 1)
        wide = np.pad(wide, (0, max(0, (windows - 1) * PARTIAL_EVERY + PARTIAL_SAMPLES - len(wide))))
        partials = np.stack([wide[i * PARTIAL_EVERY :][:PARTIAL_SAMPLES] for i in range(windows)])
        with torch.inference_mode():
            _, (hidden, _) = layers(features(torch.from_numpy(partials)).transpose(1, 2))
            each = torch.nn.functional.normalize(torch.relu(last(hidden[-1])), dim=1)
            return torch.nn.functional.normalize(each.mean(dim=0), dim=0).numpy()

    return embed, "torch, random weights", None


ENCODERS = {
    "ECAPA C=1024": _ecapa_1024,
    "GE2E (as Resemblyzer)": _ge2e,
    "campplus": lambda: _served("campplus", True),
    "ours": lambda: _served("ecapa-telephone", True),
    "ours, SpeechBrain": lambda: _served("ecapa-telephone", False),
}

if __name__ == "__main__":
    main()
