"""Code that has its axes in another order: checked as it is, and what it does wrong found in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import gradcheck
from checks.adapters.axes import Order, orders_of, reordered, reordered_layer, with_transposes
from checks.implementation import Implementation
from derivations import LAYERS, derive
from numeric.normalization import instance_norm, instance_norm_backward

CHANNELS_FIRST = {"X": "NCHW", "K": "FCRS", "Y": "NFPQ"}


def channels_first(x, kernels, b, conv_param):
    """A convolution as courses write it, one output at a time."""
    stride, pad = conv_param["stride"], conv_param["pad"]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    F, _, R, S = kernels.shape
    P, Q = ((length - size) // stride + 1 for length, size in zip(x.shape[2:], (R, S), strict=True))
    out = np.empty((len(x), F, P, Q), np.result_type(x, kernels, b))
    for p, q in np.ndindex(P, Q):
        window = x[:, None, :, p * stride : p * stride + R, q * stride : q * stride + S]
        out[:, :, p, q] = (window * kernels).sum(axis=(2, 3, 4)) + b
    return out, (x, kernels, conv_param)


def channels_first_backward(dout, cache):
    x, kernels, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    _, _, R, S = kernels.shape
    dx, dkernels = np.zeros(x.shape, dout.dtype), np.zeros(kernels.shape, dout.dtype)
    for p, q in np.ndindex(dout.shape[2:]):
        window = np.s_[:, :, p * stride : p * stride + R, q * stride : q * stride + S]
        g = dout[:, :, p, q]
        dx[window] += np.tensordot(g, kernels, 1)
        dkernels += np.tensordot(g, x[window], (0, 0))
    _, _, H, W = x.shape
    return dx[:, :, pad : H - pad, pad : W - pad], dkernels, dout.sum(axis=(0, 2, 3))


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
def test_channels_may_come_first(dtype):
    pair = (channels_first, channels_first_backward)
    report = gradcheck(pair, "conv2d", axes=CHANNELS_FIRST, sizes={"dilation": 1}, dtype=dtype)
    assert report.verdict == "agree", report


def test_a_mistake_in_them_is_named():
    def forgetful(dout, cache):
        dx, dkernels, _ = channels_first_backward(dout, cache)
        return dx, dkernels, dout.mean(axis=0).sum(axis=(1, 2))

    report = gradcheck((channels_first, forgetful), "conv2d", axes=CHANNELS_FIRST, sizes={"dilation": 1})
    assert {finding.cotangent for finding in report.findings if finding.verdict == "disagree"} == {"db"}
    assert report.axes["K[R, S, C, F]"] == "K[F, C, R, S]"
    assert report.to_dict()["axes"] == report.axes
    assert "times 1/N" in " ".join(str(report).split())


class Transposed:
    """Its weights are a row for every output, as in PyTorch; made from the sizes of what comes in and goes out."""

    def __init__(self, n_in, n_out):
        self.weights, self.bias = np.zeros((n_out, n_in)), np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.weights.T + self.bias

    def backward(self, dout):
        self.dweights, self.dbias = dout.T @ self.x, dout.sum(axis=0)
        return dout @ self.weights


@pytest.mark.parametrize("made", [Transposed, Transposed(4, 3)], ids=["class", "object"])
def test_weights_may_be_transposed(made):
    assert gradcheck(made, "linear", axes={"W": "CD"}).verdict == "agree"
    assert gradcheck(made, "linear").verdict == "disagree" if isinstance(made, type) else True


def in_columns(A_prev, W, b):
    return W @ A_prev + b, (A_prev, W)


def in_columns_backward(dZ, cache):
    A_prev, W = cache
    return W.T @ dZ, dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True)


def test_examples_may_be_columns_and_the_bias_one_of_them():
    axes = {"X": "DN", "W": "CD", "b": "C1", "Y": "CN"}
    assert gradcheck((in_columns, in_columns_backward), "linear", axes=axes).verdict == "agree"
    assert gradcheck((in_columns, in_columns_backward), "linear", axes={**axes, "b": "C"}).verdict == "disagree"

    def flat(dZ, cache):
        return *in_columns_backward(dZ, cache)[:2], dZ.sum(axis=1)

    shown = " ".join(str(gradcheck((in_columns, flat), "linear", axes=axes)).split())
    assert "db has shape (6,), expected 2 axes, 1 of them of length 1" in shown


@given(st.permutations("NHWC"), st.permutations("NHWC"))
def test_any_order_may_be_told(x_axes, y_axes):
    into, out = ["NHWC".index(axis) for axis in x_axes], ["NHWC".index(axis) for axis in y_axes]

    def forward(X, gamma, beta, eps):
        kept = instance_norm(np.ascontiguousarray(X.transpose(np.argsort(into))), gamma, beta, eps)
        return {**kept, "Y": kept["Y"].transpose(out)}

    def backward(dY, gamma, Xhat, v, eps):
        found = instance_norm_backward(np.ascontiguousarray(dY.transpose(np.argsort(out))), gamma, Xhat, v, eps)
        return {**found, "dX": found["dX"].transpose(into)}

    axes = {"X": "".join(x_axes), "Y": ", ".join(y_axes)}
    report = gradcheck((forward, backward), "instance_norm", axes=axes, witnesses=["derivation"])
    assert report.verdict == "agree", report


class OneImage:
    """Of one image at a time, pools of 2x2."""

    def forward(self, image):
        self.image = image
        height, width, channels = image.shape
        windows = image[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2, channels)
        return windows.mean(axis=(1, 3))

    def backprop(self, d_L_d_out):
        found = np.zeros_like(self.image)
        spread = d_L_d_out.repeat(2, axis=0).repeat(2, axis=1) / 4
        found[: len(spread), : spread.shape[1]] = spread
        return found


class OneVector:
    def __init__(self, n_in, n_out):
        self.w, self.b = np.ones((n_in, n_out)), np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backprop(self, d_L_d_out, learn_rate):
        found = self.w @ d_L_d_out
        self.w -= learn_rate * np.outer(self.x, d_L_d_out)
        self.b -= learn_rate * d_L_d_out
        return found


def one_column(x, w, b):
    return w @ x + b


def one_column_backward(delta, x, w):
    return w.T @ delta, delta @ x.T, 1 * delta


@pytest.mark.parametrize(
    ("made", "layer", "axes", "sizes"),
    [
        (OneImage, "avg_pool2d", {"X": "HWC", "Y": "PQC"}, {"R": 2, "S": 2, "stride": 2, "pad": 0}),
        (OneVector, "linear", {"X": "D", "Y": "C"}, {}),
        ((one_column, one_column_backward), "linear", {"X": "D1", "W": "CD", "b": "C1", "Y": "C1"}, {}),
    ],
    ids=["image", "vector", "column"],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_code_may_take_one_example_at_a_time(made, layer, axes, sizes, dtype):
    report = gradcheck(made, layer, axes=axes, sizes={"N": 1, **sizes}, dtype=dtype)
    assert report.verdict == "agree", report
    assert not report.assumed
    with pytest.raises(ValueError, match="is no order of the axes of X"):
        gradcheck(made, layer, axes=axes, sizes={"N": 2, **sizes})


def test_what_goes_in_is_contiguous_in_its_own_order_and_what_is_done_to_it_is_seen():
    seen = []

    def forward(X):
        seen.append(X.flags.c_contiguous)
        return X.copy()

    def writing(X):
        X += 1
        return X - 1

    for pair, law in {
        (forward, lambda dY: dY.copy()): None,
        (forward, lambda dY: dY): "own memory",
        (writing, lambda dY: dY.copy()): "inputs unchanged",
    }.items():
        report = gradcheck(pair, "identity", axes={"X": "DN", "Y": "DN"}, witnesses=["derivation"])
        broken = {finding.witness for finding in report.findings if finding.verdict != "agree"}
        assert law in broken if law else not broken
    assert seen[0]
    assert not all(seen)  # one law looks at other layouts


def test_what_is_no_order_is_one_line():
    layer = LAYERS["conv2d"]
    for axes, complaint in (
        ({"X": "NCH"}, r"^'NCH' is no order of the axes of X\[N, H, W, C\]; write all of N, H, W, C, each once \("),
        ({"X": "NCHH"}, "is no order"),
        ({"X": ""}, "is no order"),
        ({"X": "NCHW2"}, "is no order"),
        ({"V": "N"}, "^conv2d has no tensor 'V'; it has X, K, b, Y$"),
    ):
        with pytest.raises(ValueError, match=complaint):
            orders_of(layer, axes)
    assert orders_of(LAYERS["lstm"], {"Wx": "4*M, D"}) == {"Wx": Order((1, 0))}


class Lines:
    """An array of somebody else's, whose transpose means something else."""

    def __init__(self, array):
        self.array = array
        self.transpose = None

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


