"""Matrix form means what NumPy makes of it."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from derivations import layer
from derivations.evaluate import evaluate_equations
from derivations.practice import grade, layer_problem
from derivations.practice.problem import Problem
from derivations.practice.reading import AnswerReader

SIZES = {"N": 3, "D": 4, "C": 2}
ROOM = layer(
    "room", tensors="X[N, D] W[D, C] S[D, D] v[D] u[N] a Y[N, C]", equations="Y[n, c] = sum[d](X[n, d]*W[d, c])"
)
FORMS = {
    "X @ W": lambda t: t.X @ t.W,
    "W.T @ X.T": lambda t: t.W.T @ t.X.T,
    "X @ v": lambda t: t.X @ t.v,
    "u @ X": lambda t: t.u @ t.X,
    "v @ v": lambda t: t.v @ t.v,
    "X @ S @ W": lambda t: t.X @ t.S @ t.W,
    "X*v": lambda t: t.X * t.v,
    "X + u[:, None]": lambda t: t.X + t.u[:, None],
    "u[None, :] + v[:, None]": lambda t: t.u[None, :] + t.v[:, None],
    "X.sum()": lambda t: t.X.sum(),
    "X.sum(axis=0)": lambda t: t.X.sum(axis=0),
    "X.sum(axis=1, keepdims=True)": lambda t: t.X.sum(axis=1, keepdims=True),
    "X.sum(axis=-1)": lambda t: t.X.sum(axis=-1),
    "X.mean(0)": lambda t: t.X.mean(0),
    "X.max(axis=1)": lambda t: t.X.max(axis=1),
    "X.sum(axis=(0, 1))": lambda t: t.X.sum(axis=(0, 1)),
    "np.sum(X*X, axis=0)": lambda t: np.sum(t.X * t.X, axis=0),
    "np.exp(-X**2)": lambda t: np.exp(-(t.X**2)),
    "np.maximum(X, 0)": lambda t: np.maximum(t.X, 0),
    "np.where(X > 0, X, a*X)": lambda t: np.where(t.X > 0, t.X, t.a * t.X),
    "(X > 0)*X": lambda t: (t.X > 0) * t.X,
    "X - X.mean(axis=1, keepdims=True)": lambda t: t.X - t.X.mean(axis=1, keepdims=True),
    "np.outer(u, v)": lambda t: np.outer(t.u, t.v),
    "np.diag(v)": lambda t: np.diag(t.v),
    "np.diag(S)": lambda t: np.diag(t.S),
    "np.diag(v) @ S": lambda t: np.diag(t.v) @ t.S,
    "S.T - S": lambda t: t.S.T - t.S,
    "np.dot(X, W)": lambda t: np.dot(t.X, t.W),
    "X.dot(v)": lambda t: t.X.dot(t.v),
    "np.transpose(X)": lambda t: np.transpose(t.X),
    "np.eye(D) - S": lambda t: np.eye(t.D) - t.S,
    "2*X/N + a": lambda t: 2 * t.X / t.N + t.a,
    "-X/(1 + X**2)": lambda t: -t.X / (1 + t.X**2),
    "np.tanh(X @ W).sum(axis=0)": lambda t: np.tanh(t.X @ t.W).sum(axis=0),
    "np.sqrt(1 + np.abs(S))": lambda t: np.sqrt(1 + np.abs(t.S)),
    "(X @ W)[:, :, None]": lambda t: (t.X @ t.W)[:, :, None],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_what_numpy_makes_of_it(form):
    values = ROOM.random_inputs(SIZES, np.random.default_rng(1))
    problem = Problem("a", "b", "", ROOM, layer_problem(ROOM, "dX").expected)
    reader = AnswerReader(problem)
    reader.read(f"M = {form}\n0*X")
    (own,) = reader.own
    found = evaluate_equations(ROOM, [*ROOM.equations, own], values, "float64")["M"]
    np.testing.assert_allclose(found, FORMS[form](SimpleNamespace(**values, **SIZES)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("X @ X", "is a transpose missing"),
        ("X + v[:, None]", "do not fit together"),
        ("X*u", "is keepdims=True missing"),
        ("X @ 2", "between vectors and matrices"),
        ("X.sum(axis=5)", "an axis is a whole number below 2"),
        ("X.sum(axis=a)", "an axis is a whole number"),
        ("X.sum(keepdims=1)", "True or False"),
        ("X.cumsum()", "not read here"),
        ("np.linalg.inv(S)", "not read here"),
        ("np.load(X)", "there is no function 'load'"),
        ("np", "unknown"),
        ("np.exp*X", "is a function"),
        ("diag(X)", "of a vector or of a square matrix"),
        ("outer(X, v)", "two vectors"),
        ("exp(X, X)", "takes 1 argument"),
        ("X[0:2]", "in matrix form an index is"),
        ("X[:, :, :]", "more places than"),
        ("where(X, X, X)", "expected a condition"),
        ("eye(X)", "eye takes one size"),
        ("X + k", "not known here"),
        ("X.T(1)", "not read here"),
        ("X / 0", "division by zero"),
    ],
)
def test_what_has_no_meaning_is_refused(form, message):
    verdict = grade(layer_problem(ROOM, "dX"), form)
    assert verdict.status == "unreadable", verdict
    assert re.search(message, verdict.sentence), verdict.sentence


def test_a_tensor_of_the_right_shape_is_read_in_the_letters_of_the_left_side():
    (statement,) = AnswerReader(layer_problem("linear", "dX")).read("dY @ W.T")
    assert statement.misfit is None
    assert [str(letter) for letter in statement.ranges] == ["n", "d"]
