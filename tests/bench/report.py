"""Tables that a person can read."""

from __future__ import annotations

from collections.abc import Sequence


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """First column to the left, the others to the right; floats with three figures."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in (list(columns), *cells)) for i in range(len(columns))]

    def line(values: Sequence[str]) -> str:
        first, *rest = (
            v.ljust(w) if not i else v.rjust(w) for i, (v, w) in enumerate(zip(values, widths, strict=True))
        )
        return "  ".join((first, *rest)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join((f"\n{title}", line(columns), rule, *(line(row) for row in cells)))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "" if value is None else str(value)