def test_arrays_of_other_libraries_are_arrays():
    def forward(A):
        return Lines(np.tanh(A))

    def backward(dZ, A):
        return Lines(dZ / np.cosh(A) ** 2)

    report = gradcheck((forward, backward), "tanh", axes={"X": "DN", "Y": "DN"}, witnesses=["derivation"])
    assert {f.verdict for f in report.findings if f.witness in ("equations", "derivation")} == {"agree"}, report


def test_without_orders_nothing_is_done():
    implementation = Implementation("any", dict, dict)
    assert reordered(implementation, {}) is implementation
    layer = derive("linear").layer
    assert reordered_layer(layer, {}) == layer
    assert [str(tensor) for tensor in reordered_layer(layer, {"W": Order((1, 0))}).tensors] == [
        "X[N, D]",
        "W[C, D]",
        "b[C]",
        "Y[N, C]",
    ]


def recurrent(x, a0, parameters):
    """Elman's network in columns, as a course has it: sequences are [D, N, T], weights a row for every unit."""
    a, states = a0, []
    for t in range(x.shape[2]):
        a = np.tanh(parameters["Wax"] @ x[:, :, t] + parameters["Waa"] @ a + parameters["ba"])
        states.append(a)
    return np.stack(states, axis=2), (x, [a0, *states], parameters)


