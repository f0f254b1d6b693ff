"""CEL conditions and values: compiled once, all numbers decimal, only names and functions that the check can follow."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any, NamedTuple

from ivr.errors import FlowFault
from ivr.flow.names import ROOTS, SOURCE_LENGTH_MAX, Names
from ivr.flow.spoken import parse_money

VALUE_LENGTH_MAX = 2000  # characters of a text: no variable grows without end in a loop
_FUNCTIONS = frozenset({"has", "size", "double", "string", "amount"})
_METHODS = frozenset({"startsWith", "endsWith", "contains", "matches", "size"})
_WORDS = frozenset({"true", "false", "null", "in"})
_OPERATORS = {"and": "&&", "or": "||", "not": "!"}  # how other languages spell them
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign>&&|\|\||==|!=|<=|>=|.)""",
    re.VERBOSE,
)


def _extension() -> ModuleType:
    """The compiled part of the package ``cel``, without the package: importing that also imports its command line
    (typer, rich, prompt_toolkit), which takes 0.6 s of the 1.5 s in which the first webhook is to be answered."""
    package = importlib.util.find_spec("cel")
    spec = PathFinder.find_spec("cel.cel", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ImportError("the package common-expression-language is not installed: run pip install -e .")
    module = sys.modules.get(spec.name)
    if module is None:
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


cel = _extension()


class CompiledCondition(NamedTuple):
    program: Any  # cel.Program
    names: Names


class _Token(NamedTuple):
    kind: str
    text: str


@lru_cache(maxsize=8192)
def compile_condition(source: str) -> CompiledCondition:
    """Compiles a CEL source. Raises ValueError that says what is wrong with it."""
    if len(source) > SOURCE_LENGTH_MAX:
        raise ValueError(f"the condition has {len(source)} characters, at most {SOURCE_LENGTH_MAX} are possible")
    tokens = list(_tokens(source))
    names = frozenset(_names(tokens))
    _compiled(source)  # first as it was written, so that an error points at the author's column
    # CEL adds 1 to 1.0 only if both are decimals; a flow's author should not have to know.
    decimals = " ".join(token.text + ".0" if token.text.isdecimal() else token.text for token in tokens)
    return CompiledCondition(_compiled(decimals), names)


def condition_names(source: str) -> Names:
    """The (root, name) pairs a condition uses. Raises ValueError like ``compile_condition``."""
    return compile_condition(source).names


def evaluate(source: str, scope: Mapping[str, object]) -> str | float | bool | None:
    """The value of a CEL source. Raises FlowFault when a name has no value or types do not fit."""
    try:
        program, names = compile_condition(source)
    except ValueError as error:
        raise FlowFault(f"the condition {source!r} cannot be read: {error}") from None
    known: dict[str, dict[str, object]] = {root: {} for root, _ in names}
    for root, name in names:
        values = scope.get(root)
        if isinstance(values, Mapping) and name in values:
            known[root][name] = _decimal(values[name])
    # The message of an error may quote a value of the contact: only the source and the kind of error are told.
    try:
        value = program.execute(cel.Context(known, {"amount": _amount}))
    except KeyError as error:
        raise FlowFault(f"the condition {source!r} has no answer: {error} has no value here") from None
    except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise FlowFault(f"the condition {source!r} has no answer: {type(error).__name__}, values do not fit") from None
    value = _decimal(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise FlowFault(f"the condition {source!r} has no answer: it divides by zero or its numbers are too large")
    if value is not None and not isinstance(value, str | float | bool):
        raise FlowFault(f"the condition {source!r} is a {type(value).__name__}, not a text, a number or true/false")
    if isinstance(value, str) and len(value) > VALUE_LENGTH_MAX:
        raise FlowFault(f"the value of {source!r} has become longer than {VALUE_LENGTH_MAX} characters")
    return value


def holds(source: str, scope: Mapping[str, object]) -> bool:
    """Whether a condition is true. Raises FlowFault when it is neither true nor false."""
    value = evaluate(source, scope)
    if not isinstance(value, bool):
        raise FlowFault(f"the condition {source!r} is neither true nor false")
    return value


def _decimal(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _amount(value: object) -> float | None:
    """None, which compares with nothing, rather than an error: the library would print it."""
    try:
        return float(parse_money(str(value))[0])
    except ValueError:
        return None


def _compiled(source: str) -> Any:
    try:
        return cel.compile(source)
    except ValueError as error:
        reason = re.search(r"ERROR: <input>:\d+:(\d+): (.*?)(?:,? expecting .*)?$", str(error), re.MULTILINE)
        raise ValueError(f"column {reason[1]}: {reason[2]}" if reason else "it is not a CEL expression") from None


def _tokens(source: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup or "sign"
        if kind != "space":
            yield _Token(kind, match[0])


def _names(tokens: list[_Token]) -> Iterator[tuple[str, str]]:
    """Follows every name to ``root.name``; refuses what cannot be followed (``contact`` alone, ``contact["x"]``)."""
    nothing = _Token("sign", "")
    for before, token, after, then in zip(
        [nothing, *tokens], tokens, [*tokens[1:], nothing], [*tokens[2:], nothing, nothing], strict=False
    ):
        match token.kind:
            case "string" if before.kind in ("word", "string") and before.text != "in":
                raise ValueError("strings are written 'like this' or \"like this\", without a prefix")
            case "number" if after.kind == "word" and after.text not in ("in", *_OPERATORS):
                raise ValueError(f"numbers are written like 12 or 1.5, not {token.text}{after.text}")
            case "sign" if token.text in ("{", "}"):
                raise ValueError("maps in braces are not used in flows")
            case "word" if after.text == "(":
                known = _METHODS if before.text == "." else _FUNCTIONS
                if token.text not in known:
                    raise ValueError(f"there is no function {token.text!r}; there are {', '.join(sorted(known))}")
            case "word" if before.text != "." and token.text not in _WORDS:
                if token.text not in ROOTS:
                    raise ValueError(_no_such_root(token.text))
                if after.text != "." or then.kind != "word":
                    raise ValueError(f"write {token.text}.NAME, one dot and one name")
                yield token.text, then.text


def _no_such_root(word: str) -> str:
    better = _OPERATORS.get(word.lower()) or ("vars" if word == "var" else "")
    hint = f" (write {better})" if better else ""
    return f"there is no name {word!r}{hint}; names start with {', '.join(sorted(ROOTS))}"
