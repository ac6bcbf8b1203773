"""The source that is written runs, quietly, and gives what evaluation gives."""

import inspect
import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings

from derivations import LAYERS, DerivationError, derive, read_layer
from derivations.render.numpy_source import matrix_form
from derivations.sampling import drawn, points, shape_of, whole
from tests.strategies import CONVOLUTIONS, layers, recurrences

TEN = ("linear", "sigmoid", "tanh", "relu", "softmax", "squared_error", "cross_entropy", "sigmoid_cross_entropy")
TEN += ("softmax_cross_entropy", "l2_penalty")


def run(derivation) -> dict:
    """The functions that the source defines."""
    functions: dict = {}
    exec(derivation.numpy(), functions)  # noqa: S102 - the source is what is tested
    return functions


def called(function, values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(
            **{p: values[p] if p in values else values[p[:-1]] for p in inspect.signature(function).parameters}
        )


def assert_the_source_agrees(derivation, count=2):
    layer, rng = derivation.layer, np.random.default_rng(3)
    functions = run(derivation)
    for point in itertools.islice(points(layer, 3), count):
        known = {**point.sizes, **whole(point.values)}
        values = point.values | {t.name: drawn(shape_of(t, layer, known), rng) for t in derivation.given}
        expected = derivation.evaluate(values, "float64")
        outputs = called(functions["forward"], values)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        results = {t.name: value for t, value in zip(layer.outputs, outputs, strict=True)}
        results |= called(functions["backward"], values)
        for name, value in results.items():
            assert np.shape(value) == expected[name].shape
            np.testing.assert_allclose(value, expected[name], rtol=1e-9, atol=1e-9, err_msg=f"{name} {point.sizes}")


@pytest.mark.parametrize("name", TEN)
def test_the_source_of_a_layer_agrees(name):
    assert_the_source_agrees(derive(LAYERS[name]), 4)


@pytest.mark.parametrize("name", sorted({*LAYERS} - {*TEN}))
def test_the_source_of_every_layer_runs_and_agrees(name):
    assert_the_source_agrees(derive(LAYERS[name]), 2)


@given(layers())
def test_the_source_of_a_random_layer_agrees(text):
    assert_the_source_agrees(derive(read_layer(text)))


@given(recurrences())
@settings(max_examples=10)
def test_the_source_of_a_recurrence_agrees(text):
    assert_the_source_agrees(derive(read_layer(text)))


@pytest.mark.parametrize("text", CONVOLUTIONS)
def test_the_source_of_windows_agrees(text):
    assert_the_source_agrees(derive(read_layer(text)), 5)


@pytest.mark.parametrize(
    "text",
    [
        "X[N] Y[N]\nY[n] = X[n//2] + X[n%3]",
        "X[N] Y[N]\nY[n] = exp([X[n] > 0] - [n < 1]) + [n = 0]**2",
        "X[N] Y[N]\nY[n] = where(X[n] > 0, log(X[n]), 0)",
        "X[N] Y[N]\nY[n] = where(n != 0, X[n]/n, 2)",
        "X[T, N] A[K, K] y[T, N] in 0..K-1 L\nL = sum[t, n](where(t > 0, A[y[t-1, n], y[t, n]], X[t, n]))",
        "A[K, K] y[T] in 0..K-1 L\nL = sum[t]([t < T - 1]*A[y[t], y[t+1]])",
        "A[K] y[T] in 1..K L\nL = sum[t](A[y[t-1] - 1]**2)",
        "X[N] Y[N]\nY[n] = X[n]*2**(-n)*(-1)**n",
        "X[N] Y[N]\nY[n] = X[1] + X[n**2]",
        "X[N] a Y\nY = sum[n](a) + sum[n](X[n])",
        "X[N] Y\nY = sum[n]([1 > 2]*X[n]) + X[0]",
        "S[D, D] Y[D]\nY[d] = max[k](S[k, k]*S[d, k])",
        "np[N] min[N] range[N]\nrange[n] = np[n]*min[n]",
        "h[H] w[W, H] c[W] i f\nc[p] = i*sum[q](w[p, q]*h[q]) + f",
        "x[T] n[N] h[T, N]\nh[t, i] = tanh(h[t-1, i] + x[t]*n[i])",
        "X[A, B, C, D, E, F] Y[A]\nY[a] = sum[b, c, d, e, f](X[a, b, c, d, e, f]**2)",
        "X[N] Y[N] Z[N]\nY[n] = X[n]**2\nZ[n] = Y[n]*X[n]",
        "X[N, D] V[N] Y[N, D]\nY[n, d] = X[n, d] + V[n]*sum[k](X[n, k])",
    ],
)
def test_the_source_of_what_is_out_of_the_ordinary_agrees(text):
    assert_the_source_agrees(derive(read_layer(text)))


def test_several_outputs_are_returned_together():
    from derivations import layer

    both = layer("both", tensors="X[N] A[N] B", equations="A[n] = X[n]**2\nB = sum[n](A[n])", outputs="A B")
    assert_the_source_agrees(derive(both))


def test_products_are_written_as_products_of_matrices():
    source = derive("linear").numpy()
    assert "Y = X @ W + b" in source
    assert "dW = X.T @ dY" in source
    assert "dX = dY @ W.T" in source


def test_an_unnamed_activation_has_no_source():
    with pytest.raises(DerivationError, match="any activation"):
        derive(read_layer("X[N] Y[N]\nY[n] = sigma(X[n])")).numpy()


@pytest.mark.parametrize(("layer", "part"), [("lstm", "i"), ("gru", "r"), ("concatenate", "dA")])
def test_an_equation_that_reads_a_part_of_a_tensor_has_no_matrix_form(layer, part):
    derivation = derive(layer)
    (equation,) = (equation for equation in derivation.equations if equation.name == part)
    assert matrix_form(equation) is not None  # who does not know the layer cannot tell
    assert matrix_form(equation, derivation.layer) is None


def test_an_equation_whose_right_side_has_fewer_axes_has_no_matrix_form():
    derivation = derive("global_average_pool")
    (equation,) = (equation for equation in derivation.equations if equation.name == "dX")
    assert matrix_form(equation, derivation.layer) is None  # dY / (H * W) would be an array [N, C]


def test_an_equation_in_whole_matrices_has_a_matrix_form():
    derivation = derive("linear")
    found = {e.name: matrix_form(e, derivation.layer) for e in derivation.equations}
    assert found == {"Y": "X @ W + b", "dX": "dY @ W.T", "dW": "X.T @ dY", "db": "dY.sum(axis=0)"}


def test_a_long_decimal_is_written_as_one():
    source = derive("selu").numpy()
    body = source.replace(source[source.index("def forward") : source.index("Y = np")], "")
    assert "1.0507009873554805 * X" in body
    assert max(map(len, source.splitlines())) < 110
