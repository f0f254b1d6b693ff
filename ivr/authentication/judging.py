"""What runs on the model's thread of the voice process. Nothing here raises: doubt and failure are INCONCLUSIVE, or make
no print."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass

from biometrics import (
    Keys,
    SealError,
    Taken,
    Verdict,
    Voiceprint,
    default_model,
    load_encoder,
    operating_point,
    seal,
    unseal,
    verify,
    verify_throughout,
)  # fmt: skip
from ivr.authentication.comparing import Look, nothing
from ivr.authentication.guiding import Ended, Guiding
from ivr.authentication.messages import Verify
from ivr.authentication.replays import guarded, remembered

log = logging.getLogger("ivr.voice")


@dataclass(frozen=True)
class Model:
    encoder: object
    operating_point: object | None
    problem: str = ""


def load_model(name: str) -> Model:
    """Where the runtime is imported."""
    try:
        accelerate = os.environ.get("IVR_SPEAKER_ACCELERATOR") != "0"
        encoder = load_encoder(name or default_model(), accelerate=accelerate)
        point = operating_point(encoder)
        problem = "" if point else f"model {encoder.name} has no calibration: run python -m biometrics calibrate"
        return Model(encoder, point, problem)
    except Exception as error:
        log.exception("the speaker model cannot be loaded; every answer will be INCONCLUSIVE")
        return Model(None, None, str(error) or type(error).__name__)


def judge(model: Model, key: bytes | Keys, asked: Verify, look: Look) -> tuple[Verdict, Voiceprint | None, bytes]:
    """With the print, if it opens, and what the look leaves to be remembered, sealed."""
    voiceprint = None
    try:
        if model.encoder is None:
            return nothing(model.problem), None, b""
        voiceprint = unseal(asked.sealed, key, asked.contact)
        compare = verify_throughout if look.of_answer else verify
        verdict = compare(model.encoder, voiceprint, look.heard, model.operating_point)
        verdict, left = guarded(verdict, asked, look.heard, voiceprint, look.new)
        return verdict, voiceprint, left
    except SealError as error:
        log.warning("verification %s: %s", asked.request, error)
        return nothing("unreadable_print"), None, b""
    except Exception:
        log.exception("verification %s failed; the answer is INCONCLUSIVE", asked.request)
        return nothing("failure"), voiceprint, b""


def learn(model: Model, key: bytes | Keys, guiding: Guiding, ended: Ended) -> tuple[Taken, bytes | None]:
    """The next utterance of an enrolment, and the sealed print if it was the last."""
    taken = guiding.judge(ended, model.encoder)
    try:
        sealed = seal(taken.voiceprint, key, guiding.asked.contact) if taken.voiceprint else None
        if taken.voiceprint:
            guiding.leaves = remembered(guiding.good, taken.voiceprint, guiding.asked.contact)
        return taken, sealed
    except Exception:
        log.exception("the voiceprint of enrolment %s could not be sealed", guiding.asked.request)
        return Taken("failure", taken.accepted, taken.needed), None
