"""Correct code is never flagged, at any shape, seed, dtype or algorithm; silence is never taken for agreement."""

import inspect

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from checks import assert_gradients, gradcheck
from checks.suite import SUITE, rows
from checks.verdict import AGREE
from derivations import DerivationError, derive, layer, read_layer

SIZES = st.fixed_dictionaries({"first": st.integers(1, 9), "second": st.integers(1, 9), "third": st.integers(1, 9)})


@given(
    row=st.sampled_from(SUITE),
    sizes=SIZES,
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["float64", "float32"]),
)
def test_our_own_layers_are_never_flagged(row, sizes, seed, dtype):
    chosen = dict(zip(derive(row.layer).layer.size_names, sizes.values(), strict=False))
    chosen = {**chosen, **row.sizes}
    try:
        report = gradcheck((row.forward, row.backward), row.layer, sizes=chosen, seed=seed, dtype=dtype)
    except ValueError as refusal:  # an image may be too small for the row's kernel
        if "no choice of the open sizes fits" not in str(refusal):
            raise
        reject()
    assert not [f for f in report.findings if f.verdict == "disagree"], str(report)
    assert max(f.error for f in report.findings if f.verdict != "disagree") <= AGREE


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def softmax(Z):
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)


def shifted_softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def one_hot(T, like):
    return np.eye(like.shape[1], dtype=like.dtype)[T]


def through_the_jacobian(dP, P):
    jacobian = P[:, :, None] * np.eye(P.shape[1], dtype=P.dtype) - P[:, :, None] * P[:, None, :]
    return np.einsum("nij,nj->ni", jacobian, dP)


def added_from_the_end(dY, X, W):
    return {
        "dX": sum(dY[:, [c]] * W[:, c] for c in reversed(range(W.shape[1]))),
        "dW": sum(X[n][:, None] * dY[n] for n in reversed(range(len(X)))),
        "db": sum(dY[n] for n in reversed(range(len(X)))),
    }


def einsums(dY, X, W):
    return {
        "dX": np.einsum("nc,dc->nd", dY, W),
        "dW": np.einsum("nd,nc->dc", X, dY),
        "db": np.einsum("nc->c", dY),
    }


# The same functions by other algorithms: each is right, and none computes what the equations spell out.
OTHER_ALGORITHMS = {
    "linear, added from the end": ("linear", lambda X, W, b: b + np.einsum("nd,dc->nc", X, W), added_from_the_end),
    "linear, by einsum": ("linear", lambda X, W, b: X @ W + b, einsums),
    "sigmoid, from X": ("sigmoid", sigmoid, lambda dY, X: dY * np.exp(-X) / (1 + np.exp(-X)) ** 2),
    "sigmoid, symmetric": ("sigmoid", sigmoid, lambda dY, X: dY * sigmoid(X) * sigmoid(-X)),
    "sigmoid, multiplied out": ("sigmoid", sigmoid, lambda dY, Y: dY * Y - dY * Y * Y),
    "sigmoid, by cosh": ("sigmoid", sigmoid, lambda dY, X: dY / (2 + np.exp(X) + np.exp(-X))),
    "tanh, by cosh": ("tanh", np.tanh, lambda dY, X: dY / np.cosh(X) ** 2),
    "tanh, factored": ("tanh", np.tanh, lambda dY, Y: dY * (1 - Y) * (1 + Y)),
    "relu, by where": ("relu", lambda X: X * (X > 0), lambda dY, X: np.where(X > 0, dY, 0)),
    "softmax, unshifted": ("softmax", softmax, lambda dP, P: P * dP - P * (dP * P).sum(axis=1, keepdims=True)),
    "softmax, by its Jacobian": ("softmax", shifted_softmax, through_the_jacobian),
    "two steps for one": (
        "softmax_cross_entropy",
        lambda Z, T: -np.log(softmax(Z)[np.arange(len(T)), T]).mean(),
        lambda dL, Z, T: through_the_jacobian(-dL * one_hot(T, Z) / softmax(Z) / len(Z), softmax(Z)),
    ),
    "one step for two": (
        "softmax_cross_entropy",
        lambda Z, T: (np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(T)), T]).sum() / len(T),
        lambda dL, Z, T: dL / len(Z) * shifted_softmax(Z) - dL / len(Z) * one_hot(T, Z),
    ),
    "cross-entropy, by one-hot": (
        "cross_entropy",
        lambda P, T: -(np.log(P) * one_hot(T, P)).sum() / len(P),
        lambda dL, P, T: -(dL / len(P)) * (one_hot(T, P) * (1 / P)),
    ),
    "squared error, scaled first": (
        "squared_error",
        lambda Y, T: ((Y - T) ** 2).mean() * Y.shape[1] / 2,
        lambda dL, Y, T: ((Y - T) * (dL / len(Y)), (T - Y) / len(Y) * dL),
    ),
    "penalty, halved last": ("l2_penalty", lambda W, lam: (lam * W * W).sum() / 2, lambda dL, W, lam: dL * (W * lam)),
}


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32", "float16"])
@pytest.mark.parametrize("algorithm", OTHER_ALGORITHMS)
@given(seed=st.integers(0, 2**32 - 1))
def test_other_algorithms_are_never_flagged(algorithm, dtype, seed):
    against, *pair = OTHER_ALGORITHMS[algorithm]
    report = gradcheck(tuple(pair), against, dtype=dtype, seed=seed, witnesses=["derivation"])
    assert not [f for f in report.findings if f.verdict == "disagree"], str(report)


