"""Writing the accelerator of a model: an ONNX graph of its encoder, with its filter bank and origin as metadata.

Made at set-up and never committed. A file that does not agree with SpeechBrain is not left behind.
"""

import copy
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from biometrics.accelerator import (
    ACCELERATED,
    FORMAT,
    INPUT,
    LEAST_COSINE,
    OUTPUT,
    Source,
    cosine,
    find,
    places,
    probe_samples,
    read,
    seal,
    speech_like,
)
from biometrics.encoder import (
    FETCHED,
    SHIPPED,
    OnnxEncoder,
    SpeechBrainEncoder,
    load_recognition,
    model_directory,
    source_of,
)
from biometrics.errors import ModelError
from biometrics.features import FilterBank, packed, to_json

PARITY_SECONDS = (1.0, 1.7, 3.0, 4.5, 7.0, 10.0)
PARITY_RATES_HZ = (8000, 16000)
OPSET = 17
TRACED_FRAMES = 301


def export(
    model: str = "", search: Path = FETCHED, out: Path | None = None, say: Callable[[str], None] = print
) -> Path:
    """Make the accelerator of ``model`` and return its path; one that is there and good is left as it is.

    It goes beside the checkpoint, where that directory may be written to and is not a shipped one, else under
    ``search``; ``out`` is another directory. ``ModelError`` where the model cannot be exported or the file does not
    agree with SpeechBrain to a cosine of 0.9999 on voice-like and noise-like audio of 1 to 10 s.
    """
    directory = model_directory(model, search)
    source = source_of(directory)
    path = out / ACCELERATED if out else _place(directory, search, source)
    if out is None and find(directory, search, source):
        say(f"export: {directory.name} is already accelerated")
        return next(place for place in places(directory, search, source.checkpoint_sha256) if place.is_file())
    say(f"export: loading {directory.name} with SpeechBrain")
    recognition = load_recognition(directory)
    say("export: writing its graph and comparing it with SpeechBrain")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".export-", suffix=".onnx", dir=path.parent)
    except OSError as error:
        raise ModelError(f"{path.parent} cannot be written to ({error}): give another directory with --out") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_serialised(directory.name, recognition, source))
        least = parity(
            SpeechBrainEncoder(directory.name, recognition, source.checkpoint_sha256),
            OnnxEncoder(directory.name, read(Path(partial), source), source.checkpoint_sha256),
        )
        if least < LEAST_COSINE:
            raise ModelError(
                f"the exported {directory.name} does not agree with SpeechBrain (cosine {least:.6f}): not kept"
            )
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    finally:
        Path(partial).unlink(missing_ok=True)
    say(f"export: {path} ({path.stat().st_size / 1e6:.1f} MB), cosine to SpeechBrain {least:.7f} or better")
    return path


def parity(reference: Any, other: Any) -> float:
    """The least cosine between the embeddings of two encoders over lengths, rates and kinds of audio."""
    random = np.random.RandomState(1)
    cosines = []
    for number, seconds in enumerate(PARITY_SECONDS):
        for rate in PARITY_RATES_HZ:
            noise = 0.05 * random.standard_normal(int(seconds * rate)).astype(np.float32)
            for samples in (noise, speech_like(seconds, rate, seed=number)):
                cosines.append(cosine(reference.embed(samples, rate), other.embed(samples, rate)))
    return min(cosines)


def _place(directory: Path, search: Path, source: Source) -> Path:
    beside, elsewhere = places(directory, search, source.checkpoint_sha256)
    shipped = directory.parent == SHIPPED.resolve()
    return elsewhere if shipped or not os.access(directory, os.W_OK) else beside


def _serialised(name: str, recognition: Any, source: Source) -> bytes:
    try:
        import onnx
    except ImportError as error:
        raise ModelError("exporting needs the onnx package: pip install onnx") from error
    probe = SpeechBrainEncoder(name, recognition, source.checkpoint_sha256)
    filter_bank = _filter_bank(name, recognition)
    model = onnx.load_model_from_string(_graph(name, recognition, mels=filter_bank.mel.shape[1]))
    onnx.helper.set_model_props(
        model,
        {
            "format": FORMAT,
            "checkpoint_sha256": source.checkpoint_sha256,
            "hyperparams_sha256": source.hyperparams_sha256,
            "class_name": probe.class_name,
            "sample_rate": str(probe.sample_rate),
            "features": to_json(filter_bank),
            "probe": packed(probe.embed(probe_samples(probe.sample_rate), probe.sample_rate)),
        },
    )
    return seal(model.SerializeToString())


