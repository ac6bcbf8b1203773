"""What a bench found, as a table: seconds of everybody, and how the best of ours and of the others compare."""

import statistics
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from numeric.bench.rounds import OURS, Outcome


def table(outcomes: Sequence[Outcome], bytes_needed: int) -> RenderableType:
    """A block of lines for every comparison, then what memory the first of them took."""
    grid = Table("", "seconds", "ratio", "aim", box=None, pad_edge=False)
    for outcome in outcomes:
        grid.add_row(Text(outcome.comparison.title, style="bold"), "", *_ratio(outcome))
        for entrant, seconds in outcome.seconds.items():
            shown = f"{statistics.median(seconds):.3f}" if seconds else outcome.missing.get(entrant, "")
            grid.add_row(f"  {entrant}", shown, "", "")
    memory = outcomes[0].bytes
    megabytes = f"{memory / 1e6:.0f} MB beyond its imports, {memory / bytes_needed:.2f} of data, parameters and buffers"
    return Group(grid, Text(f"{OURS} took at most {megabytes}", style="dim"))


def _ratio(outcome: Outcome) -> tuple[str, str]:
    """The median of our time over the best other one's, with quartiles where there are enough rounds; and the aim."""
    ratios, aim = outcome.ratios(), f"{outcome.comparison.aim:.3g}"
    if not ratios:
        return "", aim
    if len(ratios) < 4:
        return f"{statistics.median(ratios):.3f}", aim
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})", aim
