"""Speaker encoders: SpeechBrain models read from a directory (``hyperparams.yaml`` + ``embedding_model.ckpt``).

Importing this module is cheap; torch and SpeechBrain are imported by ``load_encoder`` alone, and only where no
accelerator (``biometrics.accelerator``) serves in their place.
"""

import hashlib
import logging
import os
import re
import warnings
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from biometrics.accelerator import Accelerated, Source, find
from biometrics.audio import checked
from biometrics.errors import AudioError, ModelError
from biometrics.resampling import resample

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "models"
FETCHED = Path("var/models")
PREFERRED_MODEL, FALLBACK_MODEL = "campplus", "ecapa-telephone"
CHECKPOINT, HYPERPARAMS = "embedding_model.ckpt", "hyperparams.yaml"
SHORTEST_SECONDS = 0.2  # below this an encoder has too few frames for its statistics

# Hub models whose revision and checkpoint are pinned here; any other id must say its revision: owner/name@revision.
HUB_REVISIONS = {
    "speechbrain/spkrec-ecapa-voxceleb": (
        "0f99f2d0ebe89ac095bcc5903c4dd8f72b367286",
        "0575cb64845e6b9a10db9bcb74d5ac32b326b8dc90352671d345e2ee3d0126a2",
    ),
}
HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w.-]+))?")


