"""Every answer leaves a receipt (biometrics/receipts.py) before it leaves the voice process: one that cannot be written down
is INCONCLUSIVE, or makes no print."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from biometrics import EnrolmentResult, Keys, Outcome, Taken, Voiceprint
from biometrics import Verdict as Judged
from biometrics.keys import as_keys
from biometrics.receipts import Enrolment, ReceiptFile, enrolment_of, of_enrolment, of_verdict, opaque_reference
from ivr.authentication.comparing import Comparing
from ivr.authentication.guiding import Guiding, print_seconds
from ivr.authentication.messages import Enrolled, Verdict

log = logging.getLogger("ivr.voice")


class Receipted:
    """Answers with a receipt, one at a time, on a thread of their own: a disk may be slow."""

    def __init__(self, file: ReceiptFile, key: bytes | Keys) -> None:
        self._file = file
        self._key = key
        self._scribe = ThreadPoolExecutor(1, thread_name_prefix="receipts")

    async def verdict(self, comparing: Comparing, verdict: Judged) -> Verdict:
        asked, put = comparing.asked, comparing.put
        compared, left = comparing.compared, comparing.left
        enrolment = self._enrolment(asked.contact, asked.sealed, comparing.voiceprint)
        if not await self._written(asked.request, lambda: of_verdict(asked.request, verdict, enrolment, put)):
            verdict = replace(verdict, outcome=Outcome.INCONCLUSIVE, reason="no_receipt")
        return Verdict(
            asked.request, asked.call, str(verdict.outcome), verdict.reason, verdict.score, verdict.threshold,
            verdict.net_speech_seconds, verdict.model_name, verdict.model_class, verdict.model_sha256, compared,
            asked.contact, left,
        )  # fmt: skip

    async def enrolled(self, guiding: Guiding, taken: Taken, sealed: bytes | None, encoder: object) -> Enrolled:
        asked = guiding.asked
        model = tuple(getattr(encoder, name, "") for name in ("name", "class_name", "sha256"))
        seconds = print_seconds(taken.voiceprint, guiding)
        refusal = None if sealed else taken.refusal or "too_short"
        result = EnrolmentResult(taken.voiceprint if sealed else None, refusal, seconds)
        enrolment = self._enrolment(asked.contact, sealed, result.voiceprint)
        if not await self._written(asked.request, lambda: of_enrolment(asked.request, result, enrolment, *model)):
            sealed, refusal = None, "failure"  # nobody has seen the print
        return Enrolled(
            asked.request, asked.call, asked.contact, sealed, refusal, seconds, *model, heard=guiding.leaves
        )

    def _enrolment(self, contact: str, sealed: bytes | None, voiceprint: Voiceprint | None) -> Enrolment:
        return enrolment_of(opaque_reference(contact, as_keys(self._key).sealing), sealed, voiceprint)

    async def _written(self, request: str, body: Callable[[], dict]) -> bool:
        """Whether the receipt is on the disk."""

        def write() -> bool:
            try:
                self._file.write(body())
                return True
            except Exception:
                log.exception("the receipt of %s cannot be written; nothing is decided without one", request)
                return False

        return await asyncio.get_running_loop().run_in_executor(self._scribe, write)
