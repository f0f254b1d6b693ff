"""A translator's file: read with its lines, written again with nothing lost, refused where a caller would suffer."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import FlowMistakes
from ivr.flow.catalogue import Catalogue, Entry, Wanted, read_catalogue, written_catalogue
from ivr.flow.definition import in_language
from ivr.flow.loader import load_bundle, parse_bundle, read_files, updated_catalogues
from ivr.flow.reading.mistakes import Report

FLOWS = Path(__file__).parents[3] / "flows"
YAML = """\
schema: duet/1
flow: shop
title: Shop
language: en-GB
languages: [fa-IR]
start: main
person: agent
steps:
  main:
    menu: Press 1, {{ caller.number | digits }}.
    choices:
      1: {label: Opening hours, say: [hours, open], goto: farsi}
      2: {label: End, say: [stop], goto: closed}
  farsi: {language: fa-IR, next: main}
  agent: {queue: service, prompt: Hold., waiting: Still., unavailable: closed, finished: closed}
  closed: {hangup: Bye.}
"""
TRANSLATED = {
    "Shop": "فروشگاه",
    "Press 1, {{ caller.number | digits }}.": "کلید ۱، {{ caller.number | digits }}.",
    "Opening hours": "ساعت کار",
    "hours, open": "ساعت، باز",
    "End": "پایان",
    "stop": "بس",
    "Hold.": "صبر کنید.",
    "Still.": "هنوز.",
    "Bye.": "خدانگهدار.",
}


def po(changed: dict[str, str] | None = None, **flags: str) -> str:
    entries = {**TRANSLATED, **(changed or {})}
    return "\n".join(f'msgid "{text}"\nmsgstr "{translation}"\n' for text, translation in entries.items())


def mistakes_of(po_text: str | bytes, yaml: str = YAML) -> list[str]:
    data = po_text if isinstance(po_text, bytes) else po_text.encode()
    with pytest.raises(FlowMistakes) as caught:
        parse_bundle({"shop.yaml": yaml.encode(), "i18n/fa.po": data})
    return [str(mistake) for mistake in caught.value.mistakes]


def bundle_of(po_text: str):
    return parse_bundle({"shop.yaml": YAML.encode(), "i18n/fa.po": po_text.encode()})


def test_a_flow_is_there_in_both_languages_under_one_hash() -> None:
    bundle = bundle_of(po())
    shop = bundle.flows["shop"]
    persian = in_language(shop, "fa-IR")
    assert (shop.title, persian.title, persian.language) == ("Shop", "فروشگاه", "fa-IR")
    first = persian.steps["main"].choices[0]
    assert (first.label.source, first.words, first.goto) == ("ساعت کار", ("ساعت", "باز"), "farsi")
    assert persian.steps["main"].choices[-1].label.source == "گفت‌وگو با همکار ما"  # key 0, from our own catalogue
    assert in_language(shop, "de-DE") is shop
    assert bundle_of(po({"Bye.": "بدرود."})).hash != bundle.hash


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Bye.": ""}, "i18n/fa.po:25: 'Bye.' of shop.yaml:16 is not translated (fill in its msgstr)"),
        ({"Press 1, {{ caller.number | digits }}.": "کلید ۱."}, "lacks caller.number or | digits"),
        ({"Bye.": "{{ caller.number }}"}, "i18n/fa.po:25: the translation has caller.number, which the original lacks"),
        ({"Bye.": "{% if true %}x{% endif %}"}, "the translation has {% if %}, which the original lacks"),
        ({"Bye.": "{{ caller.number"}, "i18n/fa.po:25: the translation cannot be read"),
        ({"Opening hours": "ب" * 41}, "i18n/fa.po:7: has 41 characters, too long to take in (at most 40: say less)"),
        ({"Shop": "ف" * 61}, "i18n/fa.po:1: has 61 characters"),
        ({"stop": "ساعت"}, "'ساعت' is said for the choices 1 and 2"),
        ({"Bye.": "\u202eevil"}, "i18n/fa.po:25: the translation holds the invisible character U+202E"),
        ({"Bye.": "\x07"}, "i18n/fa.po:25: the translation holds the invisible character U+0007"),
        ({"stop": "،"}, "nobody can say '،'"),
        ({"Bye.": "\\q"}, "i18n/fa.po:26: \\q means nothing here"),
    ],
)
def test_a_translation_that_would_go_wrong_in_a_call_is_refused(changed: dict[str, str], told: str) -> None:
    assert any(told in mistake for mistake in mistakes_of(po(changed))), mistakes_of(po(changed))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "i18n/fa.po:1: this is not PO syntax"),
        ('msgstr "x"', "i18n/fa.po:1: msgstr follows nothing"),
        ('"x"', "i18n/fa.po:1: a text stands here without msgid"),
        ('msgid "x"\nmsgstr[0] "y"', "i18n/fa.po:2: plural forms are not used"),
        ('msgid "x"', "i18n/fa.po:1: this entry has no msgid or no msgstr"),
        ('msgid "x"\nmsgstr "a"\n\nmsgid "x"\nmsgstr "b"', "i18n/fa.po:4: 'x' is translated twice"),
        (b'msgid "x"\nmsgstr "\xff"', "i18n/fa.po:2: the file is not UTF-8 text"),
        (b"#" * (1024 * 1024 + 1), "i18n/fa.po:1: the file has more than the 1,048,576 bytes"),
    ],
)
def test_a_broken_file_is_told_with_its_line(text: str | bytes, told: str) -> None:
    assert any(mistake.startswith(told) for mistake in mistakes_of(text)), mistakes_of(text)


@pytest.mark.parametrize(
    ("text", "translation", "told"),
    [
        ("Voice recognition in plain words", "ص" * 81, "has 81 characters, too long to take in (at most 80: say less)"),
        ("Shall we send you the papers by post?", "ص" * 301, "has 301 characters, too long to take in (at most 300"),
        ("Savings", "وام مسکن", "step 'appointment': 'وام مسکن' is said for the choices 1 and 2"),
    ],
)
def test_cards_and_lists_keep_their_limits_in_translation(text: str, translation: str, told: str) -> None:
    files = read_files(FLOWS)
    catalogue = files["i18n/fa.po"].decode()
    before = read_catalogue(catalogue.encode(), Report("fa.po")).find(text).translation
    changed = catalogue.replace(f'msgid "{text}"\nmsgstr "{before}"', f'msgid "{text}"\nmsgstr "{translation}"')
    with pytest.raises(FlowMistakes) as caught:
        parse_bundle({**files, "i18n/fa.po": changed.encode()})
    (mistake,) = caught.value.mistakes
    assert mistake.file == "i18n/fa.po" and mistake.line > 1 and told in str(mistake)


def test_a_catalogue_whose_name_is_not_text_is_told(tmp_path: Path) -> None:
    shutil.copytree(FLOWS, tmp_path / "flows")
    (tmp_path / "flows" / "i18n" / os.fsdecode(b"caf\xe9.po")).write_bytes(b"")
    with pytest.raises(FlowMistakes, match="its name is not UTF-8 text"):
        load_bundle(tmp_path / "flows")


def test_a_fuzzy_entry_is_not_said_until_somebody_has_looked_at_it() -> None:
    text = po().replace('msgid "Bye."', '#, fuzzy\nmsgid "Bye."')
    assert mistakes_of(text) == ["i18n/fa.po:26: 'Bye.' is marked fuzzy (look at the translation, delete 'fuzzy')"]


def test_a_language_without_a_catalogue_and_one_that_is_not_declared_are_told() -> None:
    with pytest.raises(FlowMistakes, match="speaks fa-IR, but there is no i18n/fa.po"):
        parse_bundle({"shop.yaml": YAML.encode()})
    wrong = YAML.replace("language: fa-IR, next", "language: de-DE, next")
    assert "does not speak 'de-DE'" in mistakes_of(po(), wrong)[0]
    assert "languages has 'farsi'" in mistakes_of(po(), YAML.replace("[fa-IR]", "[farsi]"))[0]
    assert "which is there already" in mistakes_of(po(), YAML.replace("[fa-IR]", "[fa-IR, en-GB]"))[0]


def test_a_text_that_no_flow_uses_any_more_is_a_warning() -> None:
    (warning,) = bundle_of(po({"Gone.": "رفت."})).warnings
    assert str(warning).startswith("i18n/fa.po:28: no flow uses 'Gone.'")


def test_one_text_can_be_translated_in_two_ways_by_its_step() -> None:
    text = po() + '\nmsgctxt "shop.closed"\nmsgid "Bye."\nmsgstr "بدرود."\n'
    persian = in_language(bundle_of(text).flows["shop"], "fa-IR")
    assert persian.steps["closed"].text.source == "بدرود."


def test_writing_the_catalogue_keeps_translations_and_marks_what_changed() -> None:
    old = (
        'msgid "Hello there, caller."\nmsgstr "سلام."\n\n# of the translator\nmsgid "Bye."\nmsgstr "بدرود."\n\n'
        'msgid "Unlike."\nmsgstr "دیگر"'
    )
    known = read_catalogue(old.encode(), Report("fa.po"))
    wanted = [Wanted("Hello there, dear caller.", "shop.a"), Wanted("Bye.", "shop.b")]
    written = written_catalogue("fa", wanted, known)
    again = read_catalogue(written.encode(), report := Report("fa.po"))
    assert not report.mistakes
    assert again.find("Hello there, dear caller.") == Entry("", "Hello there, dear caller.", "سلام.", 8, fuzzy=True)
    assert again.find("Bye.").translation == "بدرود." and again.find("Bye.").comments == ("# of the translator",)
    assert [entry.text for entry in again.obsolete] == ["Hello there, caller.", "Unlike."]
    assert written_catalogue("fa", wanted, again) == written
    returned = written_catalogue("fa", [*wanted, Wanted("Unlike.", "shop.c")], again)
    assert read_catalogue(returned.encode(), report).find("Unlike.").translation == "دیگر"


def test_the_catalogue_in_the_repository_is_as_the_command_would_write_it(tmp_path: Path) -> None:
    shutil.copytree(FLOWS, tmp_path / "flows")
    for file, (text, untranslated) in updated_catalogues(tmp_path / "flows").items():
        assert untranslated == 0
        assert text == file.read_text(encoding="utf-8"), "run 'ivr flow catalogue'"
    assert not load_bundle(FLOWS).warnings


@given(st.binary(max_size=300) | st.text('msgidctr "\\\n#,~x', max_size=200).map(str.encode))
def test_any_bytes_are_a_catalogue_or_mistakes(data: bytes) -> None:
    catalogue = read_catalogue(data, Report("fa.po"))
    assert isinstance(catalogue, Catalogue)


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_written_is_read_back(text: str, translation: str) -> None:
    known = Catalogue(
        {("", " ".join(text.split())): Entry("", " ".join(text.split()), " ".join(translation.split()), 1)}
    )
    if not " ".join(text.split()) or "\u2028" in translation + text:
        return
    written = written_catalogue("fa", [Wanted(text, "a.b")], known)
    found = read_catalogue(written.encode("utf-8", "surrogatepass"), Report("fa.po")).find(text)
    assert found is None or found.translation == " ".join(translation.split())