@pytest.mark.parametrize("algorithm", OTHER_ALGORITHMS)
def test_other_algorithms_agree_with_every_witness(algorithm):
    against, *pair = OTHER_ALGORITHMS[algorithm]
    assert assert_gradients(tuple(pair), against).verdict == "agree"


TINY = layer("tiny", tensors="X[N] L", equations="L = sum[n](X[n]**2)/100000000")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gradient_of_1e_8_is_no_zero(dtype):
    def loss(X):
        return (X * X).sum() / 100000000

    right = gradcheck((loss, lambda dL, X: dL * X / 50000000), TINY, dtype=dtype)
    zero = gradcheck((loss, lambda dL, X: np.zeros_like(X)), TINY, dtype=dtype)
    assert right.verdict == "agree"
    assert zero.verdict == "disagree"
    assert {f.witness for f in zero.findings if f.verdict == "disagree"} >= {"derivation", "differences"}


KINKED = {"X": np.array([[0.0, 1.0, -1.0], [2.0, 0.0, -0.0]])}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_relu_at_zero_keeps_the_slope_that_the_equations_name(dtype):
    def relu(X):
        return np.maximum(X, 0)

    right = gradcheck((relu, lambda dY, X: dY * (X > 0)), "relu", inputs=KINKED, dtype=dtype)
    wrong = gradcheck((relu, lambda dY, X: dY * (X >= 0)), "relu", inputs=KINKED, dtype=dtype)
    half = gradcheck((relu, lambda dY, X: dY * np.heaviside(X, X.dtype.type(0.5))), "relu", inputs=KINKED, dtype=dtype)
    assert (right.verdict, wrong.verdict, half.verdict) == ("agree", "disagree", "disagree")
    for report in (wrong, half):
        assert {f.witness for f in report.findings if f.verdict == "disagree"} >= {"derivation", "differences"}


HIGHEST = layer("highest", tensors="X[N, D] Y[N]", equations="Y[n] = max[d](X[n, d])")
TIED = {"X": np.array([[1.0, 2.0, 2.0], [3.0, 1.0, 3.0], [0.0, -1.0, -2.0]])}