def _graph(name: str, recognition: Any, mels: int) -> bytes:
    """The encoder alone: features (1, frames, mels) -> embedding (dimension,)."""
    import torch

    class Flat(torch.nn.Module):
        def __init__(self, module: torch.nn.Module) -> None:
            super().__init__()
            self.module = module

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return self.module(features).reshape(-1)

    # A copy: an exporter may leave what it traces in training mode, and such a model hears something else.
    flat = Flat(copy.deepcopy(recognition.mods.embedding_model)).eval()
    buffer = io.BytesIO()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                flat,
                (torch.zeros(1, TRACED_FRAMES, mels),),
                buffer,
                dynamo=False,  # the other exporter needs onnxscript and fixes the number of frames of ECAPA's padding
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: {1: "frames"}},
            )
        except Exception as error:  # the exporter raises whatever the module does under tracing
            raise ModelError(f"the encoder of {name} cannot be exported: {type(error).__name__}: {error}") from error
    recognition.eval()
    return buffer.getvalue()


def _filter_bank(name: str, recognition: Any) -> FilterBank:
    """What ``compute_features`` and ``mean_var_norm`` do; ``ModelError`` where numpy's filter bank cannot do it."""
    from speechbrain.lobes.features import Fbank
    from speechbrain.processing.features import InputNormalization

    from biometrics.campplus import KaldiFilterBank

    normalisation = recognition.mods.mean_var_norm
    if type(normalisation) is not InputNormalization or (normalisation.norm_type, normalisation.std_norm) != (
        "sentence",
        False,
    ):
        raise ModelError(f"{name} normalises its features in a way that is not computed without torch: not exported")
    features = recognition.mods.compute_features
    if type(features) is KaldiFilterBank:
        return _kaldi(features)
    if type(features) is Fbank and not (features.deltas or features.context):
        return _speechbrain(features)
    raise ModelError(f"the features of {name} ({type(features).__name__}) are not computed without torch: not exported")


def _speechbrain(features: Any) -> FilterBank:
    import torch

    stft, bank = features.compute_STFT, copy.deepcopy(features.compute_fbanks)
    bank.log_mel = False
    bins = stft.n_fft // 2 + 1
    side = (stft.n_fft - stft.win_length) // 2
    return FilterBank(
        window=np.pad(stft.window.numpy(), (side, stft.n_fft - stft.win_length - side)),
        mel=bank(torch.eye(bins).unsqueeze(0))[0].detach().numpy(),  # the weights, whatever shape they were asked in
        hop=stft.hop_length,
        fft_size=stft.n_fft,
        padding=stft.n_fft // 2 if stft.center else 0,
        floor=bank.amin,
        scale=float(bank.multiplier),
        range_db=float(bank.top_db),
        remove_offset=False,
        pre_emphasis=0.0,
        level=0.0,
        noise=0.0,
    )


def _kaldi(features: Any) -> FilterBank:
    """The defaults of ``torchaudio.compliance.kaldi.fbank``: 25 ms Povey windows every 10 ms, 20 Hz to Nyquist."""
    from torchaudio.compliance.kaldi import get_mel_banks

    length, hop = features.sample_rate * 25 // 1000, features.sample_rate // 100
    fft_size = 1 << (length - 1).bit_length()
    mel, _ = get_mel_banks(features.n_mels, fft_size, float(features.sample_rate), 20.0, 0.0, 100.0, -500.0, 1.0)
    return FilterBank(
        window=(np.hanning(length) ** 0.85).astype(np.float32),
        mel=np.pad(mel.numpy().T, ((0, 1), (0, 0))),
        hop=hop,
        fft_size=fft_size,
        padding=0,
        floor=float(np.finfo(np.float32).eps),
        scale=float(np.log(10.0)),
        range_db=float(np.finfo(np.float32).max),
        remove_offset=True,
        pre_emphasis=0.97,
        level=features.level,
        noise=features.dither,
    )
