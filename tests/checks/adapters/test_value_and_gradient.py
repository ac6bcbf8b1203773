"""A loss and its gradient from one function: what is right agrees, what is wrong is found out."""

import numpy as np
import pytest

from checks import gradcheck
from derivations import derive, layer, read_layer


def probabilities(x):
    shares = np.exp(x - x.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def softmax_loss(x, y):
    rows, shares = np.arange(len(x)), probabilities(x)
    loss = -np.log(shares[rows, y]).mean()
    shares[rows, y] -= 1
    return loss, shares / len(x)


def hinge_loss(scores, y):
    """The margin is 1, for good."""
    rows = np.arange(len(scores))
    missing = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    missing[rows, y] = 0
    gradient = (missing > 0).astype(scores.dtype)
    gradient[rows, y] -= gradient.sum(axis=1)
    return missing.sum() / len(scores), gradient / len(scores)


def quotient(a, b):
    return (a / b).sum(), 1 / b, -a / b**2


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("function", "layer", "settings"),
    [(softmax_loss, "softmax_cross_entropy", {}), (hinge_loss, "hinge", {"margin": 1})],
)
def test_what_is_right_agrees(function, layer, settings, dtype):
    assert gradcheck(function, layer, sizes=settings, dtype=dtype).verdict == "agree"


def test_gradients_come_one_by_one_in_a_sequence_or_by_name():
    ratio = layer("ratio", tensors="a[N]  b[N] > 0  L", equations="L = sum[n](a[n]/b[n])")

    def at_once(a, b):
        loss, da, db = quotient(a, b)
        return loss, (da, db)

    def by_name(a, b):
        loss, da, db = quotient(a, b)
        return loss, {"db": db, "da": da}

    for function in (quotient, at_once, by_name):
        assert gradcheck(function, ratio).verdict == "agree"


REGRESSION = read_layer(
    """
    w[D]  b  X[M, D]  y[M]  A[M]  L
    A[m] = sum[d](X[m, d]*w[d]) + b
    L = mean[m]((A[m] - y[m])**2)
    """,
    "regression",
)


def regression(w, b, X, y):
    off = X @ w + b - y
    return (off**2).mean(), 2 * X.T @ off / len(X), 2 * off.mean()


def cost_last(w, b, X, y):
    loss, dw, db = regression(w, b, X, y)
    return {"dw": dw, "db": db}, loss


def cost_behind_arrays(w, b, X, y):
    loss, dw, db = regression(w, b, X, y)
    return dw, db, loss


def cost_among_them(w, b, X, y):
    loss, dw, db = regression(w, b, X, y)
    return {"cost": loss, "dw": dw, "db": db}


def cost_beside_them(w, b, X, y):
    loss, dw, db = regression(w, b, X, y)
    return {"loss": loss, "gradients": {"w": dw, "b": db}}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("function", [regression, cost_last, cost_behind_arrays, cost_among_them, cost_beside_them])
def test_the_loss_comes_first_last_or_under_a_key(function, dtype):
    report = gradcheck(function, derive(REGRESSION, ["w", "b"]), dtype=dtype)
    assert report.verdict == "agree", report
    assert any(finding.witness == "equations" for finding in report.findings)


def in_order(w, b, X, y):
    return regression(w, b, X, y)[1:]


def by_key(w, b, X, y):
    return cost_last(w, b, X, y)[0]


@pytest.mark.parametrize("function", [in_order, by_key])
def test_gradients_alone_are_held_against_the_equations_alone(function):
    report = gradcheck(function, derive(REGRESSION, ["w", "b"]))
    assert report.verdict == "agree", report
    assert {finding.reason for finding in report.findings if finding.witness == "differences"} == {
        "the code does not return L"
    }
    assert "? dw, db, differences, taylor, complex step: the code does not return L" in str(report)


