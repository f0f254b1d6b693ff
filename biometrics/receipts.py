"""Receipts: what was decided about whom on what grounds, one JSON line a decision, each bound to the one before.

A receipt is canonical JSON (sorted keys, no spaces, ASCII) and a newline. ``hash`` is SHA-256 over the line without it,
or HMAC-SHA-256 where there is a key; ``previous`` is the hash of the line before. So a changed, moved, inserted or removed
line is found. What a chain cannot show by itself: that lines are missing at its *end* (compare with a head hash kept
elsewhere), and, without a key, that somebody rewrote it all from some line on.

The file holds no voice, no print and no name: a contact is an opaque reference, a print the hash of its sealed form.
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from biometrics.enrolment import EnrolmentResult, utc_now
from biometrics.errors import ReceiptError
from biometrics.verification import Verdict
from biometrics.voiceprint import Voiceprint

log = logging.getLogger(__name__)

FORMAT = 1
FIRST_PREVIOUS = "0" * 64
LONGEST_LINE_BYTES = 1 << 16
SHORTEST_KEY_BYTES = 32


@dataclass(frozen=True)
class Enrolment:
    """Which print a decision is about. ``contact``: an opaque reference; ``print_sha256``: of the sealed print."""

    contact: str
    print_sha256: str | None = None
    created: str | None = None
    utterances: int | None = None


@dataclass(frozen=True)
class ChallengePut:
    """Words that were asked for in the call. ``attempt``: the last one, from 1; 0: none was asked for, although ACCEPTED
    took it. ``said``: whether its words were right; None: it was over before that was known. ``judged``: how many answers with
    the right words were looked at, two as one utterance."""

    attempt: int = 0
    said: bool | None = None
    judged: int = 0


def read_key(text: str) -> bytes:
    """The key of a chain from its base64 form; ``ReceiptError`` if it is not base64 or under 32 bytes."""
    try:
        key = base64.urlsafe_b64decode(text.strip())
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < SHORTEST_KEY_BYTES:
        raise ReceiptError(
            f"a receipt key is {SHORTEST_KEY_BYTES} or more random bytes in base64 ('ivr key' makes one)"
        )
    return key


def opaque_reference(contact: str, key: bytes) -> str:
    """The same for the same contact and key, and no way back to the contact without the key: 32 hex digits."""
    return hmac.new(key, b"contact of a receipt:" + contact.encode(), hashlib.sha256).hexdigest()[:32]


def enrolment_of(contact: str, sealed: bytes | None, voiceprint: Voiceprint | None) -> Enrolment:
    """The print a decision is about; ``contact`` must already be opaque (``opaque_reference``)."""
    return Enrolment(
        contact,
        hashlib.sha256(sealed).hexdigest() if sealed else None,
        voiceprint.created.astimezone(UTC).isoformat() if voiceprint else None,
        len(voiceprint.embeddings) if voiceprint else None,
    )


def of_verdict(request: str, verdict: Verdict, enrolment: Enrolment, challenge: ChallengePut | None = None) -> dict:
    """The body of a verification's receipt. ``request``: the caller's own id of the question; ``challenge`` None: a voice
    that matches was enough."""
    far = verdict.target_far
    return {
        "kind": "verification",
        "request": request,
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "llr": verdict.score,
        "threshold": verdict.threshold,
        "far": None if far is None else {"target": far, "interval_95": verdict.far_interval_95},
        "net_speech_seconds": verdict.net_speech_seconds,
        "snr_db": verdict.snr_db,
        "model": _model(verdict.model_name, verdict.model_class, verdict.model_sha256),
        "calibration_sha256": verdict.calibration_sha256,
        "challenge": None if challenge is None else asdict(challenge),
        "enrolment": asdict(enrolment),
    }


def of_enrolment(
    request: str, result: EnrolmentResult, enrolment: Enrolment, model_name: str, model_class: str, model_sha256: str
) -> dict:
    """The body of an enrolment's receipt: ENROLLED, or REFUSED with the reason."""
    return {
        "kind": "enrolment",
        "request": request,
        "outcome": "ENROLLED" if result.voiceprint else "REFUSED",
        "reason": result.refusal or "enrolled",
        "net_speech_seconds": result.net_speech_seconds,
        "model": _model(model_name, model_class, model_sha256),
        "enrolment": asdict(enrolment),
    }


def _model(name: str, class_name: str, sha256: str) -> dict:
    return {"name": name, "class": class_name, "sha256": sha256}


