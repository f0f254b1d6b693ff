"""Voice biometrics for telephone calls: enrolment, verification and three honest answers.

Stands alone (numpy, torch, SpeechBrain, ONNX Runtime; no web framework, no database). Importing it never imports torch;
only ``load_encoder`` does, where no accelerator serves. See README.md.
"""

from biometrics.audio import decode_ulaw, encode_ulaw
from biometrics.calibration import OperatingPoint, operating_point
from biometrics.encoder import Encoder, default_model, load_encoder
from biometrics.enrolment import EnrolmentPolicy, EnrolmentResult, enrol
from biometrics.errors import (
    AudioError,
    BiometricsError,
    CalibrationError,
    ModelError,
    ModelMismatchError,
    SealError,
)
from biometrics.speech import Quality, Utterance
from biometrics.verification import Outcome, Verdict, VerificationPolicy, verify
from biometrics.voiceprint import Voiceprint, seal, unseal

__all__ = [
    "AudioError",
    "BiometricsError",
    "CalibrationError",
    "Encoder",
    "EnrolmentPolicy",
    "EnrolmentResult",
    "ModelError",
    "ModelMismatchError",
    "OperatingPoint",
    "Outcome",
    "Quality",
    "SealError",
    "Utterance",
    "Verdict",
    "VerificationPolicy",
    "Voiceprint",
    "decode_ulaw",
    "default_model",
    "encode_ulaw",
    "enrol",
    "load_encoder",
    "operating_point",
    "seal",
    "unseal",
    "verify",
]
