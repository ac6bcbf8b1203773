"""Layers as classes, in the styles of tutorials: what is right agrees, and what is wrong is found where it is kept."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.places import places_of
from derivations import LAYERS, read_layer


class Affine:
    """Made from its parameters; gradients are attributes."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Dense:
    """Made from sizes; gradients are in a list."""

    def __init__(self, n_in, n_out):
        self.weights, self.bias = np.ones((n_in, n_out)), np.zeros(n_out)
        self.kept = {}

    def forward(self, x):
        self.kept["x"] = x
        return x @ self.weights + self.bias

    def backward(self, grad):
        self.grads = [self.kept["x"].T @ grad, grad.sum(axis=0)]
        return grad @ self.weights.T


class Returning(Dense):
    def backward(self, grad):
        return grad @ self.weights.T, self.kept["x"].T @ grad, grad.sum(axis=0)


class ByName(Affine):
    def backward(self, dout):
        return {"dX": dout @ self.W.T, "dW": self.x.T @ dout, "db": dout.sum(axis=0)}


class InADictionary(Affine):
    def backward(self, dout):
        self.grads = {"W": self.x.T @ dout, "b": dout.sum(axis=0)}
        return dout @ self.W.T


class Otherwise(Affine):
    def backward(self, dout):
        self.grad_W, self.b_grad = self.x.T @ dout, dout.sum(axis=0)
        return [dout @ self.W.T]


class Loss:
    def forward(self, x, t):
        self.P, self.t = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), t
        return -np.log(self.P[np.arange(len(t)), t]).mean()

    def backward(self, dout=1):
        return dout * (self.P - np.eye(self.P.shape[1], dtype=self.P.dtype)[self.t]) / len(self.t)


class Leaky:
    alpha = 0.125

    def forward(self, X):
        self.X = X
        return np.where(self.X > 0, X, self.alpha * X)

    def backward(self, dY):
        return np.where(self.X > 0, dY, self.alpha * dY)


class Stateful:
    """Made from sizes; everything, the output and dX too, is an attribute, and the bias a row, as is its gradient."""

    def __init__(self, n_inputs, n_neurons):
        self.weights, self.biases = np.ones((n_inputs, n_neurons)), np.zeros((1, n_neurons))

    def forward(self, inputs, training):
        assert training is True
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights, self.dbiases = self.inputs.T @ dvalues, dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class InDictionaries:
    """Made from sizes; parameters and gradients are in dictionaries."""

    def __init__(self, input_size, output_size):
        self.params, self.grads = {"w": np.ones((input_size, output_size)), "b": np.zeros(output_size)}, {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]

    def backward(self, grad):
        self.grads["w"], self.grads["b"] = self.inputs.T @ grad, grad.sum(axis=0)
        return grad @ self.params["w"].T


class Table:
    """Made from sizes by name; its backward returns nothing, for nothing goes on from there."""

    def __init__(self, width, tokens):
        self.weight = np.ones((tokens, width))

    def forward(self, tokens):
        self.tokens = tokens
        return self.weight[tokens]

    def backward(self, grad):
        self.weight_grad = np.zeros_like(self.weight)
        np.add.at(self.weight_grad, self.tokens, grad)


class Normalization:
    """Made from a size and an option; it keeps more arrays of the parameters' shape, which are none."""

    def __init__(self, size, eps=1e-5):
        self.gamma, self.beta, self.eps = np.ones((1, size)), np.zeros((1, size)), eps
        self.running_mean, self.running_variance = np.zeros((1, size)), np.ones((1, size))

    def forward(self, x, train=True):
        self.scale = np.sqrt(((x - x.mean(axis=0)) ** 2).mean(axis=0) + self.eps)
        self.normal = (x - x.mean(axis=0)) / self.scale
        return self.gamma * self.normal + self.beta

    def backward(self, dout):
        self.dgamma = (dout * self.normal).sum(axis=0, keepdims=True)
        self.dbeta = dout.sum(axis=0, keepdims=True)
        dx = dout * self.gamma
        return (dx - dx.mean(axis=0) - self.normal * (dx * self.normal).mean(axis=0)) / self.scale


