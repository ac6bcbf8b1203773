"""Networks that keep their weights in lists, one entry a layer: what is right agrees, what is wrong is found."""

from itertools import pairwise

import numpy as np
import pytest

from checks import gradcheck
from derivations import derive, read_layer

NETWORK = """
    x[D, N]  W1[H, D]  b1[H]  W2[C, H]  b2[C]  a1[H, N]  a2[C, N]
    a1[h, n] = 1/(1 + exp(-(sum[d](W1[h, d]*x[d, n]) + b1[h])))
    a2[c, n] = 1/(1 + exp(-(sum[h](W2[c, h]*a1[h, n]) + b2[c])))
    """
SHARES = read_layer(NETWORK, "network")
COST = read_layer(
    f"{NETWORK.replace('x[D, N]', 'x[D, N]  y[C, N]', 1).replace('a2[C, N]', 'a2[C, N]  L', 1)}"
    "L = sum[n](sum[c]((a2[c, n] - y[c, n])**2))/2",
    "cost",
)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def layer_by_layer(x, weights, biases):
    seen = [x]
    for W, b in zip(weights, biases, strict=True):
        seen.append(sigmoid(W @ seen[-1] + b.reshape(-1, 1)))
    return seen


def gradients(d, seen, weights):
    """The cotangents of x, of all weights and of all biases, from that of the output."""
    dW, db = [], []
    for W, before, after in reversed(list(zip(weights, seen, seen[1:], strict=False))):
        d = d * after * (1 - after)
        dW.insert(0, d @ before.T)
        db.insert(0, d.sum(axis=1))
        d = W.T @ d
    return d, dW, db


def forward(x, weights, biases):
    seen = layer_by_layer(x, weights, biases)
    return seen[-1], seen


def backward(dY, seen, weights, biases):
    return gradients(dY, seen, weights)


def lists_first(dY, seen, weights, biases):
    dx, dW, db = gradients(dY, seen, weights)
    return db, dW, dx


def by_key(dY, seen, weights, biases):
    dx, dW, db = gradients(dY, seen, weights)
    return {"dweights": dW, "dbiases": db, "dx": dx}


def layers_in_pairs(dY, seen, weights, biases):
    dx, dW, db = gradients(dY, seen, weights)
    return list(zip(dW, db, strict=True)), dx


def second_is_halved(dY, seen, weights, biases):
    dx, dW, db = gradients(dY, seen, weights)
    return dx, [dW[0], dW[1] / 2], db


def transposed(dY, seen, weights, biases):
    dx, dW, db = gradients(dY, seen, weights)
    return dx, [dW[0], dW[1].T], db


def one_too_many(dY, seen, weights, biases):
    dx, dW, db = gradients(dY, seen, weights)
    return dx, [*dW, dW[0]], db


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("pull", [backward, lists_first, by_key, layers_in_pairs])
def test_lists_come_in_and_go_out_in_any_order(pull, dtype):
    report = gradcheck((forward, pull), SHARES, dtype=dtype)
    assert report.verdict == "agree", report
    assert report.cotangents == ("dx", "dW1", "db1", "dW2", "db2")


def test_what_is_wrong_in_a_list_is_found():
    report = gradcheck((forward, second_is_halved), SHARES)
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW2"}
    assert report.diagnoses[0].mistake == "1/2"


def test_a_wrong_shape_in_a_list_is_that_of_what_is_left_over():
    report = gradcheck((forward, transposed), SHARES)
    wrong = {f.reason for f in report.findings if f.witness == "shape"}
    assert "dW2 has shape (8, 7), expected (7, 8)" in wrong
    assert all(reason.startswith("dW2 has shape") for reason in wrong)


def test_too_many_arrays_are_one_clear_line():
    report = gradcheck((forward, one_too_many), SHARES)
    wrong = {f.reason for f in report.findings if f.verdict == "disagree"}
    assert wrong == {"the backward returned 6 arrays, expected dx, dW1, db1, dW2, db2"}


class Network:
    """After Nielsen (2015), ch. 1: columns of numbers, and a method that returns gradients and no cost."""

    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.sizes, self.num_layers = sizes, len(sizes)
        self.biases = [rng.standard_normal((n, 1)) for n in sizes[1:]]
        self.weights = [rng.standard_normal((n, m)) for m, n in pairwise(sizes)]

    def feedforward(self, a):
        return layer_by_layer(a, self.weights, self.biases)[-1]

    def cost_derivative(self, output, y):
        return output - y

    def before(self, layer):
        return -layer + 1

    def backprop(self, x, y):
        nabla_b, nabla_w = [0 * b for b in self.biases], [0 * W for W in self.weights]
        seen = layer_by_layer(x, self.weights, self.biases)
        delta = self.cost_derivative(seen[-1], y) * seen[-1] * (1 - seen[-1])
        nabla_b[-1], nabla_w[-1] = delta, delta @ seen[-2].T
        for layer in range(2, self.num_layers):
            after = seen[-layer]
            delta = (self.weights[self.before(layer)].T @ delta) * after * (1 - after)
            nabla_b[-layer], nabla_w[-layer] = delta, delta @ seen[-layer - 1].T
        return nabla_b, nabla_w


