"""All rules over one flow. A caller never meets a mistake that could be seen in the file."""

from __future__ import annotations

from ivr.flow.checking.paths import check_paths
from ivr.flow.checking.references import check_references, warn_of_unused
from ivr.flow.checking.wording import check_wording
from ivr.flow.reading.flow import ReadFlow
from ivr.flow.reading.mistakes import Report


def check(read: ReadFlow, report: Report) -> None:
    """Reports mistakes and warnings of a flow that has been read.

    Paths are followed only through a flow whose keys and names are right: one missing ``next`` would otherwise be
    told again as ten steps that cannot be reached.
    """
    check_references(read, report)
    uses = check_wording(read.flow, read.step_names, report)
    if not report.mistakes:
        check_paths(read.flow, uses, report)
    warn_of_unused(read.flow, uses, report)
