"""What the tests of published mistakes ask of a report."""

import pytest


@pytest.fixture
def likeliest():
    """What a report names first as the cause of a wrong cotangent: the hypothesis, and the mistake."""

    def likeliest(report, cotangent):
        assert report.verdict == "disagree"
        named = [d for d in report.diagnoses if d.cotangent == cotangent]
        return (named[0].hypothesis, named[0].mistake) if named else None

    return likeliest
