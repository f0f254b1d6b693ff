"""Liquid texts: compiled once, without access to files, bounded in length, strict about names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from liquid import BoundTemplate, Environment, RenderContext, StrictDefaultUndefined
from liquid.exceptions import LiquidError, UndefinedError
from liquid.filter import with_context

from ivr.errors import FlowFault
from ivr.flow import saying, spoken
from ivr.flow.names import ROOTS, SOURCE_LENGTH_MAX, Names

OUTPUT_LENGTH_MAX = 2000  # characters
_TAGS = {"if", "unless", "case"}
_FILTERS = {"capitalize", "upcase", "downcase", "strip", "default", "round"}
_LEXER_TAGS = {"content", "output", "illegal"}  # how python-liquid registers plain text and {{ }}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production Char


class _Environment(Environment):
    output_stream_limit = 4 * OUTPUT_LENGTH_MAX  # bytes
    block_nesting_limit = 5

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in _TAGS | _LEXER_TAGS}
        self.filters = {name: self.filters[name] for name in sorted(_FILTERS)}
        self.filters |= {"digits": spoken.digits, "last": spoken.last}
        self.filters |= {name: _in_the_flows_language(name) for name in ("money", "date")}


def _in_the_flows_language(name: str) -> Callable[..., str]:
    @with_context
    def say(value: object, *, context: RenderContext) -> str:
        return getattr(saying, name)(value, _language_of(context.globals))

    return say


def _language_of(scope: Mapping[str, object]) -> str:
    return str(scope.get("flow", {}).get("language", ""))


_environment = _Environment(undefined=StrictDefaultUndefined, autoescape=False)  # drawing escapes, each in its own way


class CompiledText(NamedTuple):
    template: BoundTemplate | None  # None: nothing to fill in
    plain: str
    names: Names


@lru_cache(maxsize=8192)
def compile_text(source: str) -> CompiledText:
    """Compiles a Liquid text. Raises ValueError that says what is wrong with it."""
    if len(source) > SOURCE_LENGTH_MAX:
        raise ValueError(f"the text has {len(source)} characters, at most {SOURCE_LENGTH_MAX} are possible")
    if "{{" not in source and "{%" not in source:
        return CompiledText(None, _speakable(source), frozenset())
    try:
        template = _environment.from_string(source)
        analysis = template.analyze()
    except (LiquidError, RecursionError) as error:
        raise ValueError(_explained(error, source)) from None
    unknown = sorted(set(analysis.filters) - set(_environment.filters))
    if unknown:
        raise ValueError(f"there is no filter {unknown[0]!r}; there are {', '.join(sorted(_environment.filters))}")
    variables = [variable for uses in analysis.variables.values() for variable in uses]
    return CompiledText(template, "", frozenset(_name_in(variable.segments) for variable in variables))


def render(source: str, scope: Mapping[str, object]) -> str:
    """The text filled in, in one line. Raises FlowFault when a name has no value or a filter cannot work."""
    try:
        text = compile_text(source)
    except ValueError as error:
        raise FlowFault(f"the text {source!r} cannot be read: {error}") from None
    if text.template is None:
        return _in_numerals(text.plain, scope)
    # The message of an error may quote a value of the contact: only the name and the source are told.
    try:
        filled = text.template.render(scope)
    except UndefinedError as error:
        raise FlowFault(f"the text {source!r} cannot be said: {error.message}") from None
    except (LiquidError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise FlowFault(f"the text {source!r} cannot be said: {type(error).__name__} in a filter or tag") from None
    if len(filled) > OUTPUT_LENGTH_MAX:
        raise FlowFault(f"the text {source!r} has become longer than {OUTPUT_LENGTH_MAX} characters")
    return _in_numerals(_speakable(filled), scope)


def _in_numerals(text: str, scope: Mapping[str, object]) -> str:
    return saying.numerals(text, _language_of(scope))


def parts_of(source: str) -> frozenset[str]:
    """What a translation has to take over as it is: names, filters, tags. Raises ValueError like ``compile_text``."""
    text = compile_text(source)
    if text.template is None:
        return frozenset()
    analysis = text.template.analyze()
    names = {f"{root}.{name}" for root, name in text.names}
    return frozenset(names | {f"| {name}" for name in analysis.filters} | {f"{{% {tag} %}}" for tag in analysis.tags})


def text_names(source: str) -> Names:
    """The (root, name) pairs a text uses, e.g. ("contact", "balance"). Raises ValueError like ``compile_text``."""
    return compile_text(source).names


def _speakable(text: str) -> str:
    return " ".join(_NOT_IN_XML.sub(" ", text).split())


def _name_in(segments: list) -> tuple[str, str]:
    root = segments[0]
    if not isinstance(root, str) or root not in ROOTS:
        raise ValueError(f"there is no name {root!r}; names start with {', '.join(sorted(ROOTS))}")
    if len(segments) != 2 or not isinstance(segments[1], str):
        raise ValueError(f"write {root}.NAME, one dot and one name")
    return root, segments[1]


def _explained(error: Exception, source: str) -> str:
    if isinstance(error, RecursionError):
        return "the text is nested too deeply"
    message = str(error.args[0] if error.args else error)
    if "tag" in message and "unexpected" in message:
        return f"{message}; there are only if, unless and case"
    return message
