"""Layers as large as they are trained: right ones agree, and what is wrong only there is found."""

import numpy as np
import pytest

from checks import gradcheck
from checks.full_size import DRAWN_ENTRIES, MOST_BEHIND, draw, is_full_size
from checks.suite import rows
from derivations import derive
from derivations.demand import demanded
from derivations.evaluate import machine_for
from derivations.fields import Floats
from derivations.schedule import schedule

FULL = {
    "linear": {"N": 128, "D": 784, "C": 128},
    "conv2d": {"N": 2, "H": 28, "W": 28, "C": 64, "F": 64, "R": 3, "S": 3, "stride": 1, "pad": 1, "dilation": 1},
    "scaled_dot_product_attention": {"N": 8, "T": 256, "U": 256, "D": 64, "E": 64},
    "layer_norm": {"N": 128, "D": 784, "eps": 1e-5},
}


def values_of(name):
    derivation, rng = derive(name), np.random.default_rng(0)
    values = derivation.layer.random_inputs(FULL[name], rng)
    sizes = machine_for(derivation.layer, values, Floats()).sizes
    for tensor, given in zip(derivation.layer.outputs, derivation.output_cotangents, strict=True):
        values[given] = rng.standard_normal(derivation.layer.shape(tensor.name, sizes))
    return derivation, values


@pytest.mark.parametrize("name", FULL)
def test_a_right_layer_agrees(name):
    row = rows([name])[0]
    report = gradcheck((row.forward, row.backward), name, sizes=FULL[name], dtype="float32", seed=2)
    assert report.verdict == "agree", str(report)
    exact = [finding for finding in report.findings if finding.witness == "derivation"]
    assert {f.cotangent for f in exact} == {f"d{t.name}" for t in derive(name).layer.inputs if not t.integer}
    assert all(finding.entries <= DRAWN_ENTRIES for finding in exact)
    assert "drawn at random: " in str(report)


def linear(X, W, b):
    return X @ W + b


def wrong_for_large_indices(dY, X, W, b):
    dW = X.T @ dY
    dW[128:] *= 1.01
    return {"dX": dY @ W.T, "dW": dW, "db": dY.sum(axis=0)}


def wrong_beyond_the_first_rows(dY, X, W, b):
    dX = dY @ W.T
    dX[64:] = np.roll(dX[64:], 1, axis=1)
    return {"dX": dX, "dW": X.T @ dY, "db": dY.sum(axis=0)}


@pytest.mark.parametrize(
    ("backward", "cotangent"), [(wrong_for_large_indices, "dW"), (wrong_beyond_the_first_rows, "dX")]
)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_wrong_only_there_is_found(backward, cotangent, seed):
    """Of dW 84 % are wrong, of dX 50 %: that none of 64 entries is among them has a chance of 2**-64 at most."""
    small = gradcheck((linear, backward), "linear", seed=seed)
    assert small.verdict == "agree"
    report = gradcheck((linear, backward), "linear", sizes=FULL["linear"], dtype="float32", seed=seed)
    wrong = {(f.cotangent, f.witness) for f in report.findings if f.verdict == "disagree"}
    assert {(cotangent, "derivation"), (cotangent, "differences")} <= wrong
    assert {name for name, _ in wrong} == {cotangent}
    assert f"{cotangent} contradicts" in str(report)


def test_one_wrong_entry_is_seen_along_a_direction():
    """It is hardly ever among those drawn; but a direction passes through all of them."""

    def one_entry(dY, X, W, b):
        dW = X.T @ dY
        dW[391, 77] += 40.0
        return {"dX": dY @ W.T, "dW": dW, "db": dY.sum(axis=0)}

    report = gradcheck((linear, one_entry), "linear", sizes=FULL["linear"], seed=4)
    assert {(f.cotangent, f.witness) for f in report.findings if f.verdict == "disagree"} >= {("dW", "differences")}


@pytest.mark.parametrize("name", FULL)
def test_little_is_computed_for_the_entries_drawn(name):
    derivation, values = values_of(name)
    assert is_full_size(derivation, values)
    drawn = draw(derivation, values, np.random.default_rng(1))
    machine = machine_for(derivation.layer, values, Floats(), derivation.given)
    shapes = {equation.name: machine.shape(equation) for equation in derivation.equations}
    blocks = demanded(schedule(derivation.equations), drawn.entries, machine, shapes)
    assert sum(block.size for block in blocks.values()) <= MOST_BEHIND
    for tensor, entries in drawn.entries.items():
        assert len(np.unique(entries, axis=0)) == len(entries)
        assert (entries >= 0).all()
        assert (entries < np.array(shapes[tensor])).all()
    assert bool(str(drawn)) == (name == "scaled_dot_product_attention")


def test_small_cases_are_looked_at_entry_by_entry():
    linear_layer = derive("linear")
    values = {"X": np.ones((4, 5)), "W": np.ones((5, 3)), "b": np.ones(3), "dY": np.ones((4, 3))}
    assert not is_full_size(linear_layer, values)


def with_a_mean(dY, X, W, b):
    return {"dX": dY @ W.T, "dW": X.T @ dY / len(X), "db": dY.sum(axis=0)}


def told(pair, name, **sizes):
    return [str(diagnosis) for diagnosis in gradcheck(pair, name, sizes={**FULL[name], **sizes}).diagnoses]


def test_a_mistake_is_looked_for_at_small_sizes():
    (told_at_small_sizes,) = told((linear, with_a_mean), "linear")
    assert told_at_small_sizes.startswith("dW is the true one times 1/N")
    assert told_at_small_sizes.endswith("(at N=6 D=7 C=5)")


def test_what_is_wrong_at_large_sizes_alone_is_said_to_be():
    (sentence,) = told((linear, wrong_for_large_indices), "linear")
    assert sentence == "dW is right at small sizes: only larger ones bring it out (at N=6 D=7 C=5)"


def test_sizes_that_the_code_has_for_good_are_not_made_small():
    def only_at_full_width(X, W, b):
        if X.shape[1] != 784:
            raise ValueError("784 pixels are expected")
        return X @ W + b

    assert told((only_at_full_width, with_a_mean), "linear") == []


def test_options_and_kernels_stay_and_what_is_equal_stays_equal():
    def square(X, K, b, stride, pad, dilation):
        assert X.shape[1] == X.shape[2]
        assert (*K.shape[:2], stride, pad, dilation) == (3, 3, 1, 1, 1)
        return row.forward(X=X, K=K, b=b, stride=stride, pad=pad, dilation=dilation)

    def flipped(dY, X, K, b, stride, pad, dilation):
        arguments = {"dY": dY, "X": X, "K": K[::-1, ::-1].copy(), "stride": stride, "pad": pad, "dilation": dilation}
        return row.backward(**arguments) | {"dK": row.backward(**{**arguments, "K": K})["dK"]}

    (row,) = rows(["conv2d"])
    assert any("reads K backwards along r, s" in sentence for sentence in told((square, flipped), "conv2d"))
