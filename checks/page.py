"""A report as a page: what was compared with what, by how many bounds it was off, and, if it was, how."""

import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from checks.conventions import ANOTHER
from checks.report import GRADIENT_WITNESSES, Report
from checks.verdict import Finding, Verdict, combine

MARKS: dict[Verdict, tuple[str, str]] = {
    "agree": ("✓", "green"),
    "disagree": ("✗", "bold red"),
    "unresolved": ("?", "yellow"),
}
UNITS = "(the largest error, in units of what rounding may do)"
ESTIMATED_UNITS = "(the largest error, in units of what differences may be off by)"
MOST_BOUNDS = 1e16
MATHEMATICS = ("equations", "derivation")
COLUMNS = {
    "equations": MATHEMATICS,
    "differences": ("differences",),
    "complex step": ("complex step",),
    "taylor": ("taylor",),
}
WITNESSES = ("equations", *GRADIENT_WITNESSES)
OVERVIEW = {
    "forward": "equations",
    "backward": "derivation",
    "differences": "differences",
    "complex step": "complex step",
}
_ONE_OF_MANY = re.compile(r"\[1, \w+, ")
PHRASES = {"differences": "differences", "taylor": "Taylor's remainder"}


def page(report: Report) -> RenderableType:
    """The report for a terminal of 80 columns or more."""
    parts: list[RenderableType] = [_title(report), _witness_table(report)]
    parts.append(Text(UNITS if report.order == 1 else ESTIMATED_UNITS, style="dim"))
    parts += _assumed(report)
    parts += _guessed(report)
    parts += _axes(report)
    parts += _drawn(report)
    parts += _near(report)
    parts += _dtypes(report)
    parts += _kinks(report)
    parts += _behaviour(report)
    parts += _trouble(report)
    return Group(*parts)


def page_html(report: Report, width: int) -> str:
    """The report's page in HTML, `width` characters wide, with its colours."""
    console = Console(file=StringIO(), record=True, width=width, legacy_windows=False, force_jupyter=False)
    console.print(page(report))
    return console.export_html(inline_styles=True, code_format='<pre style="line-height: 1.2">{code}</pre>')


def overview(reports: Sequence[Report]) -> RenderableType:
    """Several reports as one table, a line each: the largest error of every witness in units of its bound."""
    table = _table("", "layer", "dtype", *OVERVIEW)
    for report in reports:
        table.add_row(*_overview_row(report, report.layer, report.dtype))
    return Group(table, Text(UNITS, style="dim"))


def stages(reports: Mapping[str, Report]) -> RenderableType:
    """The reports on a network's stages as one table, each with its place: `1  linear` and so on."""
    table = _table("", "stage", *OVERVIEW)
    for place, report in reports.items():
        table.add_row(*_overview_row(report, place))
    return Group(table, Text(UNITS, style="dim"))


def _overview_row(report: Report, *names: str) -> list[Text | str]:
    mark, style = MARKS[report.verdict]
    columns = [[f for f in report.findings if f.witness == witness] for witness in OVERVIEW.values()]
    return [Text(mark, style=style), *names, *(_cell(column) for column in columns)]


def _title(report: Report) -> Text:
    mark, style = MARKS[report.verdict]
    cases = "1 case" if len(report.cases) == 1 else f"{len(report.cases)} cases"
    title = Text.assemble((report.layer, "bold"), f"   {report.dtype}, {cases}, seed {report.seed}   ")
    return title.append(f"{mark} {report.verdict}", style=style)


def _witness_table(report: Report) -> Table:
    columns = COLUMNS if report.order == 1 else {"Hessian": MATHEMATICS}
    table = _table("", *columns)
    names = dict.fromkeys(f.cotangent for f in report.findings if f.witness in WITNESSES)
    for name in names:
        table.add_row(name, *(_cell(report.about(name, *witnesses)) for witnesses in columns.values()))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def _cell(findings: Sequence[Finding]) -> Text:
    if not findings:
        return Text("")
    verdict = combine(findings)
    mark, style = MARKS[verdict]
    error = max((f.error for f in findings if f.verdict == verdict), default=0.0)
    return Text(f"{mark} {_bounds(error)}" if error else mark, style=style)


def _assumed(report: Report) -> Iterator[Text]:
    """What the code does not take, and the values that it was looked at with, or has for good."""
    drawn = [name for name, value in report.assumed.items() if isinstance(value, str)]
    values = ", ".join(f"{name} = {value}" for name, value in report.assumed.items() if name not in drawn)
    if drawn:
        yield Text(f"the code draws {', '.join(drawn)} itself: here the same one at every call", style="dim")
    if values:
        yield Text(f"the code does not take these, and was looked at with {values}", style="dim")
    if report.settled:
        own = ", ".join(f"{name} = {value:g}" for name, value in report.settled.items())
        yield Text(f"the code has {own} for good: of other values nothing is known", style="dim")


def _guessed(report: Report) -> Iterator[Text]:
    """What parameters were taken for whose names say nothing, where something is wrong: it may be that."""
    if report.guessed and report.verdict != "agree":
        told = ", ".join(f"{parameter} for {name}" for parameter, name in report.guessed.items())
        yield Text(f"by their places, the code's parameters were taken so: {told} (else: --name)", style="dim")


