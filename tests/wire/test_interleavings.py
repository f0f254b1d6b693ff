"""Whatever happens in whatever order, voice and screen are in the same turn at every quiet point."""

from __future__ import annotations

import os
import random

import pytest

from tests.wire.interleaving import FAULTS, Interleaving, drawn_at_random
from tests.wire.play import play, played, shrunk
from tests.wire.system import running

INTERLEAVINGS = int(os.environ.get("DUET_INTERLEAVINGS", "1040"))  # over all four ways
SEED = int(os.environ.get("DUET_SEED", "2026"))
WAYS = [("silent", None), ("posts", None), ("silent", FAULTS), ("posts", FAULTS)]


@pytest.mark.parametrize(
    ("interrupted_gather", "faults"), WAYS, ids=["silent", "posts", "silent-faults", "posts-faults"]
)
def test_voice_and_screen_are_never_left_in_different_turns(tmp_path, capsys, interrupted_gather, faults) -> None:
    source = random.Random(f"{SEED}/{interrupted_gather}/{faults}")
    interleavings = [drawn_at_random(source) for _ in range(INTERLEAVINGS // len(WAYS))]
    with running(tmp_path, interrupted_gather=interrupted_gather, faults=faults, seed=SEED) as system:
        results = played(system, interleavings)
        failures = [one for one in results if one.problem]
        quiet_points = sum(one.quiet_points for one in results)
        with capsys.disabled():
            print(f"\n{len(results)} interleavings over the wire (interrupted Gather {interrupted_gather}, "
                  f"{'with' if faults else 'without'} faults): {sum(one.page_opened for one in results)} with a page, "
                f"{quiet_points} quiet points of live calls, "
                  f"{len(failures)} diverged")  # fmt: skip
        if failures:
            smallest = shrunk(system, failures[0].interleaving)
            problem = play(system, smallest).problem or failures[0].problem
            pytest.fail(f"{problem}\n\nas drawn: {failures[0].interleaving}\nsmallest: {smallest}")
    assert quiet_points >= len(results), "calls ended before anything happened: this machine is too slow for this pace"


def test_an_interleaving_is_a_line_of_text() -> None:
    source = random.Random(1)
    for _ in range(200):
        one = drawn_at_random(source)
        assert Interleaving.read(str(one)) == one
