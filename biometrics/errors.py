"""The errors of this package. Each message says what happened, where, and what to do."""


class BiometricsError(Exception):
    """Anything this package raises on purpose."""


class AudioError(BiometricsError):
    """Audio that cannot be used. ``reason`` is one of not_audio, empty, not_finite, two_channels, too_long."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ModelError(BiometricsError):
    """A speaker model that cannot be found, read or trusted."""


class ModelMismatchError(BiometricsError):
    """A voiceprint, calibration or embedding that belongs to another model; such things are never compared."""


class SealError(BiometricsError):
    """A sealed voiceprint that does not open: wrong key, wrong contact, changed or not a voiceprint at all."""


class CalibrationError(BiometricsError):
    """A calibration that cannot be learnt from the trials given, or a calibration file that cannot be read."""


class ReceiptError(BiometricsError):
    """A receipt that cannot be written or read; a decision without its receipt must not be acted upon."""