class Encoder(Protocol):
    """Turns speech into a point on the unit sphere, near to other speech of the same person."""

    @property
    def name(self) -> str: ...
    @property
    def class_name(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def sample_rate(self) -> int: ...
    @property
    def dimension(self) -> int: ...
    def embed(self, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        """Float32 mono samples -> float32 (dimension,) of unit length; ``AudioError`` if that is not possible."""
        ...


class SpeechBrainEncoder:
    """An ``Encoder`` over ``speechbrain.inference.speaker.SpeakerRecognition``."""

    def __init__(self, name: str, recognition: Any, sha256: str) -> None:
        self.name, self.sha256 = name, sha256
        self.class_name = f"{type(recognition).__module__}.{type(recognition).__qualname__}"
        self.sample_rate = int(getattr(recognition.hparams, "sample_rate", 16000))
        self._recognition = recognition
        self.dimension = len(self._encode(np.random.default_rng(0).normal(0, 0.01, self.sample_rate)))

    def _encode(self, samples: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32)).unsqueeze(0)
            return self._recognition.encode_batch(batch).reshape(-1).numpy().astype(np.float32)

    def embed(self, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        """Float32 mono samples -> float32 (dimension,) of unit length; ``AudioError`` if that is not possible."""
        return _unit(self, self._encode(_prepared(self, samples, sample_rate_hz)))


class OnnxEncoder:
    """An ``Encoder`` over ONNX Runtime that gives what SpeechBrain would; torch is never imported."""

    def __init__(self, name: str, accelerated: Accelerated, sha256: str) -> None:
        self.name, self.sha256 = name, sha256
        self.class_name = f"{accelerated.class_name} via onnxruntime"
        self.sample_rate, self.dimension = accelerated.sample_rate, len(accelerated.probe)
        self._accelerated = accelerated

    def embed(self, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        """Float32 mono samples -> float32 (dimension,) of unit length; ``AudioError`` if that is not possible."""
        return _unit(self, self._accelerated.encode(_prepared(self, samples, sample_rate_hz)))


def _prepared(encoder: Encoder, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    samples = checked(samples)
    if len(samples) < SHORTEST_SECONDS * sample_rate_hz:
        raise AudioError("empty", f"{len(samples) / sample_rate_hz:.2f} s of audio is too little to hear a voice in")
    return resample(samples, sample_rate_hz, encoder.sample_rate)


def _unit(encoder: Encoder, embedding: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(embedding))
    if not np.isfinite(length) or length == 0:
        raise AudioError("not_finite", f"model {encoder.name} gave no usable embedding for this audio")
    return embedding / length


def default_model(search: Path = FETCHED) -> str:
    """``campplus`` where it has been fetched, else the shipped ``ecapa-telephone``; the log says which."""
    if (search / PREFERRED_MODEL / HYPERPARAMS).is_file():
        log.info("speaker model: %s (fetched)", PREFERRED_MODEL)
        return PREFERRED_MODEL
    log.warning(
        "speaker model: %s (shipped); %s is more accurate: python -m biometrics fetch", FALLBACK_MODEL, PREFERRED_MODEL
    )
    return FALLBACK_MODEL


def load_encoder(model: str = "", search: Path = FETCHED, accelerate: bool = True) -> Encoder:
    """The encoder named by ``model``: a directory, a fetched model under ``search``, a shipped model, or a hub id.

    An empty name is the default model. Where ``python -m biometrics export`` has made an accelerator of the model,
    ONNX Runtime serves and torch is never imported; otherwise, or with ``accelerate`` false, SpeechBrain does.
    Either uses one thread: two on a busy machine are several times slower.
    A model directory is code (its hyperparams.yaml names classes): name only directories you trust.
    ``ModelError`` where there is no such model or it does not load.
    """
    directory = model_directory(model, search)
    source = source_of(directory)
    if accelerate and (accelerated := find(directory, search, source)):
        return OnnxEncoder(directory.name, accelerated, source.checkpoint_sha256)
    return SpeechBrainEncoder(directory.name, load_recognition(directory), source.checkpoint_sha256)


def model_directory(model: str = "", search: Path = FETCHED) -> Path:
    """The directory that ``load_encoder`` reads for a name; ``ModelError`` where there is none."""
    directory = _directory(model or default_model(search), search)
    if not (directory / CHECKPOINT).is_file():
        raise ModelError(f"{directory} has no {CHECKPOINT}: a model directory holds it beside {HYPERPARAMS}")
    return directory


def source_of(directory: Path) -> Source:
    """What an accelerator of this model has to have been made from."""
    return Source(file_sha256(directory / CHECKPOINT), file_sha256(directory / HYPERPARAMS))


def load_recognition(directory: Path) -> Any:
    """SpeechBrain's ``SpeakerRecognition`` of a model directory, in evaluation mode, on one thread; ``ModelError``."""
    try:
        return _load(directory)
    except ModelError:
        raise
    except Exception as error:  # SpeechBrain raises whatever the named classes raise
        raise ModelError(f"the speaker model in {directory} does not load: {type(error).__name__}: {error}") from error


def file_sha256(path: Path) -> str:
    """sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _directory(model: str, search: Path) -> Path:
    for candidate in (Path(model), search / model, SHIPPED / model):
        if (candidate / HYPERPARAMS).is_file():
            return candidate.resolve()
    if (hub := HUB_ID.fullmatch(model)) and not Path(model).exists():
        return _from_hub(hub["id"], hub["revision"], search)
    known = sorted(path.parent.name for place in (search, SHIPPED) for path in place.glob(f"*/{HYPERPARAMS}"))
    raise ModelError(
        f"there is no speaker model {model!r}: not a directory with {HYPERPARAMS}, nor one of {', '.join(known)}; "
        "'python -m biometrics fetch' gets campplus"
    )


def _from_hub(identifier: str, revision: str | None, search: Path) -> Path:
    pinned_revision, sha256 = HUB_REVISIONS.get(identifier, (None, None))
    if revision is None and pinned_revision is None:
        raise ModelError(f"say which revision of {identifier} you mean: {identifier}@<commit>")
    revision = revision or pinned_revision
    directory = (search / f"{identifier.replace('/', '--')}@{revision[:12]}").resolve()
    if not (directory / CHECKPOINT).is_file():
        from huggingface_hub import snapshot_download

        log.info("fetching %s at %s from the model hub", identifier, revision)
        try:
            snapshot_download(
                identifier, revision=revision, local_dir=directory, allow_patterns=["*.yaml", "*.ckpt", "*.txt"]
            )
        except Exception as error:  # the hub's client raises its own, its HTTP client's and the system's errors
            message = f"{identifier} cannot be had from the model hub ({type(error).__name__}): without a network use campplus"
            raise ModelError(message) from error
    if sha256 and revision == pinned_revision and file_sha256(directory / CHECKPOINT) != sha256:
        raise ModelError(f"{directory / CHECKPOINT} is not the checkpoint pinned for {identifier}: delete {directory}")
    return directory


def _load(directory: Path) -> Any:
    # SpeechBrain prints and warns a good deal on import; a server's log has no use for it.
    os.environ.setdefault("SB_LOG_LEVEL", "WARNING")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from speechbrain.inference.speaker import SpeakerRecognition
        from speechbrain.utils.fetching import LocalStrategy

        torch.set_num_threads(1)
        # Hub models name themselves in pretrained_path; read them from where they lie instead of fetching again.
        text = (directory / HYPERPARAMS).read_text()
        overrides = {"pretrained_path": str(directory)} if re.search(r"^pretrained_path:", text, re.MULTILINE) else {}
        recognition = SpeakerRecognition.from_hparams(
            source=str(directory),
            overrides=overrides,
            local_strategy=LocalStrategy.NO_LINK,
            run_opts={"device": "cpu"},
        )
    _check_complete(directory, recognition)
    return recognition.eval()


def _check_complete(directory: Path, recognition: Any) -> None:
    """SpeechBrain only warns of parameters that a checkpoint lacks; a model half of random numbers must not judge."""
    import torch
    from speechbrain.utils.checkpoints import DEFAULT_TRANSFER_HOOKS, get_default_hook, torch_parameter_transfer

    module = recognition.mods.embedding_model
    if get_default_hook(module, DEFAULT_TRANSFER_HOOKS) is not torch_parameter_transfer:
        return  # the module has a loader of its own, which is strict
    stored = torch.load(directory / CHECKPOINT, map_location="cpu", weights_only=True)
    differing = sorted(set(stored) ^ set(module.state_dict()))
    if differing:
        raise ModelError(
            f"{directory / CHECKPOINT} does not belong to the encoder in {HYPERPARAMS}: {len(differing)} parameters "
            f"differ, such as {differing[0]}"
        )
