"""Hessian-vector products: what textbooks write, symmetrical, and enclosed by a witness that knows no rule."""

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from derivations import DerivationError, read_layer, second_order
from derivations.hessian import SecondOrder
from derivations.layer import Equation
from derivations.sampling import drawn, points, shape_of, whole
from tests.strategies import CONVOLUTIONS, layers, recurrences

FAMILIES = ("batch_norm", "cosine_similarity", "lstm", "gru", "causal_attention", "gelu", "embedding", "huber")
FAMILIES += ("conv1d", "binary_cross_entropy", "linear_recurrence", "weight_norm", "prelu")

TEXTBOOK = {
    "linear": "HvX[n, d] = sum[c](dY[n, c]*vW[d, c]); HvW[d, c] = sum[n](vX[n, d]*dY[n, c]); Hvb[c] = 0",
    "sigmoid": "HvX[n, d] = dY[n, d]*Y[n, d]*vX[n, d]*(1 - 2*Y[n, d])*(1 - Y[n, d])",
    "relu": "HvX[n, d] = 0",
    "max_pool2d": "HvX[n, h, w, c] = 0",
    "squared_error": "HvY[n, c] = dL*(vY[n, c] - vT[n, c])/N; HvT[n, c] = dL*(vT[n, c] - vY[n, c])/N",
    "softmax_cross_entropy": "vP[n, c] = P[n, c]*(vZ[n, c] - sum[k](P[n, k]*vZ[n, k])); HvZ[n, c] = dL*vP[n, c]/N",
    "l2_penalty": "HvW[d, c] = dL*lam*vW[d, c]",
}

LEAST_SQUARES = "X[N, D]  w[D]  y[N]  r[N]  L\nr[n] = sum[d](X[n, d]*w[d]) - y[n]\nL = sum[n](r[n]**2)/(2*N)"
LOGISTIC = (
    "X[N, D]  w[D]  y[N]  z[N]  p[N]  L\nz[n] = sum[d](X[n, d]*w[d])\np[n] = sigmoid(z[n])\n"
    "L = -sum[n](y[n]*log(p[n]) + (1 - y[n])*log(1 - p[n]))"
)


def written(second: SecondOrder) -> str:
    return "; ".join(equation.text for equation in [*second.rates.values(), *second.products.values()])


def assert_everything_holds(second: SecondOrder) -> None:
    assert [(s.target, s.rule, str(s.proof)) for s in second.steps if not s.proof.holds] == []
    assert second.witness.holds, second.witness


def values_at(second: SecondOrder, point, rng) -> dict:
    known = {**point.sizes, **whole(point.values)}
    tensors = (*second.first.given, *second.directions)
    return point.values | {t.name: drawn(shape_of(t, second.layer, known), rng) for t in tensors}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_products_are_what_a_textbook_writes(name):
    second = second_order(name)
    assert written(second) == TEXTBOOK[name]
    assert_everything_holds(second)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_step_holds_and_series_enclose_the_products(name):
    assert_everything_holds(second_order(name))


@given(layers())
@settings(max_examples=6)
def test_random_layers_have_products_that_series_enclose(text):
    assert_products_are_enclosed(second_order(read_layer(text)))


@given(recurrences())
@settings(max_examples=3)
def test_products_through_time_are_enclosed(text):
    assert_products_are_enclosed(second_order(read_layer(text)))


@pytest.mark.parametrize("text", CONVOLUTIONS)
def test_products_of_windows_are_enclosed(text):
    assert_products_are_enclosed(second_order(read_layer(text)))


def assert_products_are_enclosed(second: SecondOrder) -> None:
    """A layer may be undefined wherever points are drawn; none may contradict."""
    assert second.witness.holds or second.witness.method.startswith("no point"), second.witness


def test_least_squares_is_the_gram_matrix():
    second = second_order(read_layer(LEAST_SQUARES), wrt="w")
    assert written(second) == "vr[n] = sum[d](X[n, d]*vw[d]); Hvw[d] = dL*mean[n](X[n, d]*vr[n])"
    X, vw = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]]), np.array([1.0, -2.0])
    values = {"X": X, "w": np.ones(2), "y": np.zeros(3), "dL": 1.0, "vw": vw}
    np.testing.assert_allclose(second.evaluate(values, "float64")["Hvw"], X.T @ X @ vw / 3)


