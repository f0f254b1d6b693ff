"""The database that commands work on."""

from __future__ import annotations


def database():
    """That of the settings, brought to this release's schema."""
    from ivr.app import open_store
    from ivr.settings import read

    return open_store(read())
