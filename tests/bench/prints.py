"""``python -m tests.bench.prints DATABASE_URL MODEL CONTACT…`` enrols every CONTACT with the samples' voice.

A process of its own, because it loads the model. Consent is recorded as an enrol step would record it.
"""

from __future__ import annotations

import base64
import sys
from datetime import UTC, datetime

from biometrics import EnrolmentPolicy, Utterance, enrol, load_encoder, seal
from ivr.flow.events import ConsentGiven
from ivr.flow.inputs import By
from ivr.store import consents, database, voiceprints
from ivr.store.instants import to_microseconds
from tests.bench import lab
from tests.bench.voice import ulaw


def main(url: str, model: str, *contacts: str) -> None:
    encoder = load_encoder(model)
    utterance = Utterance()
    utterance.feed(ulaw("enrolment"))
    result = enrol(encoder, utterance, EnrolmentPolicy())
    if result.voiceprint is None:
        raise SystemExit(f"the samples make no voiceprint: {result.refusal}")
    db, now, key = database.open_database(url), datetime.now(UTC), base64.urlsafe_b64decode(lab.KEY)

    def store(transaction) -> None:
        for contact in contacts:
            given = ConsentGiven(
                contact=contact, version="bench", wording="Do you agree?", language="en-GB", by=By.KEYPAD
            )
            consents.record(transaction, "bench", given, to_microseconds(now))
            voiceprints.save(transaction, contact, seal(result.voiceprint, key, contact), encoder.sha256, now)

    database.write(db, store)
    database.close(db)


if __name__ == "__main__":
    main(*sys.argv[1:])
