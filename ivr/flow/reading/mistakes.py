"""Collecting what is wrong, so that an author sees all of it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ivr.errors import Mistake


class Report:
    """The mistakes and warnings of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []

    def wrong(self, line: int, problem: str, remedy: str = "") -> None:
        self.mistakes.append(Mistake(self.file, line, problem, remedy))

    def doubtful(self, line: int, problem: str, remedy: str = "") -> None:
        self.warnings.append(Mistake(self.file, line, problem, remedy))


def closest(wrong: str, known: Iterable[str], otherwise: str = "") -> str:
    """A remedy that names the most similar known word, else all of them, else ``otherwise``."""
    words = sorted(map(str, known))
    meant = similar(wrong, words)
    if meant:
        return f"did you mean {meant!r}?"
    if otherwise or not words:
        return otherwise
    return f"use {listed(words)}" if len(words) <= 16 else ""


def similar(wrong: str, known: Iterable[str]) -> str:
    """The known word that was most likely meant, or "" where none is alike."""
    return next(iter(difflib.get_close_matches(wrong, sorted(map(str, known)), n=1, cutoff=0.6)), "")


def listed(words: Iterable[str]) -> str:
    """ "a, b or c"."""
    *others, final = words
    return f"{', '.join(others)} or {final}" if others else final
