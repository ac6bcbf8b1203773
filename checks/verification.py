"""A trained model, checked again: every stage at the model's own weights and shapes, and whether the code is the same.

A certificate says that the code was right at random inputs of small sizes. This asks what it does at these parameters,
at these shapes, with activations as they really come; and whether it is still the code that was certified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from checks.certificate import Certificate, load
from checks.gradcheck import gradcheck
from checks.report import Report, overall
from checks.verdict import Finding, Verdict, combine
from derivations import Derivation, derive
from numeric.directional import ROWS, DirectionalCheck, directional_check
from numeric.errors import InputError
from numeric.model import Model
from numeric.network import Memory, Stage

if TYPE_CHECKING:
    from rich.console import RenderableType

CERTIFICATE = "certificate.json"
# As many rows as a batch of training has; the first matrix of a network of MNIST is of full size then. An image that is
# seen as such has as many windows as rows a batch, so that a few are enough.
BATCH, IMAGES = 64, 4
MOST_NAMED = 3
# The key of a model's metadata under which it names the certificate of the code that trained it, by its digest.
NAMED = "certificate"
CODE: dict[bool | None, Verdict] = {True: "agree", False: "disagree", None: "unresolved"}


@dataclass(frozen=True)
class Provenance:
    """What a certificate says of the code that runs now: `holds`, where there is one to compare, and a sentence."""

    holds: bool | None
    sentence: str


@dataclass(frozen=True)
class Verification:
    """What verifying a model found: a report on every stage by its place in the network, the slope of the whole
    network's loss, and what the certificate says of the code.
    """

    network: str
    reports: Mapping[str, Report]
    slope: DirectionalCheck
    provenance: Provenance

    @property
    def verdict(self) -> Verdict:
        """Agree where every stage does, the slope is right or cannot be told, and no certificate speaks against it."""
        if self.slope.disagrees or self.provenance.holds is False:
            return "disagree"
        return overall(list(self.reports.values()))

    def __rich__(self) -> "RenderableType":
        """The verification as a page for a terminal, with the whole report of every stage that does not agree."""
        from rich.console import Group
        from rich.text import Text

        from checks.page import MARKS, stages

        slope: Verdict = "disagree" if self.slope.disagrees else "unresolved" if self.slope.error is None else "agree"
        code = CODE[self.provenance.holds]
        lines = [(slope, _slope_sentence(self.slope)), (code, self.provenance.sentence)]
        doubtful = [report for report in self.reports.values() if report.verdict != "agree"]
        return Group(
            Text.assemble((self.network, "bold"), f"   {len(self.reports)} stages, at the model's own weights"),
            stages(self.reports),
            *(Text.assemble(MARKS[verdict], " ", sentence) for verdict, sentence in lines),
            *(part for report in doubtful for part in (Text(), report)),
        )


def verify(
    model: Model,
    images: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    *,
    certificate: Certificate | None = None,
    seed: int = 0,
) -> Verification:
    """Check every stage of a model in float32, the slope of its loss in float64, and its code against a certificate.

    `images` are float32 rows as the network reads them, of which the first 64 are fed forward (4 where it sees them as
    images), `labels` their classes; what is not given is drawn with `seed`. Every stage is checked at the activations
    that reach it, its output cotangents drawn at random; where its shapes are large, entries are drawn (see
    `gradcheck`).
    Raises InputError for images or labels that do not fit the model.
    """
    rng = np.random.default_rng(seed)
    features, most = model.network.features, IMAGES if model.network.convolves else BATCH
    X = rng.random((most, features), np.float32) if images is None else images[:most]
    if X.dtype != np.float32 or X.shape != (len(X), features) or not len(X):
        raise InputError(f"images are {X.dtype} of shape {X.shape}; expected float32 of shape [N, {features}]")
    if not np.isfinite(X).all():
        raise InputError("images hold what is no number; expected grey levels from 0 to 1")
    labels = rng.integers(0, model.network.classes, len(X)) if labels is None else labels[:most]
    whole = labels.dtype.kind in "iu" and labels.shape == (len(X),)
    if not whole or labels.min() < 0 or labels.max() >= model.network.classes:
        raise InputError(f"the labels do not fit: expected {len(X)} from 0 to {model.network.classes - 1}")
    T = model.network.targets(labels)
    reports = _stage_reports(model, X, T, seed)
    vector = np.concatenate([model.parameters[name].ravel() for name in model.network.shapes])
    slope = directional_check(model.network, vector, X[:ROWS], T[:ROWS], rng)
    return Verification(model.network.name, reports, slope, provenance(model, certificate, list(reports.values())))


def provenance(model: Model, certificate: Certificate | None, reports: Sequence[Report]) -> Provenance:
    """Compare the code behind a model's stages, as their reports have it, with what a certificate vouches for."""
    named = model.metadata.get(NAMED)
    if certificate is None:
        missing = ", though the model names one" if named else ""
        return Provenance(None, f"no certificate to compare the code with{missing}")
    if named and named != certificate.digest:
        return Provenance(False, "this is not the certificate that the model names")
    if certificate.verdict != "agree":
        return Provenance(False, f"the certificate does not vouch for the code: its verdict is {certificate.verdict}")
    if certificate.changed:
        return Provenance(False, f"the code has changed since it was certified: {_named(certificate.changed)}")
    modules = {module for report in reports for module in report.sources}
    unknown = sorted({*model.network.layers} - {*certificate.layers}) or sorted(modules - {*certificate.sources})
    if unknown:
        return Provenance(False, f"the certificate says nothing of {_named(unknown)}")
    link = "the model names it" if named else "the model does not name it"
    return Provenance(True, f"the code is the code that was certified ({len(certificate.sources)} modules; {link})")