@pytest.mark.parametrize("otherwise", [lambda loss, dw: {"dw": dw}, lambda loss, dw: dw, lambda loss, dw: None])
def test_a_loss_that_is_there_at_some_inputs_alone_is_one_clear_line(otherwise):
    def unsteady(w, b, X, y):
        loss, dw, _ = regression(w, b, X, y)
        return {"loss": loss, "dw": dw} if (X == 1).all() else otherwise(loss, dw)

    report = gradcheck(unsteady, derive(REGRESSION, ["w"]))
    assert report.verdict == "disagree"
    assert {finding.reason for finding in report.findings if finding.verdict == "disagree"} == {
        "unsteady is no backward by its name, and returns no pair: expected (loss, gradient)",
    }


def test_one_gradient_alone_is_right_or_wrong():
    def of_weights(w, b, X, y):
        return regression(w, b, X, y)[1]

    def halved(w, b, X, y):
        return regression(w, b, X, y)[1] / 2

    assert gradcheck(of_weights, derive(REGRESSION, ["w"])).verdict == "agree"
    report = gradcheck(halved, derive(REGRESSION, ["w"]))
    assert report.verdict == "disagree"
    assert report.diagnoses[0].mistake == "1/2"


def test_what_is_wrong_is_explained():
    def summed(x, y):
        loss, gradient = softmax_loss(x, y)
        return loss, gradient * len(x)

    report = gradcheck(summed, "softmax_cross_entropy")
    assert report.verdict == "disagree"
    assert (report.diagnoses[0].cotangent, report.diagnoses[0].mistake) == ("dZ", "N")
    assert "margin = 1" in gradcheck(hinge_loss, "hinge").diagnoses[0].sentence


def test_a_gradient_of_the_wrong_dtype_is_seen():
    def wide(x, y):
        loss, gradient = softmax_loss(x, y)
        return loss, gradient.astype(np.float64)

    report = gradcheck(wide, "softmax_cross_entropy", dtype="float32")
    assert "dZ has dtype float64, expected float32" in {finding.reason for finding in report.findings}


@pytest.mark.parametrize("returned", [lambda x: 1.0, lambda x: (1.0,), lambda x: {"L": 1.0}])
def test_a_loss_alone_is_one_clear_line(returned):
    def loss_alone(x, y):
        return returned(x)

    report = gradcheck(loss_alone, "softmax_cross_entropy")
    assert report.verdict == "disagree"
    reasons = {finding.reason for finding in report.findings}
    assert reasons == {
        "loss_alone is no backward by its name, and returns no pair: expected (loss, gradient)",
    }


def test_a_layer_that_is_no_loss_has_no_such_function():
    with pytest.raises(ValueError, match="nothing shows who differentiates softmax_loss"):
        gradcheck(softmax_loss, "softmax")


def test_it_computes_on_the_cpu():
    with pytest.raises(ValueError, match="NumPy computes on the CPU"):
        gradcheck(softmax_loss, "softmax_cross_entropy", device="cuda")


NET = read_layer(
    """
    X[N, D]  W1[D, H]  b1[H]  W2[H, C]  T[N] in 0..C - 1  reg >= 0
    A[N, H]  Z[N, C]  L
    A[n, h] = maximum(0, sum[d](X[n, d]*W1[d, h]) + b1[h])
    Z[n, c] = sum[h](A[n, h]*W2[h, c])
    L = mean[n](log(sum[c](exp(Z[n, c]))) - Z[n, T[n]]) + reg*(sum[d, h](W1[d, h]**2) + sum[h, c](W2[h, c]**2))
    """,
    "net",
)