class TakesItsStep:
    """Its backward moves the weights at once, and tells nobody by what; methods have longer names."""

    def __init__(self, input_size, output_size):
        self.weights, self.bias = np.ones((input_size, output_size)), np.zeros((1, output_size))

    def forward_propagation(self, input_data):
        self.input = input_data
        return self.input @ self.weights + self.bias

    def backward_propagation(self, output_error, learning_rate):
        input_error = output_error @ self.weights.T
        self.weights -= learning_rate * (self.input.T @ output_error)
        self.bias = self.bias - learning_rate * output_error.sum(axis=0, keepdims=True)
        return input_error


class KeepsItsRate(TakesItsStep):
    learning_rate = 0.1

    def backward(self, grad):
        return self.backward_propagation(grad, self.learning_rate)

    forward = TakesItsStep.forward_propagation


class MadeOfParameters:
    def __init__(self, W, b, lr=0.01):
        self.W, self.b, self.lr = W, b, lr

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        dx = grad @ self.W.T
        self.W -= self.lr * (self.x.T @ grad)
        self.b -= self.lr * grad.sum(axis=0)
        return dx


class Called:
    def __call__(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, grad):
        return grad * (1 - self.out**2)


class Descent:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def update(self, weights, gradient):
        return weights - self.learning_rate * gradient


class Optimized:
    """Has an optimizer for each parameter, which takes the step in the backward."""

    def __init__(self, n_in, n_out):
        self.W, self.w0 = np.ones((n_in, n_out)), np.zeros((1, n_out))
        self.W_optimizer, self.w0_optimizer = Descent(), Descent()

    def forward_pass(self, X, training=True):
        self.layer_input = X
        return X @ self.W + self.w0

    def backward_pass(self, accum_grad):
        W = self.W
        self.W = self.W_optimizer.update(self.W, self.layer_input.T @ accum_grad)
        self.w0 = self.w0_optimizer.update(self.w0, accum_grad.sum(axis=0, keepdims=True))
        return accum_grad @ W.T


class OptimizedNormalization(Normalization):
    """Of one example alone, no gradient moves its gamma."""

    def __init__(self, size, eps=1e-5):
        super().__init__(size, eps)
        self.optimizer = Descent()

    def backward(self, dout):
        dx = super().backward(dout)
        self.gamma = self.optimizer.update(self.gamma, self.dgamma)
        self.beta = self.optimizer.update(self.beta, self.dbeta)
        del self.dgamma, self.dbeta
        return dx


class Lazy:
    """Learns at its first forward how many inputs it has, and makes its parameters then."""

    def __init__(self, n_out):
        self.n_out, self.seen = n_out, []
        self.parameters = {"W": None, "b": None}

    def forward(self, X):
        if self.parameters["W"] is None:
            self.parameters = {"W": np.ones((X.shape[1], self.n_out)), "b": np.zeros((1, self.n_out))}
        self.seen.append(X)
        return X @ self.parameters["W"] + self.parameters["b"]

    def backward(self, dLdy):
        (X,) = self.seen
        self.gradients = {"W": X.T @ dLdy, "b": dLdy.sum(axis=0, keepdims=True)}
        return dLdy @ self.parameters["W"].T


class OutputsFirst(Affine):
    """Made from sizes, the number of outputs before that of inputs."""

    def __init__(self, units, inputs):
        super().__init__(np.ones((inputs, units)), np.zeros(units))


NAMES = {"weights": "W", "bias": "b"}


