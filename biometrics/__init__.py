"""Voice biometrics for telephone calls: enrolment, verification and three honest answers.

Stands alone (numpy, torch, SpeechBrain, ONNX Runtime; no web framework, no database). Importing it never imports torch;
only ``load_encoder`` does, where no accelerator serves. See README.md.
"""

from biometrics.audio import decode_ulaw, encode_ulaw
from biometrics.calibration import OperatingPoint, operating_point
from biometrics.duplicates import Duplicate, DuplicateSearch, find_duplicates
from biometrics.encoder import Encoder, default_model, load_encoder
from biometrics.enrolment import Enrolment, EnrolmentPolicy, EnrolmentResult, Taken, enrol
from biometrics.errors import (
    AudioError,
    BiometricsError,
    CalibrationError,
    ModelError,
    ModelMismatchError,
    SealError,
)
from biometrics.keys import Keys, key_id
from biometrics.speech import Quality, Utterance
from biometrics.throughout import leaves_open, verify_throughout
from biometrics.verification import Outcome, Verdict, VerificationPolicy, verify
from biometrics.voiceprint import Voiceprint, is_sealed_with, key_id_of, reseal, seal, unseal

__all__ = [
    "AudioError",
    "BiometricsError",
    "CalibrationError",
    "Duplicate",
    "DuplicateSearch",
    "Encoder",
    "Enrolment",
    "EnrolmentPolicy",
    "EnrolmentResult",
    "Keys",
    "ModelError",
    "ModelMismatchError",
    "OperatingPoint",
    "Outcome",
    "Quality",
    "SealError",
    "Taken",
    "Utterance",
    "Verdict",
    "VerificationPolicy",
    "Voiceprint",
    "decode_ulaw",
    "default_model",
    "encode_ulaw",
    "enrol",
    "find_duplicates",
    "is_sealed_with",
    "key_id",
    "key_id_of",
    "leaves_open",
    "load_encoder",
    "operating_point",
    "reseal",
    "seal",
    "unseal",
    "verify",
    "verify_throughout",
]
