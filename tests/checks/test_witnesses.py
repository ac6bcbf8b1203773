"""The witnesses ask a forward for many points at once where it can, and one by one where it cannot."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import checks.witnesses
from checks import gradcheck
from checks.adapters.functions import from_functions
from checks.batching import Batch
from checks.precision import format_of
from checks.suite import rows
from checks.trial import Trial
from checks.witnesses import Witnesses
from derivations import derive
from numeric.linear import linear, linear_backward

INPUTS = {"X": (3, 4), "W": (4, 2), "b": (2,)}


def trial(forward, seed=0):
    rng = np.random.default_rng(seed)
    values = {name: rng.standard_normal(shape) for name, shape in [*INPUTS.items(), ("dY", (3, 2))]}
    derivation = derive("linear")
    implementation = from_functions(forward, linear_backward, derivation.layer)
    return Trial(implementation, derivation, format_of("float64"), "", values)


def counted(function, calls):
    def forward(X, W, b):
        calls.append(type(X))
        return function(X, W, b)

    return forward


def entry_by_entry(X, W, b):
    Y = np.empty((len(X), len(b)), X.dtype)
    for n in range(len(X)):
        for c in range(len(b)):
            Y[n, c] = sum(X[n, d] * W[d, c] for d in range(len(W))) + b[c]
    return Y


def plain(X, W, b):
    return X @ W + b


@pytest.mark.parametrize("witness", ["differences", "complex_step"])
@given(seed=st.integers(0, 2**32 - 1))
def test_they_say_the_same_of_code_that_takes_one_point_at_a_time(witness, seed):
    together, one_by_one = (
        Witnesses(trial(forward, seed), (witness,), np.random.default_rng(0)) for forward in (plain, entry_by_entry)
    )
    for name, shape in INPUTS.items():
        some, other = (getattr(witnesses, witness)(f"d{name}") for witnesses in (together, one_by_one))
        assert some.value.shape == shape
        assert (np.abs(some.value - other.value) <= some.error + other.error).all()


def test_all_inputs_take_few_calls_with_many_points():
    calls = []
    witnesses = Witnesses(trial(counted(plain, calls)), ("differences",), np.random.default_rng(0))
    for name in INPUTS:
        assert np.isfinite(witnesses.differences(f"d{name}").error).all()
    assert calls.count(Batch) < 10
    assert len(calls) < 15


def test_the_contract_looks_at_the_arguments_once(monkeypatch):
    looks = []
    monkeypatch.setattr(type(linear.contract), "check", lambda self, arguments: looks.append(self.layer))
    Witnesses(trial(linear), ("differences",), np.random.default_rng(0)).differences("dX")
    assert looks == ["linear"]


def test_of_large_tensors_entries_are_drawn_unless_all_are_asked_for(monkeypatch):
    monkeypatch.setattr(checks.witnesses, "EVERY_ENTRY_AT_ONCE", 9)
    monkeypatch.setattr(checks.witnesses, "DRAWN_ENTRIES_AT_ONCE", 5)
    for every_entry, expected in ((False, (5, 8, 2)), (True, (12, 8, 2))):
        witnesses = Witnesses(trial(plain), (), np.random.default_rng(0), every_entry=every_entry)
        told = [np.isfinite(witnesses.differences(f"d{name}").error).sum() for name in INPUTS]
        assert tuple(told) == expected


def test_points_outside_the_domain_leave_nothing_open():
    (row,) = rows(["binary_cross_entropy"])
    inputs = {"P": np.array([[0.05, 0.5, 0.96]]), "T": np.array([[0, 1, 1]])}
    report = gradcheck((row.forward, row.backward), "binary_cross_entropy", inputs=inputs)
    (finding,) = [finding for finding in report.findings if finding.witness == "differences"]
    assert finding.verdict == "agree"


def test_a_forward_that_refuses_whatever_is_moved_is_quoted():
    seen = []

    def forward(X):
        if seen and not np.array_equal(X, seen[0]):
            raise OSError("disk on fire")
        seen.append(X.copy())
        return np.tanh(X)

    report = gradcheck((forward, lambda dY, X: dY / np.cosh(X) ** 2), "tanh", inputs={"X": np.ones((2, 2))})
    (finding,) = [finding for finding in report.findings if finding.witness == "differences"]
    assert finding.verdict == "unresolved"
    assert "disk on fire" in finding.reason


def test_a_wrong_forward_is_seen_either_way():
    for root in (np.sqrt, np.vectorize(math.sqrt)):
        report = gradcheck((lambda X, root=root: root(X * X + 1), lambda dY, X: dY), "identity")
        found = {finding.verdict for finding in report.findings if finding.witness == "differences"}
        assert found == {"disagree"}
