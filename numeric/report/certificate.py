"""What was checked before training, as certificate.json tells it: a table of layers, and what stands behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from numeric.drawing.markup import Markup, element, join
from numeric.report.tables import table

_MARKS = {"agree": "✓ agree", "disagree": "✗ disagree", "unresolved": "? unresolved"}
_VERDICTS = {
    "agree": "Every layer agrees with the equations that were derived for it.",
    "disagree": "A layer of this network disagrees with its equations: do not trust what was trained.",
    "unresolved": "Of some layer of this network nobody can tell whether it is right.",
}


def certificate_part(certificate: Mapping[str, Any] | None) -> Markup:
    """The checks, a row for each layer and dtype, and the versions, sources and digest of the certificate."""
    if certificate is None:
        return element("p", "The layers were not checked before this network was trained: nothing vouches for it.")
    verdict, checked = certificate["verdict"], certificate["checked"]
    heads = ("layer", "dtype", "verdict", "checks", "cannot tell", "largest error")
    rows = [
        (
            _breakable(entry["layer"]),
            entry["dtype"],
            element("span", _MARKS[entry["verdict"]], class_=entry["verdict"]),
            str(len(entry["checks"])),
            str(sum(check["verdict"] == "unresolved" for check in entry["checks"])),
            _largest(entry),
        )
        for entry in checked
    ]
    return join(
        [
            element("p", element("span", _MARKS[verdict], class_=verdict), ". ", _VERDICTS[verdict]),
            table("Checks of the layers", heads, rows, texts=3),
            element(
                "p",
                "Errors are in units of what rounding may do in that dtype: a correct program stays below 1. "
                "A check cannot tell where its witness has nothing to say, as where the true gradient is zero.",
            ),
            _behind(certificate),
        ]
    )


def _breakable(name: str) -> Markup:
    """A name that may go on in the next line after an underscore."""
    first, *rest = name.split("_")
    return join([first, *(join(["_", element("wbr"), part]) for part in rest)])


def _largest(entry: Mapping[str, Any]) -> str:
    """The largest error among the checks that the verdict rests on; one that is no number is the largest of all."""
    errors = [check["error"] for check in entry["checks"] if check["verdict"] == entry["verdict"]]
    if None in errors:
        return "∞"
    error = max(errors, default=0.0)
    return "<0.01" if 0 < error < 0.01 else f"{error:.2g}"


def _behind(certificate: Mapping[str, Any]) -> Markup:
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(entry["seed"] for entry in certificate["checked"]))
    versions = ", ".join(f"{name} {version}" for name, version in certificate["versions"].items())
    cases = [
        (f"{entry['layer']}, {entry['dtype']}", "; ".join(str(case) for case in entry["cases"]))
        for entry in certificate["checked"]
    ]
    sources = [(name, element("code", digest)) for name, digest in certificate["sources"].items()]
    return join(
        [
            element("h3", "The certificate"),
            _list([("versions", versions), ("seed", seeds), ("digest", element("code", certificate["digest"]))]),
            element("details", element("summary", "Sizes at which each layer was checked"), _list(cases)),
            element("details", element("summary", "SHA-256 of every source that was checked"), _list(sources)),
        ]
    )


def _list(pairs: Sequence[tuple[str, str]]) -> Markup:
    return element("dl", *(join([element("dt", term), element("dd", text)]) for term, text in pairs))