def _named(names: Sequence[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def certificate_beside(model: Path) -> Certificate | None:
    """The certificate in the folder of a model; None where there is none. CertificateError where it is damaged."""
    path = model.with_name(CERTIFICATE)
    return load(path) if path.exists() else None


def _stage_reports(model: Model, X: np.ndarray, T: np.ndarray, seed: int) -> dict[str, Report]:
    reports = {}
    members = model.network.members(model.parameters)
    for member, (network, parameters) in enumerate(members, start=1):
        prefix = f"{member}." if len(members) > 1 else ""
        for number, (stage, memory) in enumerate(network.memories(parameters, X, T), start=1):
            reports[f"{prefix}{number}  {stage.name}"] = _stage_report(stage, memory, seed, is_first=number == 1)
    return reports


def _stage_report(stage: Stage, memory: Memory, seed: int, is_first: bool) -> Report:
    layer = derive(stage.name).layer
    names = [tensor.name for tensor in layer.inputs] + [option.name for option in layer.options]
    inputs = {name: memory[name] for name in names if name in memory}
    report = gradcheck(
        (stage.forward, stage.backward), _asked(stage, memory, is_first), inputs=inputs, dtype="float32", seed=seed
    )
    return replace(report, findings=tuple(_on_real_data(finding, report) for finding in report.findings))


def _on_real_data(finding: Finding, report: Report) -> Finding:
    """The finding, without a vote where it is the differences that lose digits and the equations agree.

    Images have black margins, and what they make lies on kinks to within rounding: float32 takes one side of these,
    differences in float64 another.
    """
    lost = finding.witness == "differences" and finding.verdict == "unresolved"
    if lost and combine(report.about(finding.cotangent, "derivation")) == "agree":
        return replace(finding, error=0.0, reason=f"on kinks, within rounding: {finding.reason}")
    return finding


def _asked(stage: Stage, memory: Memory, is_first: bool) -> Derivation:
    """The derivation of a stage; of the first one's parameters alone, where its backward leaves the images out."""
    if is_first and stage.parameters:
        returned = stage.pull(np.ones_like(memory[stage.output]), memory)
        if "d" + stage.input not in returned:
            return derive(stage.name, wrt=list(stage.parameters))
    return derive(stage.name)


def _slope_sentence(slope: DirectionalCheck) -> str:
    if slope.error is None:
        return "kinks or rounding hide the slope of the network's loss along a random direction"
    return f"the gradient says {slope.claimed:.9g} along a random direction, its loss has {slope.measured:.9g}"
