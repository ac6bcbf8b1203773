from inspect import signature, unwrap

import numpy as np
import pytest

from numeric.activations import relu
from numeric.contract import Option, contract, contract_of
from numeric.errors import InputError
from numeric.linear import linear
from numeric.losses import sigmoid_cross_entropy, softmax_cross_entropy, softmax_cross_entropy_backward, squared_error

F = np.float32
X, W, B = np.ones((3, 4), F), np.ones((4, 2), F), np.ones(2, F)
LABELS = np.array([0, 1, 3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: linear(X[0], W, B), "linear: X has shape (4,); expected 2 dimensions, X[N, D]"),
        (lambda: linear(X, W[:3], B), "linear: W has shape (3, 2); expected W[D, C] with D = 4, as in X[N, D]"),
        (lambda: linear(X, W, B[:1]), "linear: b has shape (1,); expected b[C] with C = 2, as in W[D, C]"),
        (lambda: linear(X[:0], W, B), "linear: X has shape (0, 4); expected X[N, D] with N at least 1"),
        (
            lambda: linear(X, W.astype(float), B),
            "linear: W has dtype float64; expected float32, as X has: convert one of them",
        ),
        (
            lambda: linear(X.astype(int), W, B),
            "linear: X has dtype int64; expected one of float32, float64, complex128",
        ),
        (
            lambda: linear(X.astype(np.float16), W, B),
            "linear: X has dtype float16; expected one of float32, float64, complex128",
        ),
        (lambda: linear(X.tolist(), W, B), "linear: X is a list; expected a NumPy array X[N, D]"),
        (lambda: linear(np.ma.array(X), W, B), "linear: X is a MaskedArray; expected a NumPy array X[N, D]"),
        (lambda: relu(X.astype(complex)), "relu: X has dtype complex128; expected one of float32, float64"),
        (
            lambda: softmax_cross_entropy(X, LABELS + 1),
            "softmax_cross_entropy: T[2] = 4; expected labels 0..3",
        ),
        (lambda: softmax_cross_entropy(X, LABELS - 1), "softmax_cross_entropy: T[0] = -1; expected labels 0..3"),
        (
            lambda: softmax_cross_entropy(X, LABELS.astype(F)),
            "softmax_cross_entropy: T has dtype float32; expected integers 0..C-1",
        ),
        (
            lambda: softmax_cross_entropy(X, LABELS[:2]),
            "softmax_cross_entropy: T has shape (2,); expected T[N] with N = 3, as in X[N, C]".replace("X[", "Z["),
        ),
        (
            lambda: sigmoid_cross_entropy(X, np.full((3, 4), 2)),
            "sigmoid_cross_entropy: T[0, 0] = 2; expected labels 0..1",
        ),
        (lambda: squared_error(X, X.astype(int)), None),
        (
            lambda: softmax_cross_entropy_backward(X, X, LABELS),
            "softmax_cross_entropy_backward: dL is a scalar, given shape (3, 4); expected one number",
        ),
        (
            lambda: softmax_cross_entropy_backward(1j, X, LABELS),
            "softmax_cross_entropy_backward: dL is complex; expected a real number, because P is float32",
        ),
        (
            lambda: softmax_cross_entropy_backward("1", X, LABELS),
            "softmax_cross_entropy_backward: dL is a scalar, given str; expected one number",
        ),
    ],
)
def test_what_breaks_the_contract_gets_one_line_with_layer_tensor_expected_and_given(call, message):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
    if message:
        assert str(caught.value) == message


def test_a_size_that_clashes_within_one_tensor_says_so():
    @contract("A[N, N] -> B[N]")
    def diagonal(A):
        return A.diagonal().copy()

    assert diagonal(np.eye(3)).shape == (3,)
    with pytest.raises(InputError, match=r"A has shape \(2, 3\); expected A\[N, N\] with N = 2, as in itself"):
        diagonal(np.ones((2, 3)))


def test_an_option_is_checked_with_its_default_too():
    @contract("X[N] -> Y[N]", stride=Option("a positive integer", lambda value: isinstance(value, int) and value > 0))
    def every(X, stride=1):
        return X[::stride].copy()

    assert every(np.ones(4), stride=2).shape == (2,)
    with pytest.raises(InputError, match="every: stride = 0; expected a positive integer"):
        every(np.ones(4), stride=0)


