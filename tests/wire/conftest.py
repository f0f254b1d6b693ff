"""One running system for each module that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.store.databases import Cluster, cluster
from tests.wire.system import System, running


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """At a pace at which a scripted caller can keep up on a busy machine."""
    with running(tmp_path_factory.mktemp("wire"), speed=8.0) as started:
        yield started


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    with cluster() as started:
        yield started