def to_the_first(dY, X):
    dX = np.zeros_like(X)
    dX[np.arange(len(X)), X.argmax(axis=1)] = dY
    return dX


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_first_of_equal_values_gets_the_gradient(dtype):
    def highest(X):
        return X.max(axis=1)

    right = gradcheck((highest, to_the_first), HIGHEST, inputs=TIED, dtype=dtype)
    both = gradcheck((highest, lambda dY, X, Y: dY[:, None] * (Y[:, None] == X)), HIGHEST, inputs=TIED, dtype=dtype)
    assert (right.verdict, both.verdict) == ("agree", "disagree")
    assert gradcheck((highest, to_the_first), HIGHEST, dtype=dtype).verdict == "agree"


def test_a_gradient_that_is_zero_everywhere_tells_nothing():
    (row,) = rows(["relu"])
    report = gradcheck((row.forward, row.backward), "relu", inputs={"X": -np.ones((3, 4))})
    assert report.verdict == "unresolved"
    assert "vacuous" in {f.reason.partition(":")[0] for f in report.findings}


def test_a_cotangent_of_ones_makes_softmax_vacuous_and_a_random_one_does_not():
    (row,) = rows(["softmax"])
    Z = np.random.default_rng(0).standard_normal((3, 4))
    ones = gradcheck((row.forward, row.backward), "softmax", inputs={"Z": Z, "dP": np.ones((3, 4))})
    drawn = gradcheck((row.forward, row.backward), "softmax", inputs={"Z": Z})
    assert (ones.verdict, drawn.verdict) == ("unresolved", "agree")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_never_right(value):
    def backward(dY, Y):
        return np.where(np.median(Y) < Y, value, dY * (1 - Y * Y))

    assert gradcheck((np.tanh, backward), "tanh").verdict == "disagree"


def test_a_wrong_forward_is_told_from_a_wrong_backward():
    def forward(X, W, b):
        return X @ W - b

    report = gradcheck((forward, rows(["linear"])[0].backward), "linear")
    assert report.verdict == "disagree"
    assert any(s.startswith("db is right for the equations, but your forward") for s in report.conclusions)


def test_a_loss_of_precision_inside_is_noticed_in_float64():
    def rounded(dY, X, W):
        return {"dX": dY @ W.T, "dW": (X.T.astype("f4") @ dY.astype("f4")).astype("f8"), "db": dY.sum(axis=0)}

    report = gradcheck((rows(["linear"])[0].forward, rounded), "linear")
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW"}


def test_overflow_in_float16_is_noticed_where_it_happens():
    inputs = {"Z": np.array([[12.0, 11.0, 10.5]])}
    backward = OTHER_ALGORITHMS["softmax, unshifted"][2]
    with np.errstate(all="ignore"):
        unshifted = gradcheck((softmax, backward), "softmax", inputs=inputs, dtype="float16")
    shifted = gradcheck((shifted_softmax, backward), "softmax", inputs=inputs, dtype="float16")
    assert (unshifted.verdict, shifted.verdict) == ("disagree", "agree")


def test_a_layer_of_the_users_own():
    swish = layer("swish", tensors="X[N, D] Y[N, D] a > 0", equations="Y[n, d] = X[n, d]/(1 + exp(-a*X[n, d]))")

    def forward(X, a):
        return X / (1 + np.exp(-a * X))

    def backward(dY, X, a):
        S = 1 / (1 + np.exp(-a * X))
        return dY * (S + a * X * S * (1 - S))

    assert assert_gradients((forward, backward), swish, dtype="float32").verdict == "agree"
    assert gradcheck((forward, lambda dY, X, a: dY / (1 + np.exp(-a * X))), swish).verdict == "disagree"


def test_assert_gradients_raises_with_the_report():
    with pytest.raises(AssertionError, match="dX has the wrong sign"):
        assert_gradients((np.tanh, lambda dY, Y: dY * (Y * Y - 1)), "tanh")


