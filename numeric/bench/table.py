"""What a bench found, as a table: seconds of everybody, and how the best of ours and of the others compare."""

import statistics

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from numeric.bench.rounds import OURS, Outcome


def table(outcome: Outcome) -> RenderableType:
    """A comparison: seconds of everybody, and the ratio beside the one that is aimed at."""
    grid = Table(box=None, pad_edge=False)
    for heading, width in (("", 38), ("seconds", 7), ("ratio", 22), ("aim", 6)):
        grid.add_column(heading, width=width)
    grid.add_row(Text(outcome.comparison.title, style="bold"), "", *_ratio(outcome))
    for entrant, seconds in outcome.seconds.items():
        why = f": {outcome.missing[entrant]}" if entrant in outcome.missing else ""
        grid.add_row(f"  {entrant}{why}", f"{statistics.median(seconds):.3f}" if seconds else "", "", "")
    return grid


def memory(outcome: Outcome, bytes_needed: int) -> RenderableType:
    """How much memory our side of a comparison took at most, and how that compares with what it cannot do without."""
    share = outcome.bytes / bytes_needed
    took = f"{OURS} took at most {outcome.bytes / 1e6:.0f} MB beyond its imports"
    return Text(f"{took}, {share:.2f} of data, parameters and buffers", style="dim")


def _ratio(outcome: Outcome) -> tuple[str, str]:
    """The median of our time over the best other one's, with quartiles where there are enough rounds; and the aim."""
    ratios, aim = outcome.ratios(), f"{outcome.comparison.aim:.3g}"
    if not ratios:
        return "", aim
    if len(ratios) < 4:
        return f"{statistics.median(ratios):.3f}", aim
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})", aim
