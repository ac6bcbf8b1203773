"""A backward that is right at one point and wrong around it is found; ours are right around theirs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof import main
from checks import gradcheck, hessian_check
from checks.suite import SUITE, run_suite
from derivations import read_layer

NETWORK = ("linear", "sigmoid", "tanh", "relu", "softmax", "squared_error", "cross_entropy", "sigmoid_cross_entropy")
NETWORK += ("softmax_cross_entropy", "l2_penalty")
BEYOND = ("layer_norm", "gru", "conv1d", "max_pool2d", "embedding", "elastic_net", "prelu", "binary_cross_entropy")
HERE = np.random.default_rng(6).standard_normal((3, 4))


@pytest.mark.parametrize("name", NETWORK + BEYOND)
def test_hand_written_backwards_rise_as_derived(name):
    for report in run_suite([name], order=2):
        assert report.verdict == "agree", report
        assert report.dtype == "float64"
        assert {finding.cotangent[:2] for finding in report.findings} == {"Hv"}


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=10)
def test_correct_code_is_never_flagged(N, D, C, seed):
    row = next(row for row in SUITE if row.layer == "linear")
    report = hessian_check((row.forward, row.backward), "linear", sizes={"N": N, "D": D, "C": C}, seed=seed)
    assert report.verdict == "agree"


@pytest.mark.parametrize("seed", [1, 8])
def test_a_kink_near_by_misleads_nobody(seed):
    """Seed 1 draws an entry of K as 0, where the second derivative jumps; seed 8 one that lies near."""
    row = next(row for row in SUITE if row.layer == "linear_attention")
    report = hessian_check((row.forward, row.backward), "linear_attention", sizes={"N": 3, "T": 4}, seed=seed)
    assert report.verdict == "agree"


def test_on_a_kink_the_side_that_the_equations_name_is_looked_at():
    row = next(row for row in SUITE if row.layer == "elu")
    inputs = {"X": np.array([[0.0, 1.0, -1.0]]), "alpha": 2.0}
    report = hessian_check((row.forward, row.backward), "elu", inputs=inputs)
    assert report.verdict == "agree"


def tanh(X):
    return np.tanh(X)


def constant_backward(dY, X):
    return {"dX": dY * (1 - np.tanh(HERE) ** 2)}


class Stale:
    """Keeps what its first forward computed."""

    def __init__(self):
        self.Y = None

    def forward(self, X):
        Y = np.tanh(X)
        if self.Y is None or self.Y.shape != Y.shape:
            self.Y = Y
        return Y

    def backward(self, dY, X):
        return {"dX": dY * (1 - self.Y**2)}


def test_a_constant_where_a_function_belongs_is_right_at_one_point_only():
    pair = (tanh, constant_backward)
    first_order = gradcheck(pair, "tanh", inputs={"X": HERE})
    assert {finding.witness for finding in first_order.findings if finding.verdict == "disagree"} == {"nothing kept"}
    report = hessian_check(pair, "tanh", inputs={"X": HERE})
    assert report.verdict == "disagree"
    (finding,) = report.findings
    assert (finding.cotangent, finding.verdict, finding.wrong) == ("HvX", "disagree", 12)
    assert all(entry.got == 0 != entry.expected for entry in finding.worst)
    assert "dX does not change with the inputs as the equations say" in " ".join(str(report).split())


def test_what_an_earlier_call_left_behind_is_found():
    stale = Stale()
    assert hessian_check((stale.forward, stale.backward), "tanh", sizes={"N": 3, "D": 4}).verdict == "disagree"


def test_a_stale_weight_is_found_in_the_one_product_that_needs_it():
    rng = np.random.default_rng(7)
    X, W, b = rng.standard_normal((3, 4)), rng.standard_normal((4, 2)), rng.standard_normal(2)

    def backward(dY, X, b):
        return {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(axis=0)}

    report = hessian_check((lambda X, W, b: X @ W + b, backward), "linear", inputs={"X": X, "W": W, "b": b})
    assert {f.cotangent: f.verdict for f in report.findings} == {"HvX": "disagree", "HvW": "agree", "Hvb": "agree"}


def test_a_product_that_should_be_zero_and_is_not_is_found():
    def backward(dY, X):
        return {"dX": dY * (X > 0) * (1 + 1e-6 * np.sin(X))}

    assert hessian_check((lambda X: np.maximum(X, 0), backward), "relu").verdict == "disagree"


@pytest.mark.parametrize(
    ("backward", "kind"),
    [
        (lambda dY, X: {"dX": (dY * X).sum()}, "shape"),
        (lambda dY, X: {}, "missing"),
        (lambda dY, X: 1 / 0, "raises"),
    ],
)
def test_what_leaves_nothing_to_compare_is_a_finding(backward, kind):
    report = hessian_check((tanh, backward), "tanh", sizes={"N": 3, "D": 4})
    assert report.verdict == "disagree"
    assert [finding.witness for finding in report.findings] == [kind]


def test_outside_of_a_domain_the_code_may_refuse():
    def forward(X):
        if (X <= 0).any():
            raise ValueError("no logarithm")
        return np.log(X)

    layer = read_layer("X[N]  Y[N]\nY[n] = log(X[n])")
    pair = (forward, lambda dY, X: {"dX": dY / X})
    assert hessian_check(pair, layer, inputs={"X": np.array([0.05, 0.2, 3.0])}).verdict == "agree"


def test_sizes_and_inputs_are_not_given_together():
    with pytest.raises(ValueError, match="give sizes or inputs, not both"):
        hessian_check((tanh, constant_backward), "tanh", sizes={"N": 3}, inputs={"X": HERE})


def test_the_command_checks_at_second_order(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["check", "linear", "relu", "--order", "2"])
    out = capsys.readouterr().out
    assert stop.value.code == 0
    assert out.split()[:2] == ["layer", "float64"]
    assert "differences may be off by" in " ".join(out.split())


def test_float32_has_too_few_digits_for_it(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["check", "linear", "--order", "2", "--dtype", "float32"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == (
        "backproof: at second order differences need all digits of float64; leave --dtype out\n"
    )
