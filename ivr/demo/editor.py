"""An editor with a copy of the flow files: breaks a line, checks, mends it, publishes, by the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Checked:
    """What a command said. ``line`` (1 = first) and ``right_word``: where it is broken and what belongs there."""

    exit_code: int
    output: str
    line: int = 0
    right_word: str = ""


@dataclass
class Editor:
    """Works on ``flow``, whose main menu offers the balance."""

    flow: Path
    environment: dict[str, str] = field(repr=False)
    old_label: str = "Balance"
    new_label: str = "Balance and savings"
    old_text: str = "For your balance, press 1."
    new_text: str = "For your balance and savings, press 1."

    def breaks_a_line(self) -> Checked:
        right, wrong = "goto: balance_facts", "goto: balanse_facts"
        text = self.flow.read_text(encoding="utf-8")
        line = text[: text.index(right)].count("\n") + 1
        self.flow.write_text(text.replace(right, wrong, 1), encoding="utf-8")
        exit_code, output = self._ivr("flow", "check", str(self.flow.parent))
        self.flow.write_text(text, encoding="utf-8")
        return Checked(exit_code, output, line, "balance_facts")

    def mends_and_publishes(self) -> Checked:
        text = self.flow.read_text(encoding="utf-8")
        text = text.replace(self.old_text, self.new_text)
        text = text.replace(f"label: {self.old_label},", f"label: {self.new_label},")
        self.flow.write_text(text, encoding="utf-8")
        self._translates()
        return Checked(*self._ivr("flow", "publish", str(self.flow.parent)))

    def _translates(self) -> None:
        """The new wordings, in every catalogue: without them the flow would not be published."""
        for catalogue in self.flow.parent.glob("i18n/*.po"):
            text = catalogue.read_text(encoding="utf-8").replace(self.old_text, self.new_text)
            text = text.replace(f'msgid "{self.old_label}"', f'msgid "{self.new_label}"')
            catalogue.write_text(text, encoding="utf-8")

    def _ivr(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "ivr.cli", *command],
            env={**os.environ, **self.environment}, capture_output=True, text=True,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).strip()