class Reversed(Network):
    def cost_derivative(self, output, y):
        return y - output


class SummedTwice(Network):
    def backprop(self, x, y):
        nabla_b, nabla_w = super().backprop(x, y)
        return nabla_b, [nabla_w[0], 2 * nabla_w[1]]


class OtherWords(Network):
    def backprop(self, image, label):
        return super().backprop(image, label)


class EmptyFirst(Network):
    """Layers are counted from 1, as in the book's formulas."""

    def __init__(self, sizes):
        super().__init__(sizes)
        self.weights, self.biases = [None, *self.weights], (None, *self.biases)

    def feedforward(self, a):
        return layer_by_layer(a, self.weights[1:], self.biases[1:])[-1]

    def backprop(self, x, y):
        seen = layer_by_layer(x, self.weights[1:], self.biases[1:])
        d = seen[-1] - y
        _, dW, db = gradients(d, seen, self.weights[1:])
        return [None, *dW], [None, *db]


WEIGHTS_AND_BIASES = ("dW1", "db1", "dW2", "db2")


def of_parameters(network):
    return gradcheck(network, derive(COST, ["W1", "b1", "W2", "b2"]), sizes={"N": 1})


@pytest.mark.parametrize("made", [Network, EmptyFirst])
@pytest.mark.parametrize("sizes", [[4, 3, 2], [3, 3, 3], [2, 1, 1]])
def test_a_network_in_lists_has_a_gradient_of_its_cost(made, sizes):
    for network in (made(sizes), made(sizes).backprop):
        report = of_parameters(network)
        assert report.verdict == "agree", report
        assert sorted(report.cotangents) == sorted(WEIGHTS_AND_BIASES)
        told = dict(size.split("=") for size in report.cases[0].split())
        assert [int(told[size]) for size in "DHC"] == sizes


def test_a_network_that_goes_up_the_hill_is_told_so():
    report = of_parameters(Reversed([4, 3, 2]))
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == set(WEIGHTS_AND_BIASES)
    assert [d.sentence for d in report.diagnoses] == [f"{name} has the wrong sign" for name in WEIGHTS_AND_BIASES]


def test_a_factor_in_one_entry_of_a_list_is_found():
    report = of_parameters(SummedTwice([4, 3, 2]))
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW2"}


class Mistaken(Network):
    """The slopes of the last layer and of the one before, from the values there."""

    def last(self, a):
        return a * (1 - a)

    def hidden(self, a):
        return a * (1 - a)

    def backprop(self, x, y):
        x, a1, a2 = layer_by_layer(x, self.weights, self.biases)
        d2 = (a2 - y) * self.last(a2)
        d1 = (self.weights[1].T @ d2) * self.hidden(a1)
        return [d1, d2], [d1 @ x.T, d2 @ a1.T]


class NoLastSlope(Mistaken):
    def last(self, a):
        return 1.0


class NoHiddenSlope(Mistaken):
    def hidden(self, a):
        return 1.0


class HiddenSlopeOfTanh(Mistaken):
    def hidden(self, a):
        return 1 - a**2


class SlopesOfValues(Mistaken):
    def last(self, a):
        return sigmoid(a) * (1 - sigmoid(a))

    hidden = last


AT_THE_VALUE = "is taken at the value, not at what it is the value of"
LAST, HIDDEN = "the slope a2[c, n]*(1 - a2[c, n])", "the slope a1[h, n]*(1 - a1[h, n])"


@pytest.mark.parametrize(
    ("made", "of_hidden", "of_last"),
    [
        (Mistaken, None, None),
        (NoLastSlope, f"{LAST} is missing in da1", f"{LAST} is missing"),
        (NoHiddenSlope, f"{HIDDEN} is missing", None),
        (HiddenSlopeOfTanh, f"{HIDDEN} is that of the other: of tanh or sigmoid", None),
        (SlopesOfValues, f"every slope {AT_THE_VALUE}", f"{LAST} {AT_THE_VALUE}"),
    ],
)
def test_the_slope_that_is_mistaken_in_a_network_is_named(made, of_hidden, of_last):
    report = of_parameters(made([4, 3, 2]))
    found = {d.cotangent: d.mistake for d in report.diagnoses}
    expected = {"dW1": of_hidden, "db1": of_hidden, "dW2": of_last, "db2": of_last}
    assert found == {name: mistake for name, mistake in expected.items() if mistake}


def test_the_network_is_left_as_it_was():
    network = Network([4, 3, 2])
    before = [np.array(array) for array in (*network.weights, *network.biases)]
    of_parameters(network)
    assert all(map(np.array_equal, before, (*network.weights, *network.biases)))


class Leaves(Network):
    """A forward and a backward as layers have them; gradients stay in lists of the object."""

    left = ("dW", "db")

    def forward(self, x):
        self.seen = layer_by_layer(x, self.weights, self.biases)
        return self.seen[-1]

    def backward(self, dout):
        dx, *lists = gradients(dout, self.seen, self.weights)
        for attribute, kept in zip(self.left, lists, strict=True):
            setattr(self, attribute, kept)
        return dx


