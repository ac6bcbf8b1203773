"""The page itself: what a report says, in the order in which one would ask, with a caption below every picture."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from numeric.data.datasets import common_name
from numeric.drawing.charts import Series, line_chart
from numeric.drawing.document import document, figure
from numeric.drawing.images import ink_uri
from numeric.drawing.markup import Markup, element, join
from numeric.pictures.weights import weight_tiles
from numeric.report.certificate import certificate_part
from numeric.report.run_report import Mistake, RunReport
from numeric.report.tables import confusion_table, table

_OF_LOSS = (
    "The mean over an epoch's batches. It should fall, steeply at first: where it jumps about, the learning rate is "
    "too large, and where it hardly moves, too small."
)
_OF_ACCURACY = (
    "The share of images read right of those that it does not learn from. Where this stands still or falls while the "
    "loss goes on falling, the training images are learnt by heart."
)
_OF_MATRICES = (
    "The mean length of each cotangent over a few of an epoch's batches, on a logarithmic scale. Where early layers "
    "lie far below late ones the gradient vanishes, as it does through many sigmoids; where a line shoots up it "
    "explodes."
)
_OF_VECTORS = "The same for what is added and scaled by. All should shrink as the loss does, and none be zero for long."
_OF_CHECKS = (
    "The error of one directional derivative an epoch, in units of its bound: up to 1 the gradient is what differences "
    "of the loss say."
)


def render(report: RunReport) -> str:
    """A whole HTML page, in one file of its own: no script, and nothing that is fetched from anywhere."""
    headline = _headline(report)
    sections = (
        element("header", element("h1", headline), element("p", _lead(report), class_="lead")),
        _section("Learning", _curves(report), _numbers(report)),
        _section("What it reads wrongly", _wrong(report)),
        _section("What the first layer looks for", weight_tiles(report.weights)),
        _section("The cotangents while it trains", _cotangents(report)),
        _section("What vouches for the layers", certificate_part(report.certificate)),
    )
    return document(headline, *sections)


def _headline(report: RunReport) -> str:
    summary = report.summary
    images = f"{common_name(summary['dataset'])} test images"
    return f"{summary['network']} reads {summary['test_accuracy']:.2%} of the {images} right"


def _lead(report: RunReport) -> str:
    summary, images = report.summary, int(report.confusion.sum())
    wrong = images - int(np.trace(report.confusion))
    return (
        f"It reads {wrong:,} of {images:,} wrongly. It has {summary['parameters']:,} parameters, was trained for "
        f"{_count(summary['epochs'], 'epoch')} in {summary['train_seconds']:.1f} seconds, and is kept as it was after "
        f"epoch {summary['best_epoch']}, the best at the validation images ({summary['validation_accuracy']:.2%}). "
        f"Seed {summary['seed']}, {_count(summary['threads'], 'thread')}."
    )


def _section(title: str, *content: str) -> Markup:
    return element("section", element("h2", title), *content)


def _curves(report: RunReport) -> Markup:
    return element(
        "div",
        _curve(report, "Training loss", "loss", "{:.3g}", _OF_LOSS, include=(0.0,)),
        _curve(report, "Validation accuracy", "validation_accuracy", "{:.2%}", _OF_ACCURACY, percent=True),
        class_="pair",
    )


def _curve(report: RunReport, title: str, field: str, form: str, caption: str, **options: Any) -> Markup:
    """A chart of one of the numbers of each epoch, with the one that was kept marked."""
    values = {epoch.epoch: getattr(epoch, field) for epoch in report.history}
    best = report.summary["best_epoch"]
    mark = (best, f"epoch {best}, kept: {form.format(values[best])}")
    line = list(values.items())
    return figure(title, line_chart(title, _course(line, form), {title: line}, mark=mark, **options), caption)


def _course(line: Series, form: str) -> str:
    (first, start), (last, end) = line[0], line[-1]
    if first == last:
        return f"{form.format(start)} after the only epoch."
    return f"From {form.format(start)} after epoch {first} to {form.format(end)} after epoch {last}."


def _numbers(report: RunReport) -> Markup:
    heads = ("epoch", "loss", "validation accuracy", "last rate", "seconds")
    rows = [
        (f"{e.epoch}", f"{e.loss:.4f}", f"{e.validation_accuracy:.2%}", f"{e.rate:.3g}", f"{e.seconds:.2f}")
        for e in report.history
    ]
    return element("details", element("summary", "All epochs in numbers"), table("All epochs", heads, rows))


def _wrong(report: RunReport) -> Markup:
    confusion = figure(
        "Which is taken for which",
        confusion_table(report.confusion),
        f"A row for what an image is, a column for what was read, and at the end how much of the row is right. "
        f"{_commonest(report.confusion)}",
    )
    if report.mistakes:
        mistakes = figure(
            "The worst mistakes",
            element("div", *map(_mistake, report.mistakes), class_="tiles digits"),
            "What each is, what was read, and how sure the network was of that; the surest first. Many could puzzle a "
            "person too. The ones that could not show what it has yet to learn.",
        )
    else:
        mistakes = element("p", "Not one test image was read wrongly, so there are no mistakes to show.")
    return element("div", confusion, mistakes, class_="pair")


def _commonest(confusion: np.ndarray) -> str:
    mistakes = confusion - np.diag(np.diag(confusion))
    if not mistakes.any():
        return "Nothing lies off the diagonal: all is read right."
    label, read = np.unravel_index(mistakes.argmax(), mistakes.shape)
    return f"Most often a {label} is read as a {read}: {_count(int(mistakes.max()), 'time')}."


def _mistake(mistake: Mistake) -> Markup:
    picture = element("img", src=ink_uri(mistake.image), alt=f"A {mistake.label} that was read as a {mistake.read}")
    sure = f"{mistake.share:.1%}"
    read = element("figcaption", element("b", f"{mistake.label}, read {mistake.read}"), element("br"), sure)
    return element("figure", picture, read)


def _cotangents(report: RunReport) -> Markup:
    norms = _norms(report)
    # In the equations matrices and kernels have capitals, vectors small letters.
    matrices = {f"d{name}": line for name, line in norms.items() if name[0].isupper()}
    vectors = {f"d{name}": line for name, line in norms.items() if not name[0].isupper()}
    figures = [
        figure(title, line_chart(title, _ends(lines), lines, logarithmic=True), caption)
        for title, lines, caption in (
            ("Lengths: weights", matrices, _OF_MATRICES),
            ("Lengths: biases, scales and shifts", vectors, _OF_VECTORS),
        )
        if lines
    ]
    checked = [(e.epoch, e.check) for e in report.history if e.check is not None and math.isfinite(e.check)]
    if checked:
        title = "Against differences of the loss"
        chart = line_chart(title, _course(checked, "{:.2g}"), {"error": checked}, include=(0.0, 1.0))
        figures.append(figure(title, chart, _OF_CHECKS))
    missing = [] if norms else [element("p", "This run did not record how long its cotangents were.")]
    return join([*missing, element("div", *figures, class_="pair")])


def _norms(report: RunReport) -> dict[str, Series]:
    """The length of each parameter's cotangent at the epochs that know it."""
    lines: dict[str, list[tuple[int, float]]] = {}
    for epoch in report.history:
        for name, length in epoch.norms.items():
            if math.isfinite(length):
                lines.setdefault(name, []).append((epoch.epoch, length))
    return dict(lines)


def _ends(lines: Mapping[str, Series]) -> str:
    return "After the last epoch: " + ", ".join(f"{name} {line[-1][1]:.3g}" for name, line in lines.items()) + "."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
