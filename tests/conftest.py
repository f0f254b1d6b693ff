"""For all tests: Hypothesis and SpeechBrain in one process."""

import sys

import pytest


def _answer_for_lazy_modules() -> None:
    """Hypothesis asks every loaded module for its file; SpeechBrain's lazy ones import what is not installed to answer."""
    for module in list(sys.modules.values()):
        if type(module).__module__ == "speechbrain.utils.importutils":
            vars(module).setdefault("__file__", None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems() -> None:
    _answer_for_lazy_modules()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    _answer_for_lazy_modules()
