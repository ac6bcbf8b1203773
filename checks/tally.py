"""What the checks measured of a layer, as a table: a line for every witness in every dtype."""

from collections.abc import Sequence
from typing import Any

from checks.report import GRADIENT_WITNESSES, Report, overall
from checks.suite import DTYPES, run_suite
from checks.verdict import Finding

WITNESSES = {"equations": "the equations, of the forward"} | {
    "derivation": "the derivation",
    "differences": "finite differences",
    "complex step": "the complex step",
    "taylor": "Taylor's remainder",
}
CONDUCT = "laws of conduct"


def measured(layer: str, seed: int = 0) -> dict[str, Any]:
    """Check a layer's hand-written code in every dtype, and tally what was found (see `tally`).

    Raises ValueError for a layer that has no row in the suite.
    """
    return tally(run_suite([layer], DTYPES, seed))


def tally(reports: Sequence[Report]) -> dict[str, Any]:
    """Reports of one layer, counted: `verdict`, `seed`, and `rows`.

    A row has `witness`, `dtype`, `cases` (how many it looked at), `agree`, `unresolved` and `disagree` (how many
    findings, one for each tensor at each case, say so), and `largest`, the largest error among those that agree, in
    units of what rounding may do.
    """
    dtypes = dict.fromkeys(report.dtype for report in reports)
    counted = [
        row
        for witness in [*WITNESSES, CONDUCT]
        for dtype in dtypes
        if (row := _row(witness, dtype, [report for report in reports if report.dtype == dtype]))["cases"]
    ]
    return {"verdict": overall(reports), "seed": reports[0].seed, "rows": counted}


def _row(witness: str, dtype: str, reports: Sequence[Report]) -> dict[str, Any]:
    # Two reports in one dtype are of other options: their cases differ, even where their labels do not.
    found = [(n, f) for n, report in enumerate(reports) for f in report.findings if _group(f) == witness]
    verdicts = [finding.verdict for _, finding in found]
    return {
        "witness": WITNESSES.get(witness, witness),
        "dtype": dtype,
        "cases": len({(n, finding.case) for n, finding in found}),
        **{verdict: verdicts.count(verdict) for verdict in ("agree", "unresolved", "disagree")},
        "largest": max((finding.error for _, finding in found if finding.verdict == "agree"), default=0.0),
    }


def _group(finding: Finding) -> str:
    return finding.witness if finding.witness in ("equations", *GRADIENT_WITNESSES) else CONDUCT