class ReceiptFile:
    """Appends to one file. Several processes may: the chain is locked, read at its end and continued for each line."""

    def __init__(self, path: Path, key: bytes | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.path, self._key, self._now = path, key, now

    def write(self, body: dict) -> str:
        """Append a receipt, on the disk when this returns; its hash. ``ReceiptError`` if that cannot be promised."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked() as file:
                moved = self._move_torn_line(file)
                if moved is not None:
                    self._append(file, moved)
                return self._append(file, body)
        except (OSError, ValueError, TypeError) as error:
            raise ReceiptError(f"{self.path}: the receipt cannot be written: {error}") from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        new = not self.path.exists()
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if new:
                _sync_directory(self.path.parent)
            yield file
        finally:
            os.close(file)  # releases the lock

    def _append(self, file: int, body: dict) -> str:
        size = os.fstat(file).st_size
        sequence, previous = self._end(file, size)
        line = {
            "format": FORMAT,
            "sequence": sequence,
            "time": self._now().astimezone(UTC).isoformat(),
            "keyed": self._key is not None,
            "previous": previous,
            **body,
        }
        line["hash"] = _hash(line, self._key)
        data = canonical(line) + b"\n"
        if len(data) > LONGEST_LINE_BYTES:
            raise ValueError(f"a receipt of {len(data)} bytes; {LONGEST_LINE_BYTES} is the most")
        try:
            if os.write(file, data) != len(data):
                raise OSError("only a part could be written: is the disk full?")
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)  # nobody will act on it, so it does not stand there
            raise
        return line["hash"]

    def _end(self, file: int, size: int) -> tuple[int, str]:
        """(number of the next line, hash of the last one), from the last line, which is checked."""
        if size == 0:
            return 0, FIRST_PREVIOUS
        last = _tail(file, size).rstrip(b"\n").rsplit(b"\n", 1)[-1]
        line, problem = _parsed(last, self._key)
        if problem:
            raise ReceiptError(
                f"{self.path}: its last line is wrong ({problem}): keep the file, move it aside, go on anew"
            )
        return line["sequence"] + 1, line["hash"]

    def _move_torn_line(self, file: int) -> dict | None:
        """A process was killed in the middle of a line, whose decision was therefore never acted upon: the piece goes
        to FILE.torn and the chain says so. None where all is whole."""
        size = os.fstat(file).st_size
        if size == 0:
            return None
        tail = _tail(file, size)
        torn = tail[tail.rfind(b"\n") + 1 :]
        if not torn:
            return None
        if len(torn) == len(tail) and len(torn) < size:
            raise ReceiptError(f"{self.path} ends in no receipt: keep the file, move it aside, go on anew")
        aside = self.path.with_name(self.path.name + ".torn")
        with aside.open("ab") as pieces:
            pieces.write(torn + b"\n")
            pieces.flush()
            os.fsync(pieces.fileno())
        os.ftruncate(file, size - len(torn))
        log.error(
            "%s ended in a torn line of %d bytes (a kill while writing?): moved to %s", self.path, len(torn), aside
        )
        return {"kind": "torn_line", "bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}


def canonical(line: dict) -> bytes:
    """The one way to write these values down as JSON."""
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


@dataclass(frozen=True)
class Checked:
    """``wrong_line`` (from 1) and ``problem`` name the first line that is wrong; None where the whole chain holds."""

    receipts: int
    head: str
    wrong_line: int | None = None
    problem: str | None = None


def check(path: Path, key: bytes | None = None, anchor: str | None = None) -> Checked:
    """Check every line of a chain, and that ``anchor`` (a head hash noted earlier, elsewhere) is still one of them.

    ``ReceiptError`` where the file cannot be read.
    """
    previous, count, anchored = FIRST_PREVIOUS, 0, anchor is None
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if not raw.endswith(b"\n"):
                    return Checked(count, previous, number, "is torn: it has no end (a kill while writing, or a cut)")
                line, problem = _parsed(raw[:-1], key)
                if not problem and line["previous"] != previous:
                    problem = "does not follow the line before: one was changed, taken out or put in"
                if not problem and line["sequence"] != count:
                    problem = f"is number {line['sequence']} where {count} belongs"
                if problem:
                    return Checked(count, previous, number, problem)
                previous, count = line["hash"], count + 1
                anchored = anchored or previous == anchor
    except OSError as error:
        raise ReceiptError(f"{path} cannot be read: {error}") from error
    if not anchored:
        return Checked(count, previous, count + 1, "is missing: the anchor is the hash of no line; the end was cut off")
    return Checked(count, previous)


def _parsed(raw: bytes, key: bytes | None) -> tuple[dict, str | None]:
    """(the line, what is wrong with it by itself or None)."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return {}, "is not JSON"
    if not isinstance(line, dict) or line.get("format") != FORMAT:
        return {}, f"is no receipt of format {FORMAT}"
    if line.get("keyed") is not (key is not None):
        return line, "was written with a key: give it" if line.get(
            "keyed"
        ) else "was written without the key that is given"
    try:
        whole = canonical(line) == raw
    except (ValueError, TypeError):
        whole = False
    stored = line.get("hash")
    unsigned = {name: value for name, value in line.items() if name != "hash"}
    if not whole or not isinstance(stored, str) or not isinstance(line.get("sequence"), int):
        return line, "was changed: it is not written as receipts are"
    if not hmac.compare_digest(stored.encode(), _hash(unsigned, key).encode()):
        return line, "was changed, or the key is another: its hash is not that of its content"
    return line, None


def _hash(line: dict, key: bytes | None) -> str:
    data = canonical(line)
    return hmac.new(key, data, hashlib.sha256).hexdigest() if key else hashlib.sha256(data).hexdigest()


def _tail(file: int, size: int) -> bytes:
    """The end of the file, enough for the last two lines."""
    length = min(size, 2 * LONGEST_LINE_BYTES)
    return os.pread(file, length, size - length)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