@pytest.mark.parametrize(
    ("made", "layer", "names"),
    [
        (Affine, "linear", {}),
        (Affine(np.ones((4, 3)), np.ones(3)), "linear", {}),
        (ByName, "linear", {}),
        (InADictionary, "linear", {}),
        (Otherwise, "linear", {}),
        (Dense, "linear", {}),
        (Dense(4, 3), "linear", NAMES),
        (Dense(4, 3), "linear", {}),
        (Returning(4, 3), "linear", NAMES),
        (Stateful, "linear", {}),
        (Stateful(4, 3), "linear", {}),
        (Stateful(3, 3), "linear", {"weights": "W"}),
        (InDictionaries, "linear", {}),
        (InDictionaries(4, 3), "linear", {}),
        (Table, "embedding", {"width": "D", "tokens": "T"}),
        (Normalization, "batch_norm", {}),
        (Normalization(5), "batch_norm", {}),
        (TakesItsStep, "linear", {}),
        (TakesItsStep(4, 3), "linear", {}),
        (KeepsItsRate, "linear", {}),
        (KeepsItsRate(4, 3), "linear", {}),
        (MadeOfParameters, "linear", {}),
        (Optimized, "linear", {}),
        (Optimized(4, 3), "linear", {}),
        (OptimizedNormalization, "batch_norm", {}),
        (OptimizedNormalization(5), "batch_norm", {}),
        (Lazy, "linear", {}),
        (Lazy(3), "linear", {}),
        (OutputsFirst, "linear", {}),
        (Called, "tanh", {}),
        (Called(), "tanh", {}),
        (Loss, "softmax_cross_entropy", {}),
        (Loss(), "softmax_cross_entropy", {}),
        (Leaky(), "leaky_relu", {"alpha": "slope"}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, type | str) else getattr(value, "__name__", value),
)
@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
def test_every_style_of_class_is_understood(made, layer, names, dtype):
    report = gradcheck(made, layer, names=names, dtype=dtype)
    assert report.verdict == "agree", report


def test_the_sizes_of_an_object_are_its_own():
    assert {case.partition(" D=")[2] for case in gradcheck(Dense(4, 3), "linear", names=NAMES).cases} == {"4 C=3"}


def test_weights_that_are_moved_at_once_are_its_own():
    dense, W = TakesItsStep(4, 3), np.ones((4, 3))
    inputs = {"X": np.ones((5, 4)), "W": W, "b": np.zeros(3)}
    assert gradcheck(dense, "linear", inputs=inputs).verdict == "agree"
    assert (dense.weights == 1).all()
    assert (W == 1).all()


def test_an_object_is_left_as_it_was():
    dense = Dense(4, 3)
    gradcheck(dense, "linear", names=NAMES)
    assert dense.kept == {}
    assert (dense.weights == 1).all()


class FromPredictions(Loss):
    """Its backward takes the probabilities in the place of a cotangent."""

    def backward(self, dvalues, t):
        d = dvalues.copy()
        d[np.arange(len(d)), t] -= 1
        return d / len(d)


def test_a_backward_that_takes_predictions_is_told_so():
    told = gradcheck(FromPredictions(), "softmax_cross_entropy", names={"dvalues": "P"}, sizes={"dL": 1})
    assert told.verdict == "agree", told
    asked = gradcheck(FromPredictions(), "softmax_cross_entropy")
    assert asked.verdict == "disagree"
    (reason,) = {f.reason.rpartition("; ")[2] for f in asked.findings if f.witness == "raises"}
    assert reason == "if dvalues is P, say so (--name dvalues=P --set dL=1)"


class Halved(Affine):
    def backward(self, dout):
        dX = super().backward(dout)
        self.dW /= 2
        return dX


class Forgetful(Affine):
    def backward(self, dout):
        return dout @ self.W.T


class Accumulating(Affine):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def backward(self, dout):
        self.dW += self.x.T @ dout
        self.db += dout.sum(axis=0)
        return dout @ self.W.T


class Shared(Affine):
    """What the forward saw is kept by the class, and so is every other object's."""

    def forward(self, x):
        type(self).x = x
        return x @ self.W + self.b


class KeptAsRows(Affine):
    """The bias is no row here, and its gradient should not be one."""

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0, keepdims=True)
        return dout @ self.W.T


class Askew(Stateful):
    def backward(self, dvalues):
        super().backward(dvalues)
        self.dbiases = self.dbiases / len(dvalues)


class StepsFirst(TakesItsStep):
    """What goes on to the layer before comes from the weights as they have become."""

    def backward_propagation(self, output_error, learning_rate):
        super().backward_propagation(output_error, learning_rate)
        return output_error @ self.weights.T


