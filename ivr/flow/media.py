"""Pictures and documents beside the flows: what a file is, told by its content and not by its name. Pure."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Mapping

import msgspec

from ivr.errors import Mistake

MEDIA = "media"  # the directory beside the flows
FILE_BYTES_MAX = 300 * 1024  # of one file: three seconds on a slow phone network (1 Mbit/s)
FILES_MAX = 64
SIDE_MAX = 4096  # pixels: what every phone can draw; a small file can hold a picture that fills its memory
TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "pdf": "application/pdf",
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}\.([a-z0-9]{1,5})")
_ACTIVE = re.compile(rb"/(JavaScript|Launch|EmbeddedFile|RichMedia|SubmitForm)\b")


class MediaFile(msgspec.Struct, frozen=True):
    type: str  # e.g. image/png
    size: int  # bytes
    width: int = 0  # pixels; 0 = no picture
    height: int = 0

    @property
    def is_picture(self) -> bool:
        return self.type.startswith("image/")


def is_media(name: str) -> bool:
    """Whether a file of a bundle is media: its name starts with ``media/``."""
    return name.startswith(f"{MEDIA}/")


def media_name(name: str) -> str:
    return name.removeprefix(f"{MEDIA}/")


def read_media_files(files: Mapping[str, bytes], shown_in: str, mistakes: list[Mistake]) -> dict[str, MediaFile]:
    """The media among a bundle's files, by name without the directory; what cannot be served is a mistake."""
    media: dict[str, MediaFile] = {}
    names = sorted(filter(is_media, files))
    if len(names) > FILES_MAX:
        problem = f"holds {len(names)} files"
        mistakes.append(Mistake(f"{shown_in}{MEDIA}", 1, problem, f"at most {FILES_MAX}: they are stored for ever"))
        return media
    for name in names:
        try:
            media[media_name(name)] = read_media(media_name(name), files[name])
        except ValueError as error:
            problem, _, remedy = str(error).partition(" | ")
            mistakes.append(Mistake(shown_in + name, 1, problem, remedy))
    return media


def read_media(name: str, content: bytes) -> MediaFile:
    """Raises ValueError: what is wrong, " | ", what to do."""
    matched = _NAME.fullmatch(name)
    if matched is None:
        raise ValueError("its name cannot be part of an address | use a-z, 0-9, - and _, and an ending like .png")
    ending = matched[1]
    if ending not in TYPES:
        why = ": it can hold scripts" if ending in ("svg", "html", "htm") else ""
        raise ValueError(f"a file .{ending} cannot be shown{why} | use png, jpg, webp or pdf")
    if len(content) > FILE_BYTES_MAX:
        raise ValueError(f"has more than {FILE_BYTES_MAX // 1024} KiB, too slow on a phone | make it smaller")
    type = TYPES[ending]
    try:
        width, height = _READERS[type](content)
    except (ValueError, IndexError, struct.error) as error:
        detail = f": {error}" if isinstance(error, ValueError) and str(error) else ""
        raise ValueError(f"is not what its name says{detail} | save it as .{ending} again, or rename it") from None
    if max(width, height) > SIDE_MAX:
        raise ValueError(f"is {width} × {height} pixels | at most {SIDE_MAX} a side")
    return MediaFile(type, len(content), width, height)


def _png(content: bytes) -> tuple[int, int]:
    """Walks the chunks (PNG, third edition, 5.3): nothing may follow the last one."""
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        raise ValueError
    at, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        (checksum,) = struct.unpack_from(">I", content, at + 8 + length)
        if zlib.crc32(content[at + 4 : at + 8 + length]) != checksum:
            raise ValueError("it is damaged")
        at += 12 + length
    if at != len(content):
        raise ValueError("something follows the picture")
    width, height = struct.unpack_from(">II", content, 16)
    return _sides(width, height)


def _jpeg(content: bytes) -> tuple[int, int]:
    """The frame header (ITU-T T.81, B.2.2) tells the size."""
    if content[:3] != b"\xff\xd8\xff" or content[-2:] != b"\xff\xd9":
        raise ValueError
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", content, at)
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", content, at + 5)
            return _sides(width, height)
        if marker < 0xFFC0 or length < 2:
            raise ValueError
        at += 2 + length


def _webp(content: bytes) -> tuple[int, int]:
    """The first chunk (RFC 9649) tells the size."""
    if (
        content[:4] != b"RIFF"
        or content[8:12] != b"WEBP"
        or struct.unpack_from("<I", content, 4)[0] + 8 != len(content)
    ):
        raise ValueError
    match content[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", content, 26)
            return _sides(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", content, 21)
            return _sides((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            low = int.from_bytes(content[24:27], "little"), int.from_bytes(content[27:30], "little")
            return _sides(low[0] + 1, low[1] + 1)
    raise ValueError


def _pdf(content: bytes) -> tuple[int, int]:
    """A document has no size in pixels. What acts by itself is refused where it can be seen."""
    if not re.match(rb"%PDF-[12]\.[0-9]", content) or b"%%EOF" not in content[-1024:]:
        raise ValueError
    if _ACTIVE.search(content):
        raise ValueError("it holds a script, a form or another file")
    return 0, 0


def _sides(width: int, height: int) -> tuple[int, int]:
    if not width or not height:
        raise ValueError
    return width, height


_READERS: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp, "application/pdf": _pdf,
}  # fmt: skip