def recurrent_backward(da, caches):
    x, states, parameters = caches
    found = {f"d{name}": np.zeros_like(parameters[name]) for name in parameters}
    dx, back = np.zeros_like(x), np.zeros_like(states[0])
    for t in reversed(range(x.shape[2])):
        dz = (da[:, :, t] + back) * (1 - states[t + 1] ** 2)
        dx[:, :, t], back = parameters["Wax"].T @ dz, parameters["Waa"].T @ dz
        found["dWax"] += dz @ x[:, :, t].T
        found["dWaa"] += dz @ states[t].T
        found["dba"] += dz.sum(axis=1, keepdims=True)
    return {"dx": dx, "da0": back, **found}


IN_COLUMNS = {"x": "DNT", "h0": "MN", "Wx": "MD", "b": "M1", "h": "MNT"}
THEIR_NAMES = {"Wax": "Wx", "ba": "b", "a0": "h0"}


def test_a_square_matrix_may_be_transposed_by_its_name():
    axes = {name: order for name, order in IN_COLUMNS.items() if name != "Wx"}
    names = {**THEIR_NAMES, "Waa": "Wh.T", "Wax": "Wx.T"}
    report = gradcheck((recurrent, recurrent_backward), "rnn_tanh", names=names, axes=axes)
    assert report.verdict == "agree", report
    assert report.axes["Wh[M, M]"] == "Wh[M, M] transposed"
    assert report.axes["Wx[D, M]"] == "Wx[M, D]"


def test_what_to_type_for_a_square_matrix_is_told():
    pair = (recurrent, recurrent_backward)
    report = gradcheck(pair, "rnn_tanh", names={**THEIR_NAMES, "Waa": "Wh"}, axes=IN_COLUMNS)
    assert "(where it is kept so: --axes Wh=.T)" in " ".join(str(report).split())