class LeavesNabla(Leaves):
    left = ("nabla_w", "nabla_b")


class LeavesGrad(Leaves):
    left = ("grad_weights", "biases_grad")


@pytest.mark.parametrize("made", [Leaves, LeavesNabla, LeavesGrad])
def test_gradients_that_are_left_in_lists_are_found(made):
    report = gradcheck(made([4, 3, 2]), SHARES)
    assert report.verdict == "agree", report
    assert report.cotangents == ("dx", "dW1", "db1", "dW2", "db2")


def test_a_class_that_is_made_from_the_widths_of_its_layers():
    report = gradcheck(Leaves, SHARES)
    assert report.verdict == "agree", report
    assert len(report.cases) > 1  # it is made anew for each
    for made, verdict in ((Network, "agree"), (OtherWords, "agree"), (SummedTwice, "disagree")):
        report = of_parameters(made)
        assert report.verdict == verdict, report
        assert {f.cotangent for f in report.findings if f.verdict == "disagree"} <= {"dW2"}


def test_two_lists_that_may_be_the_weights_are_told_apart_by_a_name():
    network = Network([3, 3, 3])
    network.weights_before = network.weights
    network.w, network.weights = network.weights, None
    network.w_velocity = [0 * W for W in network.w]
    with pytest.raises(ValueError, match="--name"):
        of_parameters(network.backprop)


def together_forward(x, params):
    W1, b1, W2, b2 = params
    return forward(x, [W1, W2], [b1, b2])


def together_backward(dY, cache, params):
    dx, (dW1, dW2), (db1, db2) = gradients(dY, cache, [params[0], params[2]])
    return dx, [dW1, db1, dW2, db2]


def test_all_parameters_may_be_one_list():
    report = gradcheck((together_forward, together_backward), SHARES)
    assert report.verdict == "agree", report
    assert report.cotangents == ("dx", "dW1", "db1", "dW2", "db2")


def parameters_forward(X, parameters):
    lists = [[parameters[f"{letter}{layer}"] for layer in (1, 2)] for letter in "Wb"]
    return forward(X, *lists)[0], (forward(X, *lists)[1], lists[0])


def parameters_backward(dAL, cache):
    seen, weights = cache
    dx, dW, db = gradients(dAL, seen, weights)
    d1 = dAL * seen[2] * (1 - seen[2])
    return {"dA0": dx, "da1": weights[1].T @ d1, "dW1": dW[0], "dW2": dW[1], "db1": db[0], "db2": db[1]}


def test_cotangents_of_what_lies_between_are_the_codes_own():
    report = gradcheck((parameters_forward, parameters_backward), SHARES, names={"dA0": "dx"})
    assert report.verdict == "agree", report
    report = gradcheck((parameters_forward, parameters_backward), SHARES)
    assert {f.reason for f in report.findings if f.witness == "extra"} == {
        "the backward returns dA0, which the layer does not have"
    }


def in_itself(lists):
    lists.append(lists)
    return lists


STRANGE = {
    "nothing": lambda dx, dW, db: ([], []),
    "none for a weight": lambda dx, dW, db: (dx, [None, dW[1]], db),
    "words": lambda dx, dW, db: (dx, ["dW1", dW[1]], db),
    "numbers": lambda dx, dW, db: (dx, [1, 2], [3, 4]),
    "a generator": lambda dx, dW, db: (each for each in dW),
    "pairs that are not made yet": lambda dx, dW, db: (dx, zip(dW, db, strict=True)),
    "ragged rows": lambda dx, dW, db: (dx, [[1.0], [1.0, 2.0]], db),
    "a list in itself": lambda dx, dW, db: in_itself([dx, dW]),
    "dictionaries in a dictionary": lambda dx, dW, db: {"dweights": {"1": dW[0], "2": dW[1]}, "db": db},
}


@pytest.mark.parametrize("strange", STRANGE)
def test_whatever_is_returned_in_lists_is_a_finding(strange):
    def pull(dY, seen, weights, biases):
        return STRANGE[strange](*gradients(dY, seen, weights))

    report = gradcheck((forward, pull), SHARES)
    assert report.verdict == "disagree"
    assert any(finding.reason for finding in report.findings if finding.verdict == "disagree")


class Single(Network):
    """There is one of it."""

    def __deepcopy__(self, memo):
        raise TypeError("not twice")


class Finished(Network):
    """Its weights are for good."""

    def __init__(self, sizes):
        super().__init__(sizes)
        self.weights = dict(enumerate(self.weights))

    W1 = property(lambda self: self.weights[0])
    W2 = property(lambda self: self.weights[1])


@pytest.mark.parametrize(("made", "words"), [(Single, "deepcopy(Single) raises TypeError"), (Finished, "raises Attr")])
def test_an_object_that_refuses_a_copy_or_other_weights_is_a_finding(made, words):
    report = of_parameters(made([4, 3, 2]).backprop)
    assert report.verdict == "disagree"
    assert any(words in finding.reason for finding in report.findings)