class KeepsItsRateAndStepsFirst(KeepsItsRate):
    def backward(self, grad):
        super().backward(grad)
        return grad @ self.weights.T


class StepsTwice(TakesItsStep):
    def backward_propagation(self, output_error, learning_rate):
        return super().backward_propagation(output_error, 2 * learning_rate)


class Silent(Affine):
    def forward(self, x):
        self.x = x


class Demanding(Dense):
    """Neither made from parameters nor from sizes."""

    def __init__(self, n_in, n_out, activation):
        super().__init__(n_in, n_out)
        self.activation = activation.name


@pytest.mark.parametrize(
    ("made", "witness", "cotangent"),
    [
        (Halved, "derivation", "dW"),
        (Forgetful, "missing", "dW"),
        (Forgetful, "missing", "db"),
        (Accumulating, "same twice", "dW"),
        (Shared, "any order", "dW"),
        (KeptAsRows, "shape", "db"),
        (Askew, "derivation", "db"),
        (StepsFirst, "derivation", "dX"),
        (StepsTwice, "derivation", "dW"),
        (Silent, "arity", "Y"),
        (Demanding, "raises", "Y"),
    ],
)
def test_what_is_wrong_with_an_object_is_found(made, witness, cotangent):
    report = gradcheck(made, "linear")
    assert (witness, cotangent) in {(f.witness, f.cotangent) for f in report.findings if f.verdict == "disagree"}


@pytest.mark.parametrize("made", [StepsFirst, KeepsItsRateAndStepsFirst])
@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
def test_a_step_that_is_taken_first_is_named(made, dtype):
    report = gradcheck(made, "linear", dtype=dtype)
    assert {(d.hypothesis, d.mistake) for d in report.diagnoses} == {("parameters moved", "W moved")}


class Twice(Dense):
    """Two of its arrays could be W."""

    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.velocity = np.zeros((n_in, n_out))


def test_an_attribute_that_is_not_there_is_one_line():
    with pytest.raises(ValueError, match=r"^Twice does not take W of linear, .*--name \.\.\.=W.*$"):
        gradcheck(Twice(4, 3), "linear")
    with pytest.raises(ValueError, match="nothing called 'V'"):
        gradcheck(Dense(4, 3), "linear", names={"weights": "V"})


class Hoarder(Dense):
    """Of its many arrays none is b, and too many could be W."""

    def __init__(self, n_in, n_out):
        self.kept = {}
        for number in range(40):
            setattr(self, f"array{number}", np.zeros((n_in, n_out)))


def test_many_arrays_that_could_be_anything_are_nothing():
    layer = LAYERS["lstm"]
    assert places_of(Hoarder(4, 16), layer, ["Wx", "Wh", "h0", "c0", "b"], {}) == {}
    assert places_of(Hoarder(4, 16), layer, ["Wx", "h0", "c0"], {}) == {}


class Convolution:
    """Made from all sizes of its kernel, and from options; an image has to be larger than it."""

    def __init__(self, R, channels, filters, stride=1, pad=0):
        self.kernels, self.biases = np.zeros((R, channels, filters)), np.zeros(filters)
        self.stride, self.pad = stride, pad

    def forward(self, x):
        self.x = np.pad(x, ((0, 0), (self.pad, self.pad), (0, 0)))
        places = range(0, self.x.shape[1] - len(self.kernels) + 1, self.stride)
        self.windows = [slice(place, place + len(self.kernels)) for place in places]
        rows = [np.tensordot(self.x[:, window], self.kernels, ((1, 2), (0, 1))) for window in self.windows]
        return np.stack(rows, axis=1) + self.biases

    def backward(self, grad):
        dx, self.dkernels, self.dbiases = np.zeros_like(self.x), 0, grad.sum(axis=(0, 1))
        for place, window in enumerate(self.windows):
            dx[:, window] += np.tensordot(grad[:, place], self.kernels, (1, 2))
            self.dkernels = self.dkernels + np.tensordot(self.x[:, window], grad[:, place], (0, 0))
        return dx[:, self.pad : dx.shape[1] - self.pad]