def test_logistic_regression_weighs_by_the_variance():
    second = second_order(read_layer(LOGISTIC), wrt="w")
    assert second.witness.holds
    rng = np.random.default_rng(5)
    X, w, y, vw = rng.standard_normal((4, 3)), rng.standard_normal(3), np.array([0.0, 1, 1, 0]), rng.standard_normal(3)
    p = 1 / (1 + np.exp(-X @ w))
    found = second.evaluate({"X": X, "w": w, "y": y, "dL": 1.0, "vw": vw}, "float64")["Hvw"]
    np.testing.assert_allclose(found, X.T @ np.diag(p * (1 - p)) @ X @ vw)


@pytest.mark.parametrize("name", ["linear", "softmax_cross_entropy", "layer_norm", "bilinear", "gru"])
def test_the_hessian_is_symmetrical(name):
    second, rng = second_order(name), np.random.default_rng(8)
    for point in itertools.islice(points(second.layer, 8), 4):
        first = values_at(second, point, rng)
        other = first | {t.name: drawn(np.shape(first[t.name]), rng) for t in second.directions}
        inner = [
            sum(np.sum(products[f"H{t.name}"] * along[t.name]) for t in second.directions)
            for products, along in (
                (second.evaluate(first, "float64"), other),
                (second.evaluate(other, "float64"), first),
            )
        ]
        assert inner[0] == pytest.approx(inner[1], rel=1e-9, abs=1e-9)


def test_with_wrt_it_is_a_block_of_the_hessian():
    second = second_order("linear", wrt=["W", "b"])
    assert [str(tensor) for tensor in second.directions] == ["vW[D, C]", "vb[C]"]
    assert written(second) == "HvW[d, c] = 0; Hvb[c] = 0"
    assert second.witness.holds


def test_evaluation_is_exact_where_the_layer_is_rational():
    second = second_order("squared_error")
    values = {"Y": np.ones((2, 1)), "T": np.zeros((2, 1)), "dL": 3.0, "vY": np.array([[1.0], [2.0]])}
    found = second.evaluate(values | {"vT": np.zeros((2, 1))}, "exact")
    assert found["HvY"].tolist() == [[Fraction(3, 2)], [Fraction(3)]]


def test_at_a_kink_the_branch_taken_tells():
    second = second_order(read_layer("X[N]  Y[N]\nY[n] = maximum(X[n]**2, X[n])"))
    values = {"X": np.array([0.0, 1.0, 2.0, 0.5]), "dY": np.ones(4), "vX": np.ones(4)}
    assert second.evaluate(values, "float64")["HvX"].tolist() == [2.0, 2.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X[N]  vX[N]  Y[N]\nY[n] = X[n]*vX[n]", "layer: at second order 'vX' is a rate of change; rename yours"),
        ("X[N]  HvX > 0\nY[N]\nY[n] = HvX*X[n]", "layer: at second order 'HvX' is a rate of change; rename yours"),
        ("T[N] in 0..3  Y[N]\nY[n] = T[n]", "layer has no real input, so that there is nothing to differentiate by"),
        ("X[N]  Y[N]\nY[n] = sigma(X[n])", "the derivative of sigma_prime has no name in the notation"),
    ],
)
def test_what_has_no_name_is_refused_in_one_line(text, message):
    with pytest.raises(DerivationError) as refusal:
        second_order(read_layer(text))
    assert str(refusal.value) == message


@pytest.mark.parametrize("name", ["linear", "sigmoid", "layer_norm"])
def test_the_witness_finds_a_product_that_is_wrong(name):
    second = second_order(name)
    product, equation = next(iter(second.products.items()))
    wrong = Equation(equation.lhs, -equation.rhs, equation.ranges)
    assert not replace(second, products={**second.products, product: wrong}).witness.holds


def test_the_witness_finds_what_is_not_symmetrical():
    """v·Hv alone would not tell: what is added here is at right angles to every v."""
    second = second_order("linear")
    factors = {"HvX": 2, "HvW": 0, "Hvb": 1}
    wrong = {n: Equation(e.lhs, factors[n] * e.rhs, e.ranges) for n, e in second.products.items()}
    assert not replace(second, products=wrong).witness.holds


def test_the_step_that_differentiates_can_be_refuted():
    step = second_order("sigmoid").steps[0]
    assert step.rule == "differentiate along v"
    assert step.proof.holds
    assert not replace(step, after_expression=2 * step.after_expression).proof.holds


def test_a_forward_value_is_recognised_only_where_it_has_entries():
    """sigmoid(a[m + M]) is f[m], never i[m + M]."""
    rates = second_order("lstm").rates
    assert rates["vf"].text == "vf[t, n, m] = f[t, n, m]*va[t, n, M + m]*(1 - f[t, n, m])"
