"""What the tests of the checks share."""

import importlib

import pytest


@pytest.fixture
def undiagnosed(monkeypatch):
    """For tests that ask whether a mistake is noticed, not which: what kind it is takes a derivation per hypothesis."""
    monkeypatch.setattr(importlib.import_module("checks.explanations"), "diagnose", lambda trials, findings: ())
