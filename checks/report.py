"""What a check found: the verdict, every finding behind it, and what kind of wrong it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

from checks.diagnosis import Diagnosis
from checks.verdict import AGREE, Finding, Verdict, combine
from checks.versions import versions

if TYPE_CHECKING:
    from rich.console import RenderableType

GRADIENT_WITNESSES = ("derivation", "differences", "complex step", "taylor")
WIDTH = 80


@dataclass(frozen=True)
class Report:
    """Everything that a check of one implementation against one layer, in one dtype, found.

    `sources` maps the modules behind the implementation to the SHA-256 of their source. At `order` 2 the findings are
    about Hessian-vector products. `assumed` are values of masks and options that the code does not take, "drawn" for a
    mask that it draws itself; `settled` are options that it has for good; `guessed` are parameters that got a tensor by
    their place alone; `axes` are tensors whose axes it has in another order: as the layer declares them, as it has
    them.
    """

    layer: str
    implementation: str
    dtype: str
    seed: int
    findings: tuple[Finding, ...]
    diagnoses: tuple[Diagnosis, ...]
    sources: Mapping[str, str]
    order: int = 1
    assumed: Mapping[str, int | str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    guessed: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Agree where every cotangent has a witness that agrees and nothing disagrees or is in doubt."""
        if any(finding.verdict == "disagree" for finding in self.findings):
            return "disagree"
        doubts = any(finding.verdict == "unresolved" and finding.error > AGREE for finding in self.findings)
        by_cotangent = [combine(self.about(name, *GRADIENT_WITNESSES)) for name in self.cotangents]
        settled = bool(by_cotangent) and all(verdict == "agree" for verdict in by_cotangent)
        return "agree" if settled and not doubts else "unresolved"

    @property
    def refusal(self) -> str | None:
        """Why nothing could be looked at, if nothing could: the code does not take what the layer has."""
        ran = any(finding.ran for finding in self.findings)
        return None if ran or self.diagnoses or not self.findings else self.findings[0].reason

    @property
    def cotangents(self) -> tuple[str, ...]:
        """The cotangents that a witness spoke about."""
        return tuple(dict.fromkeys(f.cotangent for f in self.findings if f.witness in GRADIENT_WITNESSES))

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases looked at."""
        return tuple(dict.fromkeys(finding.case for finding in self.findings))

    def about(self, cotangent: str, *witnesses: str) -> tuple[Finding, ...]:
        """The findings of some witnesses about one cotangent or output, over all cases."""
        return tuple(f for f in self.findings if f.cotangent == cotangent and f.witness in witnesses)

    @property
    def conclusions(self) -> tuple[str, ...]:
        """For each wrong cotangent, a sentence: who contradicts whom, and so what is wrong."""
        wrong_forward = any(f.witness == "equations" and f.verdict == "disagree" for f in self.findings)
        sentences = []
        for name in self.cotangents:
            mathematics = combine(self.about(name, "derivation"))
            code = combine(self.about(name, "differences"))
            sentence = _CONCLUSIONS.get((mathematics, code, wrong_forward))
            if any(each.cotangent == name and each.hypothesis == "convention" for each in self.diagnoses):
                continue  # which says it all
            if self.order == 2 and mathematics == "disagree":
                sentences.append(f"d{name.removeprefix('Hv')} {_AROUND}")
            elif sentence:
                sentences.append(f"{name} {sentence}")
        return tuple(sentences)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data, ready for JSON: `verdict`, `checks`, `diagnoses`, `versions`, `seed` and so on."""
        return {
            "layer": self.layer,
            "implementation": self.implementation,
            "dtype": self.dtype,
            "seed": self.seed,
            "verdict": self.verdict,
            "checks": [_check(self, finding) for finding in self.findings],
            "assumed": dict(self.assumed),
            "axes": dict(self.axes),
            "guessed": dict(self.guessed),
            "settled": dict(self.settled),
            "conclusions": list(self.conclusions),
            "diagnoses": [
                {"cotangent": d.cotangent, "hypothesis": d.hypothesis, "mistake": d.mistake, "sentence": d.sentence}
                | {"holds": d.holds, "cases": d.cases, "at": d.at}
                for d in self.diagnoses
            ],
            "versions": versions(),
        }

    def __str__(self) -> str:
        """The report as a page of 80 columns, without colours."""
        from rich.console import Console

        page = StringIO()
        Console(file=page, width=WIDTH, color_system=None, legacy_windows=False, force_jupyter=False).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines())

    def _repr_html_(self) -> str:
        """The report as a page for a notebook."""
        from checks.page import page_html

        return page_html(self, WIDTH)

    def __rich__(self) -> "RenderableType":
        """The report as a page for a terminal."""
        from checks.page import page

        return page(self)


def summary(reports: Sequence[Report]) -> dict[str, Any]:
    """Several reports as one: the overall verdict, every check, versions and seed, as plain data for JSON."""
    return {
        "verdict": overall(reports),
        "checks": [_check(report, finding) for report in reports for finding in report.findings],
        "versions": versions(),
        "seed": reports[0].seed if reports else None,
    }


def overall(reports: Sequence[Report]) -> Verdict:
    """Disagree if any report does; agree if all do."""
    verdicts = {report.verdict for report in reports}
    if "disagree" in verdicts:
        return "disagree"
    return "agree" if verdicts == {"agree"} else "unresolved"


_AROUND = (
    "does not change with the inputs as the equations say: it may fit one point, as a number left in the code does"
)
_CONCLUSIONS: dict[tuple[Verdict, Verdict, bool], str] = {
    ("disagree", "disagree", False): "is wrong in the backward: the equations and your forward agree",
    ("disagree", "disagree", True): "is wrong in the backward, and the forward is wrong as well",
    ("disagree", "agree", True): "is right for your forward, but your forward is not this layer",
    ("disagree", "agree", False): "is right for your forward, whose values are right too: a kink, or an unlucky point",
    (
        "agree",
        "disagree",
        True,
    ): "is right for the equations, but your forward is another function: the forward is wrong",
    ("agree", "disagree", False): "is right for the equations, but not for your forward in float64",
    ("disagree", "unresolved", False): "is wrong in the backward, or in the equations: differences cannot tell",
    ("disagree", "unresolved", True): "contradicts the equations, and so does your forward: start with the forward",
}


def _check(report: Report, finding: Finding) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return value if abs(value) < float("inf") else None  # JSON has no infinity, and no NaN

    return {
        "layer": report.layer,
        "case": finding.case,
        "dtype": report.dtype,
        "cotangent": finding.cotangent,
        "witness": finding.witness,
        "verdict": finding.verdict,
        "error": number(finding.error),
        "entries": finding.entries,
        "of": finding.of,
        "nearly": finding.nearly,
        "reason": finding.reason,
        "worst": [
            {"index": list(e.index), "expected": number(e.expected), "got": number(e.got), "error": number(e.error)}
            for e in finding.worst
        ],
    }