def _axes(report: Report) -> Iterator[Text]:
    """What is meant by the indices of an entry whose tensor has other axes in the code."""
    if report.axes:
        ours, theirs = (", ".join(names) for names in (report.axes, report.axes.values()))
        yield Text(f"entries are those of {ours}; in the code these are {theirs}", style="dim")
        alone = [their for their in report.axes.values() if _ONE_OF_MANY.search(their)]
        if alone:
            told = f"{', '.join(alone)} is one of a batch: whether sums run over all of a batch was not looked at"
            yield Text(told, style="dim")


def _drawn(report: Report) -> Iterator[Text]:
    """How many entries the mathematics was asked for, where that is not all of them."""
    found = {f.cotangent: f for f in report.findings if f.witness in MATHEMATICS and f.entries < f.of}
    if found:
        counts = ", ".join(f"{f.entries} of {f.of} entries of {name}" for name, f in found.items())
        yield Text(f"drawn at random: {counts}", style="dim")


def _near(report: Report) -> Iterator[Text]:
    """Which answers agree with the mathematics only nearly, because bounds say nothing of them in this dtype."""
    found = {f.cotangent: f.reason for f in report.findings if f.nearly and f.witness in MATHEMATICS}
    for reason in dict.fromkeys(found.values()):
        names = ", ".join(name for name in found if found[name] == reason)
        yield Text(f"✓ {names}: {reason}", style="dim")


def _dtypes(report: Report) -> Iterator[Text]:
    """Which outputs have another dtype, and may have it."""
    for reason in dict.fromkeys(f.reason for f in report.findings if f.witness == "dtype" and f.verdict == "agree"):
        yield Text(f"✓ {reason}", style="dim")


def _kinks(report: Report) -> Iterator[Text]:
    """Which answers follow another convention on a kink, where that is allowed."""
    names = dict.fromkeys(f.cotangent for f in report.findings if f.reason == ANOTHER)
    if names:
        yield Text(f"✓ {', '.join(names)}: {ANOTHER}", style="dim")


def _behaviour(report: Report) -> Iterator[Text]:
    """One line for every law that was kept."""
    names = {f.witness for f in report.findings} - {*WITNESSES, "dtype"}
    kept = [n for n in names if combine([f for f in report.findings if f.witness == n]) == "agree"]
    order = [f.witness for f in report.findings]
    if kept:
        yield Text(f"✓ {', '.join(sorted(kept, key=order.index))}", style="dim")


def _trouble(report: Report) -> Iterator[RenderableType]:
    """What disagrees, with its entries and its likely cause; then what stayed open, with the reason."""
    wrong = _worst_of_each([f for f in report.findings if f.verdict == "disagree"])
    for name in dict.fromkeys(finding.cotangent for finding in wrong):
        yield from _contradictions([f for f in wrong if f.cotangent == name and f.witness in WITNESSES])
    for finding in wrong:
        if finding.witness not in WITNESSES:
            yield Text(f"\n{finding.reason}, at {finding.case}", style="red")
    for sentence in report.conclusions:
        yield Text(f"\n{sentence}")
    for diagnosis in report.diagnoses:
        yield Text(f"likely: {diagnosis}", style="bold")
    subjects: dict[tuple[str, str], list[str]] = {}
    for finding in _worst_of_each([f for f in report.findings if _stays_open(report, f)]):
        subjects.setdefault((finding.witness, finding.reason), []).append(_subject(finding))
    witnesses: dict[tuple[str, ...], list[str]] = {}
    for (witness, reason), names in subjects.items():
        witnesses.setdefault((reason, *names), []).append(witness)
    for (reason, *names), silent in witnesses.items():
        yield Text(f"? {', '.join([*names, *silent])}: {reason}", style="yellow")


def _contradictions(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """The witnesses that contradict one answer, and the entries as the first of them sees them."""
    if findings:
        first = findings[0]
        names = [PHRASES.get(f.witness, f"the {f.witness}") for f in findings]
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        reason = f" ({first.reason})" if first.reason else ""
        yield Text(f"\n{first.cotangent} contradicts {listed}, at {first.case}{reason}", style="red")
        if first.worst:
            yield _entries(first)


def _stays_open(report: Report, finding: Finding) -> bool:
    return combine(report.about(finding.cotangent, finding.witness)) == finding.verdict == "unresolved"


def _worst_of_each(findings: Sequence[Finding]) -> list[Finding]:
    """For each witness and cotangent, the finding that is furthest off; the first of several."""
    worst: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        known = worst.setdefault((finding.cotangent, finding.witness), finding)
        if finding.error > known.error:
            worst[finding.cotangent, finding.witness] = finding
    return list(worst.values())


def _subject(finding: Finding) -> str:
    return finding.cotangent or "the implementation"


def _bounds(error: float) -> str:
    """Where the truth is zero a bound is next to nothing, and its count a number without meaning."""
    return f"{error:.2g}" if error < MOST_BOUNDS else f"> {MOST_BOUNDS:.0g}"


def _entries(finding: Finding) -> Table:
    table = _table("  entry", "expected", "got", "off by")
    for entry in finding.worst:
        where = f"  {finding.cotangent}[{','.join(map(str, entry.index))}]" if entry.index else f"  {finding.cotangent}"
        table.add_row(where, f"{entry.expected:.9g}", f"{entry.got:.9g}", f"{_bounds(entry.error)} bounds")
    table.add_row("", "", "", f"({finding.wrong} of {finding.entries} entries)")
    return table