def test_a_kernel_that_is_made_from_sizes_fits_into_its_image():
    report = gradcheck(Convolution, "conv1d", sizes={"dilation": 1})
    assert report.verdict == "agree", report


class SquareConvolution:
    """Made from how many channels there are, and how large its square window is."""

    def __init__(self, in_channels, out_channels, kernel_size):
        self.W, self.b = np.zeros((kernel_size, kernel_size, in_channels, out_channels)), np.zeros(out_channels)

    def windows(self, shape):
        size = len(self.W)
        rows, columns = range(shape[1] - size + 1), range(shape[2] - size + 1)
        return [(p, q, (slice(None), slice(p, p + size), slice(q, q + size))) for p in rows for q in columns]

    def forward(self, x):
        self.x, size = x, len(self.W)
        y = np.zeros((len(x), x.shape[1] - size + 1, x.shape[2] - size + 1, len(self.b)), x.dtype)
        for p, q, window in self.windows(x.shape):
            y[:, p, q] = np.tensordot(x[window], self.W, 3) + self.b
        return y

    def backward(self, grad):
        dx, self.dW, self.db = np.zeros_like(self.x), np.zeros_like(self.W), grad.sum(axis=(0, 1, 2))
        for p, q, window in self.windows(self.x.shape):
            dx[window] += np.tensordot(grad[:, p, q], self.W, (1, 3))
            self.dW += np.tensordot(self.x[window], grad[:, p, q], (0, 0))
        return dx


@pytest.mark.parametrize("sizes", [{}, {"R": 3}])
def test_one_number_may_be_how_high_and_how_wide_a_window_is(sizes):
    report = gradcheck(SquareConvolution, "conv2d", names={"W": "K"}, sizes=sizes)
    assert report.verdict == "agree", report
    size = sizes.get("R", 2)
    assert all(f"R={size} S={size}" in case for case in report.cases)


class SquareTable(Table):
    """Nobody said that it has to be square."""

    def __init__(self, size):
        super().__init__(size, size)


def test_what_is_told_is_not_asked_for_again():
    names = {"weight": "W", "tokens": "T"}
    reasons = {f.reason.partition(": ")[0] for f in gradcheck(SquareTable, "embedding", names=names).findings}
    assert reasons == {"made from sizes, SquareTable has no W of the shapes that embedding has"}


class Scaled:
    def __init__(self, W, k, m):
        self.W, self.scale = W, k * m

    def forward(self, x):
        self.x = x
        return x @ self.W * self.scale

    def backward(self, grad):
        self.dW = self.x.T @ grad * self.scale
        return grad @ self.W.T * self.scale


class MadeFromSizes(InDictionaries):
    def __init__(self, D, C):
        super().__init__(D, C)


@pytest.mark.parametrize(("made", "verdict"), [(Scaled, "agree"), (MadeFromSizes, "disagree")])
def test_the_bound_of_an_option_may_be_another_option(made, verdict):
    text = "X[N, D]  W[D, C]  k in 1..  m in k..  Y[N, C]\nY[n, c] = sum[d](X[n, d]*W[d, c])*k*m"
    assert gradcheck(made, read_layer(text)).verdict == verdict


class Flushing(Dense):
    """It adds up gradients on purpose, and forgets its input with them."""

    def backward(self, grad):
        dX = super().backward(grad)
        weights, bias = self.grads
        self.grad_weights, self.grad_bias = self.grad_weights + weights, self.grad_bias + bias
        del self.grads
        return dX

    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.flush_gradients()

    def flush_gradients(self):
        self.grad_weights, self.grad_bias, self.kept = 0.0, 0.0, {}


class Averaging(Flushing):
    """It is wrong besides."""

    def backward(self, grad):
        dX = super().backward(grad)
        self.grad_weights = self.grad_weights / len(grad)
        return dX


def test_gradients_may_add_up_where_they_can_be_set_to_zero():
    assert gradcheck(Flushing, "linear").verdict == "agree"
    report = gradcheck(Averaging, "linear")
    assert {finding.cotangent for finding in report.findings if finding.verdict == "disagree"} == {"dW"}
    assert "times 1/N" in " ".join(str(report).split())


