"""The one door to ONNX Runtime."""

import os
from types import ModuleType

TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"


def onnx_runtime() -> ModuleType:
    """``onnxruntime``, kept from telling its maker.

    From 1.31 on its Linux wheels keep a device id and a database of events in the user's cache directory and send them away; the
    variable must be set before the first import. ``ImportError`` where it is not installed.
    """
    os.environ[TELEMETRY_OFF] = "1"
    import onnxruntime

    return onnxruntime
