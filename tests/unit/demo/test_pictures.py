"""The pictures of the README: there, of this project's own making, and small."""

import re
from pathlib import Path

from tests.e2e.screenshots import too_large

ROOT = Path(__file__).parents[3]
SCREENS = ROOT / "samples/screens"


def test_every_picture_the_readme_shows_is_there_and_says_what_it_shows():
    shown = re.findall(r"!\[(.*?)\]\((.*?)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(shown) >= 8
    for alternative, path in shown:
        assert alternative and (ROOT / path).is_file(), path


def test_both_languages_and_both_schemes_are_pictured_and_nothing_is_large():
    names = {file.stem for file in SCREENS.iterdir()}
    assert {"menu-en", "menu-fa", "menu-en-dark", "queue-en", "queue-fa", "queue-en-dark"} <= names
    assert too_large(SCREENS) == []