def test_gradients_that_add_up_by_mistake_are_told_what_to_do():
    (finding, _) = (f for f in gradcheck(Accumulating, "linear").findings if f.verdict == "disagree")
    assert finding.reason.endswith(
        "start from zero every time, or have a method of its object set it to zero, as zero_grad does"
    )


class Handing:
    """Its forward hands a cache on, under another name."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        return x @ self.W + self.b, (x, self.W)

    def backward(self, dout, caches):
        x, W = caches
        self.db = dout.sum(axis=0)
        return {"dx": dout @ W.T, "dW": x.T @ dout}


class OfTheClass:
    """Its methods need no object."""

    @classmethod
    def forward(cls, x):
        y = np.tanh(x)
        return y, y

    @classmethod
    def backward(cls, dout, y):
        return dout * (1 - y * y)


@pytest.mark.parametrize(("made", "layer"), [(Handing, "linear"), (OfTheClass, "tanh"), (OfTheClass(), "tanh")])
def test_a_forward_may_hand_its_backward_a_cache(made, layer):
    report = gradcheck(made, layer)
    assert report.verdict == "agree", report


class Stepping:
    def __init__(self, n_in, n_out, spare=3):
        self.W, self.b = np.ones((n_in, n_out)), np.zeros(n_out)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY, learning_rate=0.01):
        dX = dY @ self.W.T
        self.W -= learning_rate * self.X.T @ dY
        self.b -= learning_rate * dY.sum(axis=0)
        return dX

    def predict(self, X):
        return self.forward(X)

    def slopes(self, dY):
        return {"dX": dY @ self.W.T, "dW": self.X.T @ dY, "db": dY.sum(axis=0)}


def test_a_learning_rate_may_have_a_default():
    assert gradcheck(Stepping, "linear").verdict == "agree"


def test_any_two_methods_of_an_object_are_a_forward_and_a_backward():
    made = Stepping(3, 2)
    report = gradcheck((made.predict, made.slopes), "linear")
    assert report.verdict == "agree", report
    assert report.assumed == {}  # its bias is its own


class ByDefault:
    def __init__(self, n_in, n_out=64):
        self.weights, self.bias = np.ones((n_in, n_out)), np.zeros((1, n_out))

    def feed_forward(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def back_propagation(self, dY):
        self.dLdweights, self.dL_dbias = self.X.T @ dY, dY.sum(axis=0, keepdims=True)
        return dY @ self.weights.T


def test_a_size_may_have_a_default_and_gradients_be_called_like_fractions():
    assert gradcheck(ByDefault, "linear", names={"weights": "W", "bias": "b"}).verdict == "agree"


class Scaled:
    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, X):
        self.X = X
        R = self.kernel
        self.windows = np.lib.stride_tricks.sliding_window_view(X, (R, R), (1, 2))
        return self.windows.mean(axis=(4, 5))

    def backward(self, dY):
        dX, R = np.zeros_like(self.X), self.kernel
        for r in range(R):
            for s in range(R):
                dX[:, r : r + dY.shape[1], s : s + dY.shape[2]] += dY / R**2
        return dX


def test_a_kernel_is_how_large_a_window_is():
    sizes = {"R": 2, "S": 2, "stride": 1, "pad": 0}
    assert gradcheck(Scaled, "avg_pool2d", sizes=sizes).verdict == "agree"


def test_a_gradient_of_another_shape_with_the_right_numbers_is_told_so():
    def backward(dY, X, W):
        return {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(axis=0, keepdims=True)}

    report = gradcheck((lambda X, W, b: X @ W + b, backward), "linear", sizes={"N": 3, "D": 4, "C": 2})
    assert [f.witness for f in report.findings if f.verdict == "disagree"] == ["shape"]
    wrong = gradcheck(
        (lambda X, W, b: X @ W + b, lambda dY, X, W: {**backward(dY, X, W), "db": 2 * dY.sum(axis=0, keepdims=True)}),
        "linear",
        sizes={"N": 3, "D": 4, "C": 2},
    )
    assert "derivation" in {f.witness for f in wrong.findings if f.verdict == "disagree"}


class Sized:
    def __init__(self, in_dim, out_dim):
        self.W, self.b = np.random.default_rng(3).random((in_dim, out_dim)), np.zeros(out_dim)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY):
        self.gradW, self.gradb = self.X.T @ dY, dY.sum(axis=0)
        return dY @ self.W.T


@pytest.mark.parametrize("names", [{}, {"in_dim": "D"}, {"in_dim": "D", "out_dim": "C"}])
def test_whether_sizes_are_named_makes_no_difference(names):
    report = gradcheck(Sized, "linear", names=names)
    assert report.verdict == "agree", report
    assert report.assumed == {}


class Stepwise(Sized):
    def backward(self, dY, alpha):
        dX = dY @ self.W.T
        self.W, self.b = self.W - alpha * self.X.T @ dY, self.b - alpha * dY.sum(axis=0)
        return dX


def test_a_learning_rate_may_be_called_anything():
    assert gradcheck(Stepwise, "linear", names={"alpha": "learning_rate"}).verdict == "agree"


class Parameter:
    """An array with its gradient."""

    def __init__(self, value):
        self.value, self.grad = value, np.zeros_like(value)


class Wrapping:
    def __init__(self, n_in, n_out):
        self.W, self.b = Parameter(np.ones((n_in, n_out))), Parameter(np.zeros(n_out))

    def forward(self, X):
        self.X = X
        return X @ self.W.value + self.b.value

    def backward(self, dY):
        self.W.grad, self.b.grad = self.X.T @ dY, dY.sum(axis=0)
        return dY @ self.W.value.T


class WrappingHalf(Wrapping):
    def backward(self, dY):
        dX = super().backward(dY)
        self.W.grad = self.W.grad / 2
        return dX


class WrappingSum(Wrapping):
    def backward(self, dY):
        self.W.grad += self.X.T @ dY
        self.b.grad += dY.sum(axis=0)
        return dY @ self.W.value.T


@pytest.mark.parametrize("made", [Wrapping, Wrapping(3, 2), WrappingSum, WrappingSum(3, 2)])
def test_parameters_may_be_objects_with_their_gradients(made):
    report = gradcheck(made, "linear")
    assert report.verdict == "agree", report
    assert report.assumed == {}


def test_a_mistake_in_a_gradient_beside_its_parameter_is_named():
    report = gradcheck(WrappingHalf, "linear")
    assert [(d.cotangent, d.mistake) for d in report.diagnoses] == [("dW", "1/2")]


def test_arguments_that_a_method_has_no_use_for_are_left_out():
    class Linear:
        def __init__(self, W, b):
            self.W, self.b = W, b

        def forward(self, x, *args):
            self.x = x
            return x @ self.W + self.b

        def backward(self, dout, *_):
            self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
            return dout @ self.W.T

    assert gradcheck(Linear, "linear").verdict == "agree"


def test_how_many_units_there_are_is_no_tensor():
    class Dense:
        def __init__(self, units, in_features, seed):
            self.W = np.random.default_rng(seed).normal(size=(in_features, units))
            self.b = np.zeros(units)

        def forward(self, x):
            self.x = x
            return x @ self.W + self.b

        def backward(self, dout):
            self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
            return dout @ self.W.T

    assert gradcheck(Dense, "linear").verdict == "agree"


class Leaky:
    def __init__(self, slope):
        self.slope = slope

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.slope * x)

    def backward(self, dout):
        return np.where(self.x > 0, dout, self.slope * dout)


def test_an_option_that_an_object_has_for_good_is_told_unless_it_was_asked_for():
    report = gradcheck(Leaky(0.25), "leaky_relu")
    assert (report.verdict, report.settled) == ("agree", {"slope": 0.25})
    assert "the code has slope = 0.25 for good: of other values nothing is known" in " ".join(str(report).split())
    assert not gradcheck(Leaky(0.25), "leaky_relu", sizes={"slope": 0.25}).settled
    assert not gradcheck(Leaky, "leaky_relu").settled