def test_the_bare_function_is_within_reach_and_the_wrapper_looks_like_it():
    assert unwrap(linear) is not linear
    assert list(signature(linear).parameters) == ["X", "W", "b"]
    assert [str(tensor) for tensor in contract_of(linear).inputs] == ["X[N, D]", "W[D, C]", "b[C]"]
    assert [str(tensor) for tensor in contract_of(softmax_cross_entropy).outputs] == ["L", "P[N, C]"]
    assert contract_of(softmax_cross_entropy).inputs[1].last == "C-1"


@contract(
    "X[N, H] stride in 1.. pad in 0.. -> Y[N, P]",
    P="(H + 2*pad - 3)//stride + 1",
)
def windows(X, stride=1, pad=0):
    return np.zeros((len(X), (X.shape[1] + 2 * pad - 3) // stride + 1), X.dtype)


@contract("dY[N, P] X[N, H] stride in 1.. pad in 0.. -> dX[N, H]", P="(H + 2*pad - 3)//stride + 1")
def windows_backward(dY, X, stride=1, pad=0):
    return {"dX": np.zeros_like(X)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: windows(X, stride=0), "windows: stride = 0; expected a whole number, at least 1"),
        (lambda: windows(X, stride=True), "windows: stride = True; expected a whole number, at least 1"),
        (lambda: windows(X, pad=0.5), "windows: pad = 0.5; expected a whole number, at least 0"),
        (lambda: windows(X[:, :2]), "windows: P = (H + 2*pad - 3)//stride + 1 is 0; expected at least 1"),
        (
            lambda: windows_backward(X[:, :1], X),
            "windows_backward: dY has shape (3, 1); expected dY[N, P] with P = (H + 2*pad - 3)//stride + 1 = 2",
        ),
    ],
)
def test_sizes_that_follow_from_others_and_whole_options_are_checked(call, message):
    assert windows(X, pad=1, stride=np.int64(2)).shape == (3, 2)
    assert windows_backward(X[:, :2], X)["dX"].shape == X.shape
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value) == message


def test_a_bound_holds_for_an_option_and_for_every_entry_of_a_tensor():
    @contract("v[N, D] > 0 eps >= 0 -> r[N, D]")
    def root(v, eps=0.0):
        return np.sqrt(v + eps)

    assert root(X, eps=2).shape == X.shape
    assert [str(tensor) for tensor in contract_of(root).inputs] == ["v[N, D]"]
    with pytest.raises(InputError, match=r"root: eps = -1; expected a number, at least 0"):
        root(X, eps=-1)
    with pytest.raises(InputError, match=r"root: v\[0, 0\] = 0.0; expected a number above 0 everywhere"):
        root(X * 0)
    with pytest.raises(InputError, match=r"root: v\[0, 0\] = nan; expected a number above 0 everywhere"):
        root(X * np.nan)


@contract("X[N, 2*D] -> Y[N, D]")
def half(X):
    return X[:, ::2].copy()


@contract("dY[N, D + E] A[N, D] B[N, E] -> dA[N, D] dB[N, E]")
def parts(dY, A, B):
    return {"dA": dY[:, : A.shape[1]].copy(), "dB": dY[:, A.shape[1] :].copy()}


@contract("dY[N, H + 2*pad] pad in 0.. -> dX[N, H]")
def inside(dY, pad):
    return {"dX": dY[:, pad:-pad].copy()}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: half(X[:, :3]), "half: X has shape (3, 3); expected X[N, 2*D] with D a whole number, at least 1"),
        (lambda: half(X[:, :0]), "half: X has shape (3, 0); expected X[N, 2*D] with 2*D at least 1"),
        (lambda: parts(X, X, X), "parts: dY has shape (3, 4); expected dY[N, D + E] with D + E = 8"),
        (
            lambda: inside(X, 2),
            "inside: dY has shape (3, 4); expected dY[N, H + 2*pad] with H a whole number, at least 1",
        ),
    ],
)
def test_a_size_may_be_an_expression_of_others(call, message):
    assert half(X).shape == (3, 2)
    assert parts(X, X[:, :1], X[:, 1:])["dB"].shape == (3, 3)
    assert inside(X, 1)["dX"].shape == (3, 2)
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value) == message
