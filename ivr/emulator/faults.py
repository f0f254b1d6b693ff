"""Which requests go wrong. Drawn from the seed, one independent sequence for each kind of request."""

import random
from dataclasses import dataclass
from typing import Literal

from ivr.emulator.settings import FaultRates

MAX_DELAY_SECONDS = 5.0  # of carrier time; long enough that a second key press can overtake a late webhook


@dataclass(frozen=True)
class WebhookFaults:
    """What happens to one webhook: ``lost`` says which half of it never arrives."""

    lost: Literal["request", "answer"] | None = None
    delay_seconds: float = 0.0
    duplicate: bool = False
    held_back: bool = False


class Faults:
    def __init__(self, rates: FaultRates, seed: int):
        self._rates = rates
        self._webhooks = random.Random(f"{seed}/webhooks")
        self._callbacks = random.Random(f"{seed}/callbacks")
        self._rest = random.Random(f"{seed}/rest")

    def of_webhook(self) -> WebhookFaults:
        return self._draw(self._webhooks, reorder=0.0)

    def of_callback(self) -> WebhookFaults:
        return self._draw(self._callbacks, reorder=self._rates.reorder)

    def of_rest_request(self) -> Literal["429", "5xx before", "5xx after"] | None:
        """``5xx after``: the request was carried out and only its answer is lost, so repeating it would double it."""
        draws = [self._rest.random() for _ in range(3)]
        if draws[0] < self._rates.http429:
            return "429"
        if draws[1] < self._rates.http5xx:
            return "5xx before" if draws[2] < 0.5 else "5xx after"
        return None

    def _draw(self, source: random.Random, reorder: float) -> WebhookFaults:
        # Every draw is made every time, so that one rate does not shift the sequence of another.
        drop, half, delay, length, duplicate, held = (source.random() for _ in range(6))
        return WebhookFaults(
            lost=("request" if half < 0.5 else "answer") if drop < self._rates.drop else None,
            delay_seconds=length * MAX_DELAY_SECONDS if delay < self._rates.delay else 0.0,
            duplicate=duplicate < self._rates.duplicate,
            held_back=held < reorder,
        )
