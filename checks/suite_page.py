"""Many reports as one page: a table of all verdicts, then the whole page of every report that does not agree."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from checks.page import MARKS, page
from checks.report import Report

UNITS = {1: "rounding may do", 2: "differences may be off by"}  # by order


def suite_page(reports: Sequence[Report]) -> RenderableType:
    """For a terminal of 40 columns or more: a line for every layer, a column for every dtype; reports share a seed."""
    findings = sum(len(report.findings) for report in reports)
    caption = f"the largest error of {findings} checks, in units of what {UNITS[reports[0].order]}"
    told = Text(f"{caption}; seed {reports[0].seed}", style="dim")
    wrong = [part for report in reports if report.verdict != "agree" for part in (Text(), page(report))]
    return Group(_table(reports), told, *wrong)


def _table(reports: Sequence[Report]) -> Table:
    cells: dict[str, dict[str, list[Report]]] = {}
    for report in reports:
        cells.setdefault(report.layer, {}).setdefault(report.dtype, []).append(report)
    table = Table("layer", *dict.fromkeys(report.dtype for report in reports), box=None, pad_edge=False)
    for layer, by_dtype in cells.items():
        table.add_row(layer, *map(_worst, by_dtype.values()))
    return table


def _worst(reports: Sequence[Report]) -> Text:
    """The mark and the largest error of the same checks at several sizes."""
    found = {report.verdict for report in reports}
    verdict = next(verdict for verdict in ("disagree", "unresolved", "agree") if verdict in found)
    mark, style = MARKS[verdict]
    error = max((f.error for report in reports for f in report.findings if f.verdict == verdict), default=0.0)
    size = f"{error:.2g}" if error >= 0.01 or not error else "<0.01"
    return Text(f"{mark} {size}", style=style)
