"""Everything Duet itself says or shows is there in every language it speaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ivr
from ivr.flow import phrases
from ivr.visual.holding import holding_labels_for
from ivr.visual.labels import direction_of, labels_for, name_of

IVR = Path(ivr.__file__).parent
CODE = ("visual", "joining", "filling", "holding")  # of the caller's pages
HOLE = re.compile(r"\{(\w+)\}")


def wordings() -> list[str]:
    """The constants of ``phrases``, the labels, and what templates and page code wrap for translation."""
    said = [value for name, value in vars(phrases).items() if name.isupper() and isinstance(value, str)]
    labels = (labels_for("en"), holding_labels_for("en"))
    shown = [getattr(each, name) for each in labels for name in each.__struct_fields__ if name != "language"]
    templates = [file.read_text(encoding="utf-8") for file in (IVR / "web/templates/page").glob("*.html")]
    wrapped = [text for html in templates for text in re.findall(r'_\("([^"]+)"\)', html)]
    code = "\n".join((IVR / f"web/{name}.py").read_text(encoding="utf-8") for name in CODE)
    told = re.findall(
        r'(?:return |problem = |phrase\(|_closed\(|_form\(|FORM = |hint = \(|, |: )\s*"([A-Z][^"]+[.a-z])"', code
    )
    assert len(wrapped) >= 30 and len(told) >= 15, "the patterns above no longer find what they should"
    return [*said, *shown, *wrapped, *told]


@pytest.mark.parametrize("language", [one for one in phrases.languages() if one != "en"])
def test_nothing_of_ours_is_left_in_english(language: str) -> None:
    missing = [text for text in wordings() if phrases.phrase(text, language) == text and text != "Duet"]
    assert not missing, f"translate in ivr/flow/i18n/{language}.po: {missing}"
    for entry in phrases.catalogue_for(language).entries.values():
        assert sorted(HOLE.findall(entry.text)) == sorted(HOLE.findall(entry.translation)), entry.text
        assert not entry.fuzzy and entry.translation


def test_languages_have_directions_and_their_own_names() -> None:
    assert [direction_of(one) for one in ("fa-IR", "ar", "he-IL", "en-GB", "xx")] == ["rtl", "rtl", "rtl", "ltr", "ltr"]
    assert (name_of("fa-IR"), name_of("en-US"), name_of("xx-YY")) == ("فارسی", "English", "xx-YY")


@pytest.mark.parametrize("language", ["", "../fa", "fa/../../x", "FA-ir", "123", "\u202e"])
def test_an_odd_language_reads_no_odd_file(language: str) -> None:
    expected = "خدانگهدار." if language == "FA-ir" else "Goodbye."
    assert phrases.phrase(phrases.GOODBYE, language) == expected
