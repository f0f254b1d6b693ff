"""The codecs of telephone lines, by real implementations: encode and decode again, 8 kHz mono.

libsndfile (with the soundfile wheel) has G.711 in both laws, GSM 06.10 full rate, and the ADPCM of G.726/G.723. AMR
narrow-band comes from libopencore-amrnb (Apache-2.0; Debian package libopencore-amrnb0), whose decoder also conceals lost
frames as a handset does.
"""

import ctypes
import ctypes.util
import functools
import io
from typing import Literal, get_args

import numpy as np
import soundfile

RATE = 8000  # Hz
FRAME = 160  # samples of a 20 ms frame
AMR_FRAME_BYTES = 32

Codec = Literal["mulaw", "alaw", "gsm", "g726_32", "g726_24", "amr"]
CODECS: tuple[Codec, ...] = get_args(Codec)

_IN_LIBSNDFILE = {
    "mulaw": ("RAW", "ULAW"),
    "alaw": ("RAW", "ALAW"),
    "gsm": ("RAW", "GSM610"),
    "g726_32": ("AU", "G721_32"),
    "g726_24": ("AU", "G723_24"),
}


class CodecMissing(Exception):
    """A codec named in the configuration is not installed on this machine."""


def check(codecs: tuple[Codec, ...]) -> None:
    """Raise CodecMissing, with what to install, unless all of these can be used here."""
    if "amr" in codecs:
        _amr()


def through(codec: Codec, samples: np.ndarray, lost: np.ndarray, amr_mode: int = 7) -> np.ndarray:
    """Encode, lose the 20 ms frames where `lost` is true, decode.

    `samples` is float32 in [-1, 1], 8 kHz; what lies outside is clipped as an analogue-to-digital converter would. `lost` has
    one entry a frame. The answer has the same length. Codecs other than AMR conceal a loss as most gateways do: the last
    frame once more, 6 dB softer each time.
    """
    pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
    if codec == "amr":
        return _through_amr(pcm, lost, amr_mode)
    container, subtype = _IN_LIBSNDFILE[codec]
    coded = io.BytesIO()
    soundfile.write(coded, pcm, RATE, format=container, subtype=subtype)
    coded.seek(0)
    # A headerless stream has to be described; every other container describes itself and refuses to be told.
    described = {"format": "RAW", "samplerate": RATE, "channels": 1, "subtype": subtype} if container == "RAW" else {}
    decoded, _ = soundfile.read(coded, dtype="float32", **described)
    return _conceal(_of_length(decoded, len(samples)), lost)


def _of_length(samples: np.ndarray, length: int) -> np.ndarray:
    return samples[:length] if len(samples) >= length else np.pad(samples, (0, length - len(samples)))


def _conceal(samples: np.ndarray, lost: np.ndarray) -> np.ndarray:
    if not lost.any():
        return samples
    concealed = samples.copy()
    for frame in np.flatnonzero(lost):
        here = slice(frame * FRAME, (frame + 1) * FRAME)
        before = concealed[(frame - 1) * FRAME : frame * FRAME] if frame else np.zeros(FRAME, np.float32)
        concealed[here] = 0.5 * before[: len(concealed[here])]
    return concealed


@functools.cache
def _amr() -> ctypes.CDLL:
    name = ctypes.util.find_library("opencore-amrnb")
    if name is None:
        raise CodecMissing(
            "the codec 'amr' needs libopencore-amrnb: install it (Debian: apt-get install libopencore-amrnb0), "
            "or take 'amr' out of channel.codecs in the training configuration"
        )
    library = ctypes.CDLL(name)
    library.Encoder_Interface_init.restype = ctypes.c_void_p
    library.Encoder_Interface_init.argtypes = [ctypes.c_int]
    library.Encoder_Interface_exit.argtypes = [ctypes.c_void_p]
    library.Encoder_Interface_Encode.argtypes = [
        ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int,
    ]  # fmt: skip
    library.Decoder_Interface_init.restype = ctypes.c_void_p
    library.Decoder_Interface_exit.argtypes = [ctypes.c_void_p]
    library.Decoder_Interface_Decode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return library


def _through_amr(pcm: np.ndarray, lost: np.ndarray, mode: int) -> np.ndarray:
    library = _amr()
    padded = np.ascontiguousarray(np.pad(pcm, (0, -len(pcm) % FRAME)))
    decoded = np.empty_like(padded)
    packet = ctypes.create_string_buffer(AMR_FRAME_BYTES)
    encoder, decoder = library.Encoder_Interface_init(0), library.Decoder_Interface_init()
    try:
        for frame in range(len(padded) // FRAME):
            offset = frame * FRAME * padded.itemsize
            library.Encoder_Interface_Encode(encoder, mode, padded.ctypes.data + offset, packet, 0)
            library.Decoder_Interface_Decode(decoder, packet, decoded.ctypes.data + offset, int(lost[frame]))
    finally:
        library.Encoder_Interface_exit(encoder)
        library.Decoder_Interface_exit(decoder)
    return decoded[: len(pcm)].astype(np.float32) / 32768
