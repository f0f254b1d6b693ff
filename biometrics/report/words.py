"""How figures are written: rates in percent with their intervals, and tables that a phone can show."""

from collections.abc import Sequence
from html import escape
from typing import Any


def percent(value: float | None, digits: int = 1) -> str:
    """0.0163 -> "1.6 %"; None -> a dash."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def between(interval: Sequence[float] | None, scale: float = 100, digits: int = 1) -> str:
    """[0.005, 0.028] -> "[0.5, 2.8]"; None: too few speakers for an interval."""
    if interval is None:
        return "(no interval: too few speakers)"
    return f"[{scale * interval[0]:.{digits}f}, {scale * interval[1]:.{digits}f}]"


def rate(value: float | None, interval: Sequence[float] | None) -> str:
    """HTML of a rate with its interval beneath."""
    return "–" if value is None else f"<b>{percent(value)}</b> <small>{between(interval)}</small>"


def count(number: int) -> str:
    """12345 -> "12,345"."""
    return f"{number:,}"


def frr_cell(entry: dict[str, Any], impostors: int) -> str:
    """An FRR at a FAR, or how many trials are missing to know it."""
    if entry["frr"] is None:
        return (
            f'<span class="soft">not enough trials: {count(impostors)}, needed '
            f"{count(entry['impostor_trials_needed'])}</span>"
        )
    text = rate(entry["frr"], entry["interval_95"])
    return text + (
        f'<small class="rough">rough: {count(impostors)} of<br>{count(entry["impostor_trials_needed"])} trials</small>'
        if entry["rough"]
        else ""
    )


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of HTML cells whose first column names the row; on a phone each row becomes a card."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = []
    for row in rows:
        cells = "".join(
            f'<td data-name="{escape(column, quote=True)}"><span>{cell}</span></td>'
            for column, cell in zip(columns[1:], row[1:], strict=True)
        )
        body.append(f'<tr><th scope="row">{row[0]}</th>{cells}</tr>')
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
