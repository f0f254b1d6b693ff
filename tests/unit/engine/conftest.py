"""Two flows with a challenge, for whoever asks for them by name."""

from __future__ import annotations

import pytest
from challenged import challenged

from ivr.flow.definition import Flow


@pytest.fixture(scope="session")
def desk() -> Flow:
    return challenged()


@pytest.fixture(scope="session")
def page_first() -> Flow:
    return challenged(factors="page, voice, pin")
