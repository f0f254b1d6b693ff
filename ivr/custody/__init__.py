"""``ivr contact enrol | duplicates | forget | opt-out | opt-in | export`` and ``ivr voiceprint rotate | verify-erasures``."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import msgspec

from ivr.errors import DuetError

Add = Callable[..., argparse.ArgumentParser]


class CustodyError(DuetError):
    """Something about a voiceprint cannot be done as asked."""


def add_commands(add: Add, contact: object, voiceprint: object) -> None:
    """``add`` makes one command under one of the two groups."""

    def command(name: str, run: Callable, help: str, under: object = contact) -> argparse.ArgumentParser:
        added = add(name, run, help, under)
        added.add_argument("--json", action="store_true", help="print one JSON object")
        return added

    enrol = command("enrol", _enrol, "Make voiceprints of people on file from a manifest of recordings and consents.")
    enrol.add_argument(
        "manifest", type=Path, help="csv: contact (customer number), path, consent_… (biometrics/README.md)"
    )
    enrol.add_argument("--results", type=Path, metavar="CSV", help="a row a speaker (default: beside the manifest)")

    search = command("duplicates", _duplicates, "Look for one voice under two names, for a person to look into.")
    search.add_argument("customer_number", nargs="*", help="compare these with everybody (default: all with all)")
    search.add_argument(
        "--false-flags",
        type=float,
        default=0.5,
        metavar="N",
        help="pairs of strangers to expect in one search (%(default)s)",
    )

    forget = command("forget", _forget, "Delete a contact's voiceprint now, and print the receipt.")
    opt_out = command("opt-out", _opt_out, "Never use this person's voice; also for a number that is not on file.")
    opt_in = command("opt-in", _opt_in, "The person allows voice recognition again; nothing is made by this.")
    for one in (forget, opt_out, opt_in):
        one.add_argument(
            "number", help="customer number" + ("" if one is forget else ", or phone number such as +447700900101")
        )
        one.add_argument("--by", default="", help="who does it, for the receipt (default: you)")

    export = command("export", _export, "Everything that is held about a contact, as JSON.")
    export.add_argument("number", help="customer number, or the id of a contact who has been deleted")
    export.add_argument("--out", type=Path, metavar="FILE", help="write it there (readable by you alone)")
    export.add_argument("--print", dest="with_print", action="store_true", help="with the sealed voiceprint itself")

    command("rotate", _rotate, "Seal all prints of IVR_VOICEPRINT_KEY_OLD with IVR_VOICEPRINT_KEY.", voiceprint)

    verify = command("verify-erasures", _verify_erasures, "Check the chain of the receipts of deletions.", voiceprint)
    verify.add_argument(
        "--anchor", metavar="HASH", help="of a receipt that was noted elsewhere: it must still be there"
    )


def operator(name: str = "") -> str:
    """Whoever works at this terminal, as receipts name them."""
    try:
        return f"operator:{name or getpass.getuser()}"
    except (KeyError, OSError):  # a container whose user has no name
        return "operator"


def _opened():
    """The database and the keys of the prints in it."""
    from ivr.app import open_store
    from ivr.authentication.print_keys import print_keys
    from ivr.settings import read

    settings = read()
    return open_store(settings), print_keys(settings.voiceprint_key, settings.voiceprint_key_old)


def _on_file(db, number: str):
    from ivr.store import contacts

    found = contacts.by_customer_number(db, number)
    if found is None:
        raise CustodyError(f"no contact has customer number {number}; 'ivr contact add' puts one on file")
    return found


def _enrol(options: argparse.Namespace) -> int:
    from biometrics import BiometricsError, load_encoder
    from biometrics.batch import read_manifest
    from biometrics.enrol_commands import tell_batch, track_batch
    from ivr.app import utc_now
    from ivr.custody.enrolling import enrol_manifest
    from ivr.settings import read

    db, keys = _opened()
    results = options.results or options.manifest.with_suffix(".results.csv")
    try:
        speakers = read_manifest(options.manifest)
        encoder = load_encoder(read().speaker_model, accelerate=read().speaker_accelerator)
        outcomes = enrol_manifest(db, encoder, keys, options.manifest, speakers, results, utc_now)
        outcome = track_batch(speakers, outcomes)
    except BiometricsError as error:
        raise CustodyError(str(error)) from error
    enrolled = [each.contact for each in outcome if each.enrolled]
    search = _search(db, keys, enrolled, 0.5)[0].get(encoder.sha256)
    return tell_batch(outcome, search, results, options.json)


def _search(db, keys, customer_numbers: list[str] | None, false_flags: float):
    """Searches by model with customer numbers for contacts, and the prints that do not open, likewise."""
    from dataclasses import replace

    from ivr.custody.prints import duplicates, open_prints
    from ivr.store import contacts

    names = {contact.id: contact.customer_number for contact in contacts.all_contacts(db)}
    opened = open_prints(db, keys)
    of = None if customer_numbers is None else {id for id, number in names.items() if number in set(customer_numbers)}

    def named(search):
        return search and replace(
            search,
            found=tuple(replace(each, contact=names[each.contact], other=names[each.other]) for each in search.found),
        )

    searches = {model: named(each) for model, each in duplicates(opened.prints, of, false_flags).items()}
    return searches, {names[contact]: why for contact, why in opened.closed.items()}


def _duplicates(options: argparse.Namespace) -> int:
    from biometrics.enrol_commands import tell_duplicates

    db, keys = _opened()
    asked = [_on_file(db, number).customer_number for number in options.customer_number] or None
    searches, closed = _search(db, keys, asked, options.false_flags)
    if options.json:
        by_model = {model: asdict(search) if search else None for model, search in searches.items()}
        print(json.dumps({"models": by_model, "not_opened": closed}))
        return 1 if closed else 0
    for model, search in searches.items():
        print(f"prints of model {model[:12]}:")
        tell_duplicates(search)
    if len(searches) > 1:
        print("prints of different models are never compared: have the older ones enrolled again")
    return _tell_closed(closed)


def _tell_closed(closed: dict[str, str]) -> int:
    for contact, why in closed.items():
        print(f"{contact}: {why}", file=sys.stderr)
    return 1 if closed else 0


def _forget(options: argparse.Namespace) -> int:
    from ivr.app import utc_now
    from ivr.store import voiceprints
    from ivr.store.erasures import Reason

    db, _ = _opened()
    contact = _on_file(db, options.number)
    receipt = voiceprints.delete_voiceprint(db, contact.id, utc_now(), Reason.OPERATOR, operator(options.by))
    tell_receipt(receipt, options.json)
    return 0


def tell_receipt(receipt, as_json: bool) -> None:
    """What shows that a print is gone."""
    if as_json:
        print(json.dumps(msgspec.to_builtins(receipt)))
    elif receipt is None:
        print("there was no voiceprint; the consent, if there was one, is withdrawn")
    else:
        print(
            f"voiceprint {receipt.sealed_sha256} of contact {receipt.contact} (made {receipt.made_at:%Y-%m-%d}, model "
            f"{receipt.model_sha256[:12]}) was deleted at {receipt.erased_at:%Y-%m-%d %H:%M:%S} UTC by {receipt.erased_by}: "
            f"{receipt.reason} (receipt {receipt.hash})"
        )


def _with_number(reader, number: str) -> list:
    """Everybody on file with this customer number or phone number: several may share a phone."""
    from ivr.store import contacts

    return [one for one in contacts.all_contacts(reader) if number in (one.customer_number, one.number)]


def _opt_out(options: argparse.Namespace) -> int:
    from ivr.app import utc_now
    from ivr.store import refusals, voiceprints
    from ivr.store.database import write
    from ivr.store.instants import to_microseconds

    db, _ = _opened()
    now, by = to_microseconds(utc_now()), operator(options.by)

    def job(transaction):
        refusals.refuse_unknown(transaction, options.number, now, by)
        return [
            (one, voiceprints.opt_out(transaction, one.id, now, by))
            for one in _with_number(transaction, options.number)
        ]

    people = write(db, job)
    if options.json:
        print(json.dumps(msgspec.to_builtins([{"contact": one.id, "erasure": receipt} for one, receipt in people])))
        return 0
    for one, receipt in people:
        print(f"{one.name}: their voice is never used")
        tell_receipt(receipt, as_json=False)
    if not people:
        print(f"nobody on file has {options.number}; whoever is put on file with it is never enrolled")
    return 0


def _opt_in(options: argparse.Namespace) -> int:
    from ivr.store import refusals
    from ivr.store.database import write

    db, _ = _opened()

    def job(transaction) -> bool:
        refused = [one for one in _with_number(transaction, options.number) if one.opted_out_at is not None]
        for one in refused:
            refusals.allow(transaction, one.id)
        return refusals.allow_unknown(transaction, options.number) or bool(refused)

    if not write(db, job):
        raise CustodyError(f"nobody has opted out under {options.number}; nothing was changed")
    print(json.dumps({"allowed": options.number}) if options.json else f"{options.number}: may be asked again")
    return 0


def _export(options: argparse.Namespace) -> int:
    from ivr.app import utc_now
    from ivr.custody.record import record_of
    from ivr.store import consents, contacts, erasures

    db, _ = _opened()
    found = contacts.by_customer_number(db, options.number) or contacts.get(db, options.number)
    id = found.id if found else options.number
    if not (found or consents.consents_of(db, id) or erasures.erasures_of(db, id)):
        raise CustodyError(
            f"nothing is held under {options.number}: it is no customer number, nor the id of a deleted contact"
        )
    text = json.dumps(record_of(db, id, utc_now(), options.with_print), indent=2, ensure_ascii=False)
    if options.out is None:
        print(text)
        return 0
    options.out.touch(mode=0o600)
    options.out.write_text(text + "\n", encoding="utf-8")
    print(json.dumps({"out": str(options.out)}) if options.json else f"written to {options.out}")
    return 0


def _rotate(options: argparse.Namespace) -> int:
    from ivr.custody.prints import rotate

    db, keys = _opened()
    told = rotate(db, keys)
    if options.json:
        print(json.dumps(asdict(told)))
        return 1 if told.closed else 0
    print(
        f"{told.resealed} prints are sealed with the new key, {told.already} were so already, "
        f"{told.changed_meanwhile} changed meanwhile (run this again), {len(told.closed)} do not open"
    )
    return _tell_closed(told.closed)


def _verify_erasures(options: argparse.Namespace) -> int:
    from ivr.store import erasures

    checked = erasures.check(_opened()[0], options.anchor)
    if options.json:
        print(json.dumps(asdict(checked)))
    elif checked.problem is None:
        print(f"all {checked.receipts} receipts of deletions hold; note the hash of the last one: {checked.head}")
    else:
        print(f"{checked.receipts} receipts of deletions hold, then: {checked.problem}", file=sys.stderr)
    return 0 if checked.problem is None else 1
