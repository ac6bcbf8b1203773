"""Many samples at once give what each of them gives, or nothing at all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf

from checks.batching import RULES, Batch, UnbatchableError, sampled
from checks.implementation import MisconductError

RNG = np.random.default_rng(0)
W, V, T = RNG.standard_normal((4, 2)), RNG.standard_normal(4), np.array([2, 0, 2])

# Every function takes one X[3, 4].
FUNCTIONS = {
    "operators": lambda X: (2 - X) / (1 + X * X) ** 0.5,
    "beside constants": lambda X: X * V - V,
    "a comparison": lambda X: (X > 0) & ~(X == 1),
    "a function of scipy": erf,
    "two results": lambda X: np.modf(X)[1] + np.divmod(X, 0.3)[0],
    "matrix product": lambda X: X @ W,
    "matrix times vector": lambda X: X @ V,
    "vector times matrix": lambda X: X[0] @ X.T,
    "vector times vector": lambda X: X[0] @ X[1],
    "product from the left": lambda X: np.ones((5, 2, 3)) @ X,
    "dot": lambda X: np.dot(X, W) + X[:, :2].dot(np.ones((2, 2))),
    "vecdot": lambda X: np.vecdot(X, V) + np.vecdot(X.conj(), X),
    "einsum": lambda X: np.einsum("nd,dc->cn", X, W),
    "einsum with dots": lambda X: np.einsum("...d,...d->...", X, X),
    "einsum without a result": lambda X: np.einsum("nd,nd", X, X),
    "a rule for none": lambda X: np.linalg.norm(X, axis=1),
    "outer": lambda X: np.outer(X[0], X[1]),
    "outer of a ufunc": lambda X: np.multiply.outer(X[0], V),
    "reduce": lambda X: np.add.reduce(X) + np.maximum.accumulate(X, axis=1)[0],
    "sums": lambda X: X.sum(axis=1, keepdims=True) + np.mean(X) + X.max(axis=(0, 1)) - X.min() + np.var(X, axis=-2),
    "cumulative": lambda X: np.cumsum(X) + np.cumprod(X, axis=0).reshape(-1),
    "places": lambda X: X.argmax(axis=1) + np.argmin(X),
    "sorted": lambda X: np.sort(X, axis=0) + np.take_along_axis(X, X.argsort(axis=1), axis=1),
    "some or all": lambda X: np.any(X > 1) + np.all(X > -1, axis=0),
    "shapes": lambda X: X.reshape(2, -1).T.swapaxes(0, 1).ravel() + np.reshape(X, (12,)) + X.flatten(),
    "axes": lambda X: np.moveaxis(X[:, None], (0, 1), (2, 0)) + np.expand_dims(X.transpose(1, 0), (0,)),
    "squeezed": lambda X: np.squeeze(X[:, :1]) + X[:, None, :1].squeeze(axis=1)[:, 0],
    "broadcast": lambda X: np.broadcast_to(X[0], (3, 4)) + np.flip(X, axis=1),
    "joined": lambda X: np.concatenate([X, np.ones((1, 4)), X], axis=0) + np.stack([X[0]] * 7),
    "split": lambda X: np.subtract(*np.split(X, 2, axis=1)),
    "padded": lambda X: np.pad(X, ((1, 0), (2, 3)), constant_values=0.5),
    "padded at the edge": lambda X: np.pad(X, 1, mode="edge"),
    "windows": lambda X: sliding_window_view(X, (2, 2), axis=(0, 1))[::2, 1:],
    "where": lambda X: np.where(X > 0, X, V) + np.clip(X, -1, 1),
    "slices": lambda X: X[1:, ::-1][..., 0] + X[-1, None, :2],
    "labels": lambda X: X[np.arange(3), T] + X[:, T].sum(axis=1),
    "a constant mask": lambda X: X[:, np.array([True, False, True, True])],
    "repeated": lambda X: np.repeat(X, 2, axis=1) + np.tile(X, 2),
    "numbers": lambda X: len(X) + X.size + X.ndim + X.shape[1] * X + np.ndim(X) + np.iscomplexobj(X) + X[0].nbytes,
    "parts": lambda X: (X * (1 + 2j)).imag + np.real(X) + (X * 1j).conj().imag,
    "float32 inside": lambda X: X.astype(np.float32) * np.float32(3),
    "rows": lambda X: sum(row * k for k, row in enumerate(X)),
    "the same branch": lambda X: X if (X < 100).all() else -X,
    "nothing to find": lambda X: X + np.flatnonzero(X > 100).size,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(count=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_many_samples_give_what_each_gives(name, count, seed):
    function = FUNCTIONS[name]
    rows = np.random.default_rng(seed).standard_normal((count, 3, 4))
    expected = np.stack([np.asarray(function(row)) for row in rows])
    found = function(Batch(rows.copy()))
    assert found.shape == expected.shape[1:]
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.rows, expected, rtol=1e-13, atol=1e-15)


def in_place(X):
    Y, buffer, made = np.empty_like(X), np.zeros_like(X, dtype=np.float64), np.full((2, 4), 0.5, like=X)
    Y[...] = X
    first, last = np.split(Y, 2, axis=1)
    first += last
    Y[0] *= 2
    np.exp(Y[1], out=Y[1])
    Y[T] = X
    Y[Y > 1] = 0
    np.multiply(X, 3, out=buffer)
    np.matmul(X, np.eye(4), out=Y)
    np.copyto(buffer, -1.0, where=np.eye(3, 4) > 0)
    np.add.at(buffer, (T, 1), X[:, 0])
    np.put_along_axis(Y, X.argmax(axis=1, keepdims=True), 0.0, axis=1)
    made[1] = X[1]
    return np.concatenate([Y, buffer, made])


def test_what_is_written_to_a_part_is_written_to_the_whole():
    rows = RNG.standard_normal((5, 3, 4))
    given_rows = rows.copy()
    np.testing.assert_array_equal(in_place(Batch(rows)).rows, [in_place(row) for row in given_rows])
    np.testing.assert_array_equal(rows, given_rows)


HOPELESS = {
    "a number": lambda X: math.sqrt(X[0, 0] ** 2),
    "an array": lambda X: np.asarray(X) + 1,
    "a buffer": lambda X: np.add(X, 1, out=np.empty((3, 4))),
    "a part of a buffer": lambda X: np.empty((3, 4)).__setitem__(0, X[0]),
    "a buffer written to": lambda X: np.copyto(np.empty((3, 4)), X),
    "another branch": lambda X: X if X[0, 0] > 0 else -X,
    "an index of its own": lambda X: np.arange(4)[X.argmax(axis=1)],
    "as many as there are": lambda X: X[X > 0],
    "index arrays apart": lambda X: np.stack([X, X])[np.array([0, 1]), :, np.array([1, 2])],
    "a view without a rule": lambda X: np.diagonal(X),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_be_had_of_many_is_refused_and_done_one_by_one(name):
    function, shift = HOPELESS[name], RNG.standard_normal((3, 4))
    rows = np.stack([np.ones((3, 4)), -np.ones((3, 4))])
    with pytest.raises((UnbatchableError, IndexError, TypeError)):
        function(Batch(rows))

    def forward(X):
        result = function(X)
        return np.zeros(1) if result is None else result

    if name != "as many as there are":
        samples, _, _ = sampled(forward, forward, rows[0], shift)
        np.testing.assert_array_equal(samples(rows), [forward(row) for row in rows])


def test_a_batched_forward_is_not_believed_unseen():
    def forward(X):
        return X + (not isinstance(X, np.ndarray))

    samples, at_once, _ = sampled(forward, forward, np.ones(3), np.ones(3))
    assert not at_once
    np.testing.assert_array_equal(samples(np.ones((2, 3))), np.ones((2, 3)))


def test_samples_that_mix_are_noticed():
    def forward(X):
        return X - X.rows.mean(axis=0) if isinstance(X, Batch) else X - X

    assert not sampled(forward, forward, np.ones(3), RNG.standard_normal(3))[1]


def refusing(X):
    if np.any(X < 0):
        raise MisconductError("raises", "no roots of negative numbers")
    return np.sqrt(X)


def test_points_that_are_refused_lie_outside_the_domain():
    samples, at_once, refusals = sampled(refusing, refusing, np.ones(2), np.full(2, 0.1))
    assert at_once
    np.testing.assert_array_equal(samples(np.array([[4.0, 9.0], [-1.0, 1.0]])), [[2, 3], [np.nan, np.nan]])
    assert [refusal.reason for refusal in refusals] == ["no roots of negative numbers"]


def test_a_forward_that_refuses_every_point_says_why():
    samples, _, _ = sampled(refusing, refusing, np.ones(2), np.full(2, 0.1))
    with pytest.raises(MisconductError, match="no roots"):
        samples(np.full((3, 2), -1.0))
    with pytest.raises(MisconductError, match="no roots"):
        sampled(refusing, refusing, -np.ones(2), np.ones(2))


def test_every_rule_gives_way_where_its_first_argument_is_one_sample():
    X = Batch(RNG.standard_normal((2, 3, 4)))
    found = np.sum(np.ones((3, 4)), where=X > 0)
    np.testing.assert_array_equal(found.rows, [np.sum(np.ones((3, 4)), where=row > 0) for row in X.rows])
    assert np.sum in RULES
