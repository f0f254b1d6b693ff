"""All prints on file, opened: to look for one voice under two names, and to change the key that seals them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from biometrics import DuplicateSearch, Keys, SealError, Voiceprint, find_duplicates, is_sealed_with, reseal, unseal
from biometrics.calibration import load_calibration
from ivr.store import voiceprints
from ivr.store.database import Database
from ivr.store.voiceprints import StoredPrint

AT_ONCE = 200


@dataclass(frozen=True)
class OpenedPrints:
    """``closed``: contacts whose print does not open, with why."""

    prints: dict[str, Voiceprint]
    closed: dict[str, str]


@dataclass(frozen=True)
class Resealing:
    """How many prints were sealed anew, were so already, and changed or went meanwhile; which do not open, with why."""

    resealed: int
    already: int
    changed_meanwhile: int
    closed: dict[str, str]


def open_prints(db: Database, keys: Keys) -> OpenedPrints:
    prints, closed = {}, {}
    for stored in _all(db):
        try:
            prints[stored.contact] = unseal(stored.sealed, keys, stored.contact)
        except SealError as error:
            closed[stored.contact] = str(error)
    return OpenedPrints(prints, closed)


def duplicates(
    prints: dict[str, Voiceprint], of: Collection[str] | None, false_flags: float
) -> dict[str, DuplicateSearch | None]:
    """One search for each model (by sha256), for prints of two models are never compared; None: the model has no
    calibration, so nobody knows what its scores mean."""
    found: dict[str, DuplicateSearch | None] = {}
    for model in sorted({each.model_sha256 for each in prints.values()}):
        of_model = {contact: each for contact, each in prints.items() if each.model_sha256 == model}
        calibration = load_calibration(model)
        found[model] = find_duplicates(calibration, of_model, of, false_flags) if calibration else None
    return found


def rotate(db: Database, keys: Keys) -> Resealing:
    """Seal every print with ``keys.sealing``. Each is replaced by itself and only if it is still the one that was read, so
    calls go on meanwhile, and a run that was ended is run again."""
    resealed, already, changed, closed = 0, 0, 0, {}
    for stored in _all(db):
        if is_sealed_with(stored.sealed, keys.sealing):
            already += 1
            continue
        try:
            anew = reseal(stored.sealed, keys, stored.contact)
        except SealError as error:
            closed[stored.contact] = str(error)
            continue
        if voiceprints.replace_seal(db, stored.contact, stored.sealed, anew):
            resealed += 1
        else:
            changed += 1
    return Resealing(resealed, already, changed, closed)


def _all(db: Database) -> Iterator[StoredPrint]:
    after = ""
    while found := voiceprints.stored_after(db, after, AT_ONCE):
        yield from found
        after = found[-1].contact
