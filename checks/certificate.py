"""A certificate: what was checked, of which code, by which versions."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from checks.report import Report, overall
from checks.sources import current_digest
from checks.versions import versions
from numeric.atomic import write_atomically

FORMAT = 1


class CertificateError(ValueError):
    """A certificate that cannot be read or does not hold; the message is one line that says why."""


@dataclass(frozen=True)
class Certificate:
    """`checked` has an entry for each report; `sources` maps modules to the SHA-256 of their source."""

    verdict: str
    checked: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str]
    sources: Mapping[str, str]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that were checked."""
        return tuple(dict.fromkeys(entry["layer"] for entry in self.checked))


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
    content = {"format": FORMAT, **asdict(certificate)}
    write_atomically(path, json.dumps({**content, "digest": _digest(content)}, indent=1).encode())


def load(path: Path) -> Certificate:
    """Read a certificate. Raises CertificateError where it is missing, malformed, or was changed after writing."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise CertificateError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:  # not UTF-8, or not JSON
        raise CertificateError(f"{path} is no certificate: it holds no JSON") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CertificateError(f"{path} is no certificate of format {FORMAT}")
    digest = content.pop("digest", None)
    if digest != _digest(content):
        raise CertificateError(f"{path} was changed after it was written: its digest does not match")
    del content["format"]
    return Certificate(**content)


def confirm(certificate: Certificate) -> None:
    """Raise CertificateError unless everything agreed and the code that runs now is the code that was checked."""
    if certificate.verdict != "agree":
        raise CertificateError(f"the certificate does not vouch for the code: its verdict is {certificate.verdict}")
    for module, digest in certificate.sources.items():
        if current_digest(module) != digest:
            raise CertificateError(f"{module} has changed since it was checked: check it again")


def _entry(report: Report) -> dict[str, Any]:
    described = report.to_dict()
    kept = ("layer", "implementation", "dtype", "seed", "verdict")
    checks = [
        {key: check[key] for key in ("case", "cotangent", "witness", "verdict", "error")}
        for check in described["checks"]
    ]
    return {**{key: described[key] for key in kept}, "cases": list(report.cases), "checks": checks}


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