def test_the_same_seed_gives_the_same_report():
    (row,) = rows(["softmax_cross_entropy"])
    one, other = (gradcheck((row.forward, row.backward), row.layer, seed=7) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int8"}, "cannot check in 'int8'"),
        ({"witnesses": ["oracle"]}, "no witness is called 'oracle'"),
        ({"sizes": {"M": 2}}, "has no size 'M'"),
        ({"names": {"x": "Q"}}, "nothing called 'Q'"),
        ({"inputs": {"x": np.ones((2, 2))}}, "has no input 'x'"),
        ({"inputs": {"X": np.ones((2, 2))}, "sizes": {"N": 2}}, "sizes or inputs, not both"),
    ],
)
def test_bad_usage_is_one_clear_line(options, message):
    with pytest.raises(ValueError, match=message) as raised:
        gradcheck((np.tanh, np.tanh), "tanh", **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("implementation", [np.tanh, (np.tanh,), (np.tanh, "backward"), None])
def test_what_is_no_implementation_is_one_clear_line(implementation):
    with pytest.raises(ValueError, match="an implementation is a pair of functions"):
        gradcheck(implementation, "tanh")


def test_inputs_that_do_not_fit_are_one_clear_line():
    with pytest.raises(DerivationError, match="b"):
        gradcheck((np.add, np.add), "linear", inputs={"X": np.ones((2, 2)), "W": np.ones((2, 2))})


def test_large_inputs_are_checked_at_entries_drawn_at_random():
    rng = np.random.default_rng(0)
    inputs = {"X": rng.standard_normal((24, 30)), "W": rng.standard_normal((30, 8)), "b": rng.standard_normal(8)}
    (row,) = rows(["linear"])
    report = gradcheck((row.forward, row.backward), "linear", inputs=inputs)
    looked_at = {(f.cotangent, f.witness): f.entries for f in report.findings}
    assert report.verdict == "agree"
    assert looked_at["dX", "derivation"] == 720
    assert looked_at["dX", "differences"] == looked_at["dX", "complex step"] < 720
    assert looked_at["db", "differences"] == 8


@pytest.mark.parametrize("name", ["linear", "softmax_cross_entropy", "layer_norm", "prelu"])
def test_where_only_some_cotangents_are_asked_for_the_others_are_not_missed(name):
    row = rows([name])[0]
    for tensor in derive(name).layer.inputs:
        if not tensor.integer:
            cotangent = f"d{tensor.name}"

            def backward(**values):
                return {cotangent: row.backward(**values)[cotangent]}  # noqa: B023 - used before the next turn

            backward.__signature__ = inspect.signature(row.backward)
            report = gradcheck((row.forward, backward), derive(name, wrt=[tensor.name]), seed=1, dtype="float32")
            assert report.verdict == "agree", str(report)
            assert report.cotangents == (cotangent,)


def test_where_the_layer_itself_has_no_slope_nothing_is_called_wrong():
    angle = read_layer("X[N, D] a[N] Y[N]\na[n] = X[n, 0]/sqrt(sum[d](X[n, d]**2))\nY[n] = sqrt(1 - a[n]**2)")

    def forward(X):
        r = np.sqrt((X**2).sum(axis=1))
        a = X[:, 0] / r
        return {"Y": np.sqrt(np.maximum(1 - a**2, 0)), "a": a}

    def backward(dY, X, a, Y):
        r = np.sqrt((X**2).sum(axis=1))
        da = -dY * a / Y
        dX = -(da * a / r**2)[:, None] * X
        dX[:, 0] += da / r
        return {"dX": dX}

    report = gradcheck((forward, backward), angle)
    assert not any(f.verdict == "disagree" and f.witness in ("taylor", "derivation") for f in report.findings), report


def test_a_gradient_for_an_option_is_no_mistake():
    scaled = read_layer("X[N]  a > 0  Y[N]\nY[n] = a*X[n]")
    pair = (lambda X, a: a * X, lambda dY, X, a: {"dX": a * dY, "da": (dY * X).sum()})
    assert gradcheck(pair, scaled).verdict == "agree"