@pytest.mark.parametrize(
    ("names", "axes", "reason"),
    [
        ({"w": "W.T"}, {"W": "CD"}, "the axes of W are told twice: as W.T, and as 'CD'"),
        ({"bias": "b.T"}, {}, "b.T is the transpose of a matrix, and b\\[C\\] is none"),
        ({"w": "V.T"}, {}, "linear has no tensor 'V'"),
    ],
)
def test_a_transpose_that_there_is_not_is_one_line(names, axes, reason):
    with pytest.raises(ValueError, match=reason):
        gradcheck((in_columns, in_columns_backward), "linear", names=names, axes=axes)


def test_that_everything_is_in_columns_is_told_at_once():
    pair, names = (recurrent, recurrent_backward), {**THEIR_NAMES, "Waa": "Wh"}
    (diagnosis,) = gradcheck(pair, "rnn_tanh", names=names).diagnoses
    axes = dict(told.split("=") for told in diagnosis.mistake.replace("--axes ", "").split())
    assert axes == {**IN_COLUMNS, "Wh": ".T"}
    assert gradcheck(pair, "rnn_tanh", names=names, axes=axes).verdict == "agree"


def test_transposes_stay_in_the_order_in_which_they_are_told():
    names = {f"theirs{number}": f"W{number}.T" for number in range(9)}
    plain_names, axes = with_transposes(names, {"X": "DN"})
    assert list(plain_names.values()) == [f"W{number}" for number in range(9)]
    assert list(axes) == ["X", *plain_names.values()]


def test_one_number_has_no_axes_to_be_told():
    pair = (lambda W, lam: lam / 2 * (W * W).sum(), lambda dL, W, lam: dL * lam * W)
    assert gradcheck(pair, "l2_penalty", axes={"L": ""}).verdict == "agree"


def shares_and_loss(Z, rows):
    shares = np.exp(Z - Z.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return -(rows * np.log(shares)).sum() / len(Z), (shares - rows) / len(Z)


def shares_in_columns(Z, rows):
    loss, gradient = shares_and_loss(Z.T, rows.T)
    return loss, gradient.T


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("made", "axes"),
    [
        (shares_and_loss, {"T": "NC"}),
        (shares_in_columns, {"Z": "CN", "T": "CN"}),
        (shares_in_columns, {"Z": ".T", "T": "C, N"}),
    ],
)
def test_labels_may_be_rows_of_0_and_1(made, axes, dtype):
    report = gradcheck(made, "softmax_cross_entropy", axes=axes, dtype=dtype)
    assert report.verdict == "agree", report
    assert "T[N] in 0..C - 1" in str(report)


def test_that_labels_are_rows_is_told():
    assert [d.mistake for d in gradcheck(shares_and_loss, "softmax_cross_entropy").diagnoses] == ["--axes T=NC"]
    told = [d.mistake for d in gradcheck(shares_in_columns, "softmax_cross_entropy").diagnoses]
    assert "--axes Z=CN --axes T=CN" in told


def test_a_mistake_behind_rows_of_0_and_1_is_found():
    def forgets(Z, rows):
        loss, gradient = shares_and_loss(Z, rows)
        return loss, gradient * len(Z)

    report = gradcheck(forgets, "softmax_cross_entropy", axes={"T": "NC"})
    assert report.verdict == "disagree"
    assert report.diagnoses[0].mistake == "N"


def test_numbers_are_no_labels():
    with pytest.raises(ValueError, match="is no order of the axes"):
        orders_of(LAYERS["squared_error"], {"T": "NCC"})
    with pytest.raises(ValueError, match="is no order of the axes"):
        orders_of(LAYERS["softmax_cross_entropy"], {"T": "NNC"})


def test_what_one_of_a_batch_does_not_show_is_said():
    def forward(X, W, b):
        return X @ W + b

    def first_only(dY, X, W):
        return {"dX": dY @ W.T, "dW": X[0].T @ dY[0], "db": dY[0].sum(axis=0)}

    report = gradcheck((forward, first_only), "linear", axes={"X": "1ND", "Y": "1NC"})
    assert "X[1, N, D], Y[1, N, C] is one of a batch" in " ".join(str(report).split())
