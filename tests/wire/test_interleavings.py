"""Whatever happens in whatever order, voice and screen are in the same turn at every quiet point."""

from __future__ import annotations

import os
import random

import pytest

from tests.wire.interleaving import FAULTS, Interleaving, drawn_at_random, failure, played, shrunk
from tests.wire.system import running

INTERLEAVINGS = int(os.environ.get("DUET_INTERLEAVINGS", "320"))  # over all four ways
SEED = int(os.environ.get("DUET_SEED", "2026"))
WAYS = [("silent", None), ("posts", None), ("silent", FAULTS), ("posts", FAULTS)]


@pytest.mark.parametrize(("interrupted_gather", "faults"), WAYS, ids=["silent", "posts", "silent-faults", "posts-faults"])
def test_voice_and_screen_are_never_left_in_different_turns(tmp_path, capsys, interrupted_gather, faults) -> None:
    source = random.Random(f"{SEED}/{interrupted_gather}/{faults}")
    interleavings = [drawn_at_random(source) for _ in range(INTERLEAVINGS // len(WAYS))]
    with running(tmp_path, interrupted_gather=interrupted_gather, faults=faults, seed=SEED) as system:
        failures = played(system, interleavings)
        with capsys.disabled():
            print(f"\n{len(interleavings)} interleavings over the wire ({interrupted_gather}, "
                  f"{'with' if faults else 'without'} faults): {len(failures)} diverged")  # fmt: skip
        if failures:
            one, problem = failures[0]
            smallest = shrunk(system, one)
            pytest.fail(f"{failure(system, smallest) or problem}\n\nas drawn: {one}\nsmallest: {smallest}")


def test_an_interleaving_is_a_line_of_text() -> None:
    source = random.Random(1)
    for _ in range(200):
        one = drawn_at_random(source)
        assert Interleaving.read(str(one)) == one