class Net:
    """A network as courses have it: parameters in a dictionary, and a method that returns a loss and gradients."""

    share = 2

    def __init__(self, sizes):
        self.params = {"W1": np.zeros(sizes[:2]), "b1": np.zeros(sizes[1]), "W2": np.zeros(sizes[1:])}

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2 = self.params["W1"], self.params["b1"], self.params["W2"]
        hidden = np.maximum(0, X @ W1 + b1)
        scores = hidden @ W2
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        p, rows = exponentials / exponentials.sum(axis=1, keepdims=True), np.arange(len(X))
        loss = -np.log(p[rows, y]).mean() + reg * ((W1 * W1).sum() + (W2 * W2).sum())
        p[rows, y] -= 1
        d = p / len(X)
        dhidden = d @ W2.T * (hidden > 0)
        return loss, {
            "W1": X.T @ dhidden + self.share * reg * W1,
            "b1": dhidden.sum(axis=0),
            "W2": hidden.T @ d + 2 * reg * W2,
        }


class Halved(Net):
    share = 1


PARAMETERS = ["W1", "b1", "W2"]


def test_a_method_finds_in_its_object_what_it_does_not_take():
    net = Net((4, 5, 3))
    report = gradcheck(net.loss, derive(NET, PARAMETERS), names={"y": "T"})
    assert report.verdict == "agree", report
    assert all("D=4 H=5 C=3" in case for case in report.cases)
    assert not net.params["W1"].any()


def test_a_mistake_in_a_method_is_named():
    report = gradcheck(Halved((4, 5, 3)).loss, derive(NET, PARAMETERS), names={"y": "T"})
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW1"}
    assert report.diagnoses[0].mistake == "the term 2*dL*reg*W1[d, h] is taken 1/2 times"


def test_what_a_method_neither_takes_nor_finds_is_one_line():
    net = Net((4, 5, 3))
    del net.params["b1"]
    with pytest.raises(ValueError, match=r"^Net does not take b1 of net, and it has no attribute b1: say which one"):
        gradcheck(net.loss, NET, names={"y": "T"})


def halves(Y, T):
    return np.sum((Y - T) ** 2) / (2 * len(Y)), (Y - T) / len(Y)


@pytest.mark.parametrize("told", [1, 2.5])
def test_a_gradient_may_be_told_to_be_that_of_one(told):
    def scaled(Y, T):
        loss, gradient = halves(Y, T)
        return loss, told * gradient

    derivation = derive("squared_error", ["Y"])
    assert gradcheck(halves, derivation, sizes={"dL": 1}).verdict == "agree"
    assert gradcheck(scaled, derivation, sizes={"dL": 1}).verdict == ("agree" if told == 1 else "disagree")


def test_a_loss_may_be_a_row_of_one():
    def in_a_row(Y, T):
        loss, gradient = halves(Y, T)
        return np.array([loss]), gradient

    assert gradcheck(in_a_row, derive("squared_error", ["Y"])).verdict == "agree"


def test_what_was_taken_by_its_place_is_said():
    def other_words(one, two):
        return halves(two, one)

    report = gradcheck(other_words, derive("squared_error", ["Y"]))
    assert report.guessed == {"one": "Y", "two": "T"}
    assert "one for Y, two for T (else: --name)" in " ".join(str(report).split())
    assert "else: --name" not in str(gradcheck(halves, derive("squared_error", ["Y"])))


def test_a_size_and_a_number_of_its_own_may_be_told():
    def counted(Y, T, m, weight):
        return weight * np.sum((Y - T) ** 2) / (4 * m), weight * (Y - T) / (2 * m)

    report = gradcheck(counted, derive("squared_error", ["Y"]), names={"m": "N"}, sizes={"weight": 2})
    assert report.verdict == "agree", report
    with pytest.raises(ValueError, match="has no size 'height'"):
        gradcheck(counted, derive("squared_error", ["Y"]), names={"m": "N"}, sizes={"height": 2})


def test_what_cannot_be_called_is_said_to_be_that():
    def another(Y, T, more, and_more, still_more):
        return 0.0, Y

    report = gradcheck(another, derive("squared_error", ["Y"]))
    assert report.verdict == "disagree"
    assert "missing" in report.refusal
    assert gradcheck(halves, derive("squared_error", ["Y"])).refusal is None
    assert gradcheck(lambda Y, T: 1 / 0, derive("squared_error", ["Y"])).refusal is None
