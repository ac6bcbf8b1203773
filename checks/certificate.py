"""A certificate: what was checked, of which code, by which versions."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from checks.report import Report, overall
from checks.sources import current_digest
from checks.versions import versions
from numeric.atomic import write_atomically

FORMAT = 1
LONGEST = 10_000_000  # bytes; one of the whole catalogue has two million
LONGEST_NAME = 200  # of a layer or a module


class CertificateError(ValueError):
    """A certificate that cannot be read or does not hold; the message is one line that says why."""


@dataclass(frozen=True)
class Certificate:
    """`checked` has an entry for each report; `sources` maps modules to the SHA-256 of their source.

    An entry says which layer was checked, in which dtype, with which seed, at which `cases` (sizes, or shapes of given
    inputs), the code of which `sources`, and what each witness found: its verdict, and the largest error in units of
    the rounding bound.
    """

    verdict: str
    checked: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str]
    sources: Mapping[str, str]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that were checked."""
        return tuple(dict.fromkeys(entry["layer"] for entry in self.checked))

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says, in hexadecimal: the name by which a model knows it."""
        return _digest(_content(self))

    @property
    def changed(self) -> tuple[str, ...]:
        """The modules whose source is not what was checked, or is not there any more."""
        return tuple(module for module, digest in self.sources.items() if current_digest(module) != digest)


def certify(reports: Sequence[Report]) -> Certificate:
    """The certificate of some reports. It certifies disagreement just as well: read its verdict."""
    return Certificate(
        verdict=overall(reports),
        checked=[_entry(report) for report in reports],
        versions=versions(),
        sources=dict(sorted({name: digest for report in reports for name, digest in report.sources.items()}.items())),
    )


def write(certificate: Certificate, path: Path) -> None:
    """Write the certificate as JSON: whole, or not at all. Raises OSError."""
    content = {**_content(certificate), "digest": certificate.digest}
    write_atomically(path, json.dumps(content, indent=1).encode())


def load(path: Path) -> Certificate:
    """Read a certificate. Raises CertificateError where it is missing, malformed, or was changed after writing."""
    raw = _read(path)
    try:
        content = json.loads(raw)
        digest = content.pop("digest", None) if isinstance(content, dict) else None
        computed = _digest(content)
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or brackets in brackets without end
        raise CertificateError(f"{path} is no certificate: it holds no JSON") from None
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise CertificateError(f"{path} is no certificate of format {FORMAT}")
    if digest != computed:
        raise CertificateError(f"{path} was changed after it was written: its digest does not match")
    if set(content) != set(_FIELDS):
        odd = min(set(content) ^ set(_FIELDS))
        raise CertificateError(f"{path} is no certificate: it should hold {', '.join(_FIELDS)}, and {odd} is amiss")
    for name, is_right in _FIELDS.items():
        if not is_right(content[name]):
            raise CertificateError(f"{path} is no certificate: what it holds as {name} is none")
    return Certificate(**content)


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a pipe would never end
            raise CertificateError(f"cannot read {path}: it is no regular file")
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise CertificateError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > LONGEST:
        raise CertificateError(f"{path} is no certificate: it is longer than {LONGEST} bytes")
    return content


def confirm(certificate: Certificate) -> None:
    """Raise CertificateError unless everything agreed and the code that runs now is the code that was checked."""
    if certificate.verdict != "agree":
        raise CertificateError(f"the certificate does not vouch for the code: its verdict is {certificate.verdict}")
    for module in certificate.changed:
        raise CertificateError(f"{module} has changed since it was checked: check it again")


def _entry(report: Report) -> dict[str, Any]:
    described = report.to_dict()
    checks = [
        {key: check[key] for key in ("case", "cotangent", "witness", "verdict", "error")}
        for check in described["checks"]
    ]
    rest = {"cases": list(report.cases), "sources": sorted(report.sources), "checks": checks}
    return {**{key: described[key] for key in _ENTRY if key not in rest}, **rest}


def _content(certificate: Certificate) -> dict[str, Any]:
    return {"format": FORMAT, **asdict(certificate)}


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _are_names(value: Any) -> bool:
    return all(isinstance(each, str) and each.isprintable() and len(each) <= LONGEST_NAME for each in value)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and _are_names(value) and all(isinstance(each, str) for each in value.values())


def _are_entries(value: Any) -> bool:
    return isinstance(value, list) and all(_is_entry(each) for each in value)


def _is_entry(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == set(_ENTRY)
        and all(isinstance(value[name], kind) for name, kind in _ENTRY.items())
        and _are_names([value["layer"], *value["sources"]])
    )


_ENTRY = {
    "layer": str,
    "implementation": str,
    "dtype": str,
    "seed": int,
    "verdict": str,
    "cases": list,
    "sources": list,
    "checks": list,
}
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "verdict": lambda value: value in ("agree", "disagree", "unresolved"),
    "checked": _are_entries,
    "versions": _is_table,
    "sources": _is_table,
}
