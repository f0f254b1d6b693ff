"""What may lie in media/: told by the content, not by the name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from ivr.errors import FlowMistakes
from ivr.flow.loader import load_bundle, parse_bundle
from ivr.flow.media import FILE_BYTES_MAX, MediaFile, read_media

FLOW = b"""schema: duet/1
flow: shop
title: The Shop
language: en-GB
start: hello
person: clerk
steps:
  hello: {show: {picture: shop.png, alt: The shop}, next: clerk}
  clerk: {queue: shop, prompt: Hold., waiting: Wait., unavailable: bye, finished: bye}
  bye: {hangup: Goodbye.}
"""


def png(width: int = 4, height: int = 3, padding: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    more = chunk(b"tEXt", b"x" * padding) if padding else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


JPEG = bytes.fromhex("ffd8 ffe0 0004 0000 ffc0 000b 08 0003 0004 01 01 11 00 ffda 0002 ffd9")
WEBP = (
    b"RIFF"
    + struct.pack("<I", 22)
    + b"WEBPVP8L"
    + struct.pack("<I", 9)
    + b"\x2f"
    + struct.pack("<I", 3 | 2 << 14)
    + b"\0" * 5
)
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [("a.png", png(), "image/png"), ("a.jpg", JPEG, "image/jpeg"), ("a.webp", WEBP, "image/webp")],
)
def test_a_picture_is_known_with_its_size(name: str, content: bytes, type: str) -> None:
    assert read_media(name, content) == MediaFile(type, len(content), 4, 3)


def test_a_document_is_known() -> None:
    assert read_media("terms.pdf", PDF) == MediaFile("application/pdf", len(PDF))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.svg", b"<svg/>", "it can hold scripts"),
        ("a.html", b"<script>", "it can hold scripts"),
        ("a.exe", b"MZ", "cannot be shown"),
        ("a.png", b"<html><script>alert(1)</script>", "is not what its name says"),
        ("a.png", JPEG, "is not what its name says"),
        ("a.png", png()[:-3], "is not what its name says"),
        ("a.png", png().replace(b"IDAT", b"IDAX"), "it is damaged"),
        ("a.png", png() + b"<script>", "something follows the picture"),
        ("a.png", png(0, 3), "is not what its name says"),
        ("a.png", png(60_000, 60_000), "at most 4096 a side"),
        ("a.png", png(padding=FILE_BYTES_MAX), "more than 300 KiB"),
        ("a.jpg", JPEG[:-2], "is not what its name says"),
        ("a.jpg", b"\xff\xd8\xff\xe0\x00\x00\xff\xd9", "is not what its name says"),
        ("a.webp", WEBP + b"\0", "is not what its name says"),
        ("a.pdf", b"%PDF-1.4\n", "is not what its name says"),
        ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>"), "holds a script"),
        ("../a.png", png(), "its name cannot be part of an address"),
        ("A b.png", png(), "its name cannot be part of an address"),
        ("a.png", b"", "is not what its name says"),
    ],
)
def test_what_cannot_be_served_is_told(name: str, content: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_media(name, content)


@pytest.mark.parametrize("content", [png(), JPEG, WEBP, PDF])
def test_no_prefix_of_a_file_is_more_than_a_mistake(content: bytes) -> None:
    for end in range(len(content)):
        for name in ("a.png", "a.jpg", "a.webp", "a.pdf"):
            try:
                read_media(name, content[:end])
            except ValueError:
                continue


def test_a_mistake_in_media_names_the_file() -> None:
    with pytest.raises(FlowMistakes) as caught:
        parse_bundle({"shop.yaml": FLOW, "media/shop.png": b"GIF89a"}, shown_in="flows/")
    (told,) = map(str, caught.value.mistakes)
    assert told == "flows/media/shop.png:1: is not what its name says (save it as .png again, or rename it)"


def test_a_document_is_not_a_picture() -> None:
    flow = FLOW.replace(b"shop.png", b"shop.pdf")
    with pytest.raises(FlowMistakes, match="shop.pdf is not a picture"):
        parse_bundle({"shop.yaml": flow, "media/shop.pdf": PDF})


def test_a_file_that_nobody_shows_is_a_warning() -> None:
    bundle = parse_bundle({"shop.yaml": FLOW, "media/shop.png": png(), "media/old.png": png()})
    assert [str(each) for each in bundle.warnings] == [
        "media/old.png:1: no card shows this file (delete it, or show it)"
    ]


def test_media_are_part_of_the_bundle(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_bytes(FLOW)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "shop.png").write_bytes(png())
    (tmp_path / "media" / ".hidden").write_bytes(b"an editor's")
    before = load_bundle(tmp_path)
    assert set(before.files) == {"shop.yaml", "media/shop.png"}
    assert before.flows["shop"].media["shop.png"].width == 4
    assert load_bundle(tmp_path / "shop.yaml") == before == parse_bundle(before.files)
    (tmp_path / "media" / "shop.png").write_bytes(png(5))
    assert load_bundle(tmp_path).hash != before.hash


def test_media_alone_are_no_flow(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "shop.png").write_bytes(png())
    with pytest.raises(FlowMistakes, match="holds no flow"):
        load_bundle(tmp_path)
