"""PyTorch's Functions, modules and functions: right ones agree in every dtype, wrong ones are found out."""

import re

import pytest

from checks import assert_gradients, gradcheck
from checks.adapters.files import load_implementation
from checks.adapters.frameworks import framework_of
from derivations import derive, layer, read_layer

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional

DTYPES = ["float64", "float32", "float16", "bfloat16"]
SIZES = {"N": 3, "D": 4, "C": 5}


@pytest.fixture(autouse=True)
def _needs_bfloat16(request):
    if "bfloat16" in request.node.name:
        pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")


class LayerNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, gamma, beta, eps):
        rate = (X.var(1, keepdim=True, unbiased=False) + eps).rsqrt()
        normal = (X - X.mean(1, keepdim=True)) * rate
        ctx.save_for_backward(normal, rate, gamma)
        return normal * gamma + beta

    @staticmethod
    def backward(ctx, dY):
        normal, rate, gamma = ctx.saved_tensors
        d = dY * gamma
        dX = rate * (d - d.mean(1, keepdim=True) - normal * (d * normal).mean(1, keepdim=True))
        return dX, (dY * normal).sum(0), dY.sum(0), None


class Linear(torch.autograd.Function):
    """In the newer style, whose forward knows of no context."""

    @staticmethod
    def forward(X, W, b):
        return X @ W + b

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, dY):
        X, W, _ = ctx.saved_tensors
        return dY @ W.T, X.T @ dY, dY.sum(0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_right_function_agrees_in_the_dtype_that_it_runs_in(dtype):
    assert assert_gradients(LayerNorm.apply, against="layer_norm", dtype=dtype).dtype == dtype
    assert_gradients(Linear, against="linear", dtype=dtype, sizes=SIZES)


class NoCoupling(LayerNorm):
    @staticmethod
    def backward(ctx, dY):
        normal, rate, gamma = ctx.saved_tensors
        return rate * dY * gamma, (dY * normal).sum(0), dY.sum(0), None


class DividedByBatch(Linear):
    @staticmethod
    def backward(ctx, dY):
        dX, dW, db = Linear.backward(ctx, dY)
        return dX, dW / len(dY), db


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_wrong_function_is_found_out_in_every_dtype(dtype):
    assert gradcheck(NoCoupling.apply, "layer_norm", dtype=dtype, seed=1).verdict == "disagree"
    report = gradcheck(DividedByBatch, "linear", dtype=dtype)
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW"}


def test_a_wrong_function_is_told_what_is_wrong():
    assert "times 1/N" in str(gradcheck(DividedByBatch.apply, "linear", dtype="float32"))


class NoScale(LayerNorm):
    @staticmethod
    def backward(ctx, dY):
        normal, rate, _ = ctx.saved_tensors
        dX = rate * (dY - dY.mean(1, keepdim=True) - normal * (dY * normal).mean(1, keepdim=True))
        return dX, (dY * normal).sum(0), dY.sum(0), None


def test_in_few_digits_a_mistake_is_explained_with_more_where_the_code_has_them():
    """To bfloat16 this may be the slope of tanh as well, or none: to float32 it is a scale that is left out."""
    found = gradcheck(NoScale, "layer_norm", dtype="bfloat16").diagnoses
    assert [(d.cotangent, d.mistake) for d in found] == [("dX", "gamma left out")]


class HalfAsMuch(Linear):
    @staticmethod
    def backward(ctx, dY):
        dX, dW, db = Linear.backward(ctx, dY)
        return dX, dW / 2, db


class HalfAsMuchInFewDigits(HalfAsMuch):
    """Nobody can have a closer look at it."""

    @staticmethod
    def forward(X, W, b):
        assert X.dtype != torch.float32
        return Linear.forward(X, W, b)


@pytest.mark.parametrize("dtype", [pytest.param("float16", marks=pytest.mark.thorough), "bfloat16"])
def test_a_layer_of_full_size_agrees_in_few_digits_only_where_it_is_near(dtype):
    """Rounding every partial sum of so many products to these digits might leave nothing; processors do not."""
    options = {"dtype": dtype, "sizes": {"N": 512, "D": 784, "C": 256}}
    report = assert_gradients(Linear, against="linear", **options)
    said = "only within 1% of the largest entry" in " ".join(str(report).split())
    assert said == any(f.nearly for f in report.findings) == (dtype == "bfloat16")
    (found,) = gradcheck(HalfAsMuch, "linear", **options).about("dW", "derivation")
    assert found.verdict == "disagree"
    assert found.reason.startswith(f"in float32: in {dtype} ")
    (found,) = gradcheck(HalfAsMuchInFewDigits, "linear", **options).about("dW", "derivation")
    assert found.verdict == "unresolved"


class OnlyBfloat16(Linear):
    @staticmethod
    def forward(X, W, b):
        return Linear.forward(*(value.to(torch.bfloat16) for value in (X, W, b)))

    @staticmethod
    def backward(ctx, dY):
        X, W, _ = ctx.saved_tensors
        return dY @ W.to(dY.dtype).T, X.to(dY.dtype).T @ dY, dY.sum(0)


class Bfloat16Inside(OnlyBfloat16):
    @staticmethod
    def forward(X, W, b):
        return OnlyBfloat16.forward(X, W, b).to(X.dtype)

    @staticmethod
    def backward(ctx, dY):
        return OnlyBfloat16.backward(ctx, dY.to(torch.bfloat16))


@pytest.mark.parametrize("seed", range(3))
def test_differences_of_what_insists_on_bfloat16_are_no_false_alarm(seed):
    report = assert_gradients(OnlyBfloat16, against="linear", dtype="bfloat16", sizes=SIZES, seed=seed)
    doubts = {f.reason for f in report.findings if f.witness == "differences"}
    assert doubts == {"given float64, the forward works in another dtype: Y is bfloat16"}
    assert_gradients(Bfloat16Inside, against="linear", dtype="bfloat16", sizes=SIZES, seed=seed)


def raising(ctx, dY):
    raise KeyError("saved")


def returns_none(ctx, dY):
    return dY @ ctx.saved_tensors[1].T, None, dY.sum(0)


def of_another_shape(ctx, dY):
    return Linear.backward(ctx, dY)[0], ctx.saved_tensors[0], dY.sum(0)


def too_few(ctx, dY):
    return dY, dY


MISCONDUCT = {
    "raises": (raising, "raises", r"backward\(dY\[3, 5\]\) raises KeyError: 'saved'"),
    "returns None": (returns_none, "missing", "the backward has no dW: it gives None"),
    "returns another shape": (of_another_shape, "raises", "returned an invalid gradient at index 1"),
    "returns too few": (too_few, "raises", "incorrect number of gradients"),
}


@pytest.mark.parametrize("mistake", MISCONDUCT)
def test_whatever_a_backward_does_is_a_finding(mistake):
    backward, kind, reason = MISCONDUCT[mistake]
    function = type("Wrong", (Linear,), {"backward": staticmethod(backward)})
    report = gradcheck(function.apply, "linear", sizes=SIZES)
    found = [f for f in report.findings if f.witness == kind and f.verdict == "disagree"]
    assert any(re.search(reason, finding.reason) for finding in found), report


def detached(X, W, b):
    return torch.as_tensor((X @ W + b).detach())


def writing(X, W, b):
    with torch.no_grad():
        X += 1
    return X @ W + b


FORWARDS = {
    "detached": (detached, "detached", "autograd knows no way from Y back to the inputs"),
    "raises": (lambda X, W, b: torch.matmul(X, W.T), "raises", "shapes cannot be multiplied"),
    "shape": (lambda X, W, b: torch.matmul(X, W).T, "shape", r"Y has shape \(5, 3\), expected \(3, 5\)"),
    "a list": (lambda X, W, b: [torch.matmul(X, W) + b], "dtype", "Y is no array of real numbers"),
    "a text": (lambda X, W, b: str(torch.matmul(X, W)), "dtype", "Y has dtype <U.*, which holds no real numbers"),
    "writes": (writing, "inputs unchanged", "the forward writes to X"),
    "dtype": (lambda X, W, b: torch.matmul(X, W).float() + b.float(), "dtype", "Y has dtype float32, expected float64"),
}


@pytest.mark.parametrize("mistake", FORWARDS)
def test_whatever_a_forward_does_is_a_finding(mistake):
    forward, kind, reason = FORWARDS[mistake]
    report = gradcheck(forward, "linear", sizes=SIZES)
    assert any(re.search(reason, f.reason) for f in report.findings if f.witness == kind and f.verdict == "disagree")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_module_lends_its_sizes_and_its_options(dtype):
    names = {"weight": "gamma", "bias": "beta"}
    report = assert_gradients(torch.nn.LayerNorm(5, eps=1e-3), "layer_norm", names=names, dtype=dtype)
    assert all("D=5" in case for case in report.cases)


def test_a_module_is_left_as_it_was():
    module = torch.nn.BatchNorm1d(3)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert_gradients(module, "batch_norm", names={"weight": "gamma", "bias": "beta"}, sizes={"N": 4})
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_weight_that_is_kept_transposed_is_found_out_and_can_be_told():
    module = torch.nn.Linear(4, 5)
    report = gradcheck(module, "linear", names={"weight": "W", "bias": "b"})
    assert [diagnosis.mistake for diagnosis in report.diagnoses] == ["W transposed", "--axes W=CD"], report
    told = gradcheck(module, "linear", names={"weight": "W", "bias": "b"}, axes={"W": "CD"})
    assert told.verdict == "agree", told
    assert_gradients(module, "linear", names={"weight": "W.T", "bias": "b"})


def test_a_module_without_a_bias_is_looked_at_without():
    report = gradcheck(torch.nn.Linear(4, 5, bias=False), "linear", names={"weight": "W.T"})
    assert report.verdict == "agree", report
    assert report.assumed == {"b": 0}


class Network(torch.nn.Module):
    """Parameters of submodules, an input under another name, and an option."""

    def __init__(self, slope):
        super().__init__()
        self.inner = torch.nn.Linear(3, 2)
        self.slope = slope

    def forward(self, images):
        return F.leaky_relu(self.inner(images), self.slope)


def test_parameters_of_submodules_and_the_users_own_layer():
    mine = layer(
        "mine",
        tensors="X[N, D] W[D, C] b[C] Y[N, C]",
        equations="Y[n, c] = maximum(0, sum[d](X[n, d]*W[d, c]) + b[c])",
    )
    names = {"inner.weight": "W.T", "inner.bias": "b", "images": "X"}
    assert_gradients(Network(0.0), mine, names=names)
    assert gradcheck(Network(0.5), mine, names=names).verdict == "disagree"


def cross_entropy(Z, T):
    return F.cross_entropy(Z, T)


PLAIN = {
    "a builtin": (torch.tanh, "tanh"),
    "of the library": (F.relu, "relu"),
    "a lambda": (lambda Z: torch.softmax(Z, 1), "softmax"),
    "labels": (cross_entropy, "softmax_cross_entropy"),
    "a script": (lambda X: (lambda Y: torch.sigmoid(Y))(X), "sigmoid"),
}


@pytest.mark.parametrize("style", PLAIN)
def test_plain_functions_are_recognised(style):
    function, name = PLAIN[style]
    assert framework_of(function) == "torch"
    assert_gradients(function, name)


def without_a_sign(X, W, b):
    return X @ W + b


def test_the_framework_can_be_said_where_nothing_shows_it():
    assert framework_of(without_a_sign) is None
    with pytest.raises(ValueError, match=r"nothing shows who differentiates without_a_sign: .*framework='torch'"):
        gradcheck(without_a_sign, "linear")
    assert_gradients(without_a_sign, "linear", framework="torch", sizes=SIZES)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_pair_of_functions_may_take_tensors(dtype):
    def forward(X, W, b):
        return torch.addmm(b, X, W), (X, W)

    def backward(dY, cache):
        X, W = cache
        return {"dX": dY @ W.T, "dW": X.T @ dY, "db": torch.sum(dY, 0)}

    assert_gradients((forward, backward), "linear", framework="torch", dtype=dtype, sizes=SIZES)


def test_several_outputs():
    two = layer("two", tensors="X[N] Y[N] Z[N]", equations="Y[n] = X[n]**2\nZ[n] = exp(X[n])", outputs="Y Z")

    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx, X):
            Y, Z = X**2, torch.exp(X)
            ctx.save_for_backward(X, Z)
            return Y, Z

        @staticmethod
        def backward(ctx, dY, dZ):
            X, Z = ctx.saved_tensors
            return 2 * X * dY + Z * dZ

    assert_gradients(Two.apply, two)

    class Deaf(Two):
        @staticmethod
        def forward(ctx, X):
            Y, Z = Two.forward(ctx, X)
            ctx.mark_non_differentiable(Z)
            return Y, Z

    report = gradcheck(Deaf.apply, two)
    assert "autograd knows no way from Z back to the inputs: it was detached" in {f.reason for f in report.findings}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": {"X": "nothing"}}, "linear has nothing called 'nothing', which 'X' was mapped to; it has W"),
        ({"framework": "tensorflow"}, "no framework is called 'tensorflow'; expected torch or jax"),
        ({"dtype": "int8"}, "cannot check in 'int8'"),
        ({"device": "abacus"}, "PyTorch has no device 'abacus' here; expected cpu or cuda"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_line(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        gradcheck(Linear, "linear", **options)
    assert "\n" not in str(caught.value)


def test_a_parameter_without_a_tensor_is_one_clear_line():
    row = layer("row", tensors="X[N, D] V[D] Y[N]", equations="Y[n] = sum[d](X[n, d]*V[d])")
    with pytest.raises(ValueError, match=r"PReLU has a parameter 'weight', row has none: say by names=.* X, V"):
        gradcheck(torch.nn.PReLU(), row)


def test_a_class_of_modules_is_no_module():
    with pytest.raises(ValueError, match="Linear is a class of modules; expected one of them, such as Linear"):
        gradcheck(torch.nn.Linear, "linear")


def test_a_certificate_digests_the_users_module_and_not_pytorch():
    assert set(gradcheck(LayerNorm.apply, "layer_norm").sources) == {LayerNorm.__module__}
    assert set(gradcheck(Network(0.0), "linear", names={"inner.weight": "W.T", "inner.bias": "b"}).sources) == {
        Network.__module__
    }


def test_a_file_may_hold_a_function(tmp_path):
    source = "import torch\nclass Mine(torch.autograd.Function):\n" + "".join(
        f"    @staticmethod\n    def {line}\n"
        for line in ("forward(ctx, X): return X * 3", "backward(ctx, dY): return dY")
    )
    (tmp_path / "mine.py").write_text(source)
    triple = layer("triple", tensors="X[N] Y[N]", equations="Y[n] = 3*X[n]")
    report = gradcheck(load_implementation(f"{tmp_path / 'mine.py'}:Mine"), triple)
    assert "dX is wrong in the backward" in str(report)


def test_a_mask_that_a_function_does_not_take_keeps_all():
    def attention(Q, K, V):
        return F.scaled_dot_product_attention(Q, K, V)

    report = gradcheck(attention, "scaled_dot_product_attention")
    assert (report.verdict, report.assumed) == ("agree", {"M": 1})


def test_an_input_that_does_not_count_may_have_no_gradient():
    """At one step there is no step before, and autograd has nothing for A."""
    chain = layer(
        "chain",
        tensors="E[T, K]  A[K]  a[T, K]  Y[K]",
        equations="a[t, k] = where(t == 0, E[t, k], A[k]*a[t-1, k] + E[t, k])\nY[k] = a[T-1, k]",
    )

    def forward(E, A):
        a = E[0]
        for e in E[1:]:
            a = A * a + e
        return a

    report = gradcheck(forward, chain, framework="torch")
    assert report.verdict == "agree"
    assert any(case.startswith("T=1") for case in report.cases)
    assert gradcheck(lambda E, A: forward(E, A.detach()), chain, framework="torch").verdict == "disagree"


def test_a_stride_that_nothing_sets_is_one():
    def forward(X, K, b):
        return F.conv1d(X.mT, K.permute(2, 1, 0), b).mT

    report = gradcheck(forward, "conv1d")
    assert (report.verdict, report.assumed) == ("agree", {"stride": 1, "pad": 0, "dilation": 1})


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_a_device_that_is_not_there_is_one_clear_line():
    with pytest.raises(ValueError, match="PyTorch sees no CUDA device here; expected device='cpu'"):
        gradcheck(LayerNorm.apply, "layer_norm", device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", DTYPES)
def test_on_a_graphics_processor(dtype):
    seen = []

    def watched(X, W, b):
        seen.append(X.device.type)
        return torch.addmm(b, X, W)

    assert_gradients(LayerNorm.apply, "layer_norm", device="cuda", dtype=dtype)
    assert_gradients(watched, "linear", device="cuda", dtype=dtype, sizes=SIZES)
    assert set(seen) == {"cuda"}
    assert gradcheck(DividedByBatch, "linear", device="cuda", dtype=dtype).verdict == "disagree"


def test_dropout_draws_the_same_mask_at_every_call():
    state = torch.get_rng_state()
    for module in (torch.nn.Dropout(0.5), torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Identity())):
        report = gradcheck(module, "dropout", sizes={"keep": 0.5}, dtype="float32")
        assert report.verdict == "agree", report
        assert report.assumed == {"M": "drawn"}
    assert torch.equal(torch.get_rng_state(), state)


class OfTheFirst(torch.autograd.Function):
    """It has a gradient of one of its inputs alone."""

    @staticmethod
    def forward(ctx, X, scale):
        ctx.save_for_backward(scale)
        return X * scale

    @staticmethod
    def backward(ctx, dY):
        (scale,) = ctx.saved_tensors
        return dY * scale, None


PRODUCT = "X[N, D]  scale[N, D]  Y[N, D]\nY[n, d] = X[n, d]*scale[n, d]"


def test_a_gradient_that_nobody_asks_for_may_be_none():
    product = read_layer(PRODUCT, "product")
    assert gradcheck(OfTheFirst.apply, derive(product, ["X"])).verdict == "agree"
    report = gradcheck(OfTheFirst.apply, product)
    assert {(f.cotangent, f.witness) for f in report.findings if f.verdict == "disagree"} == {("dscale", "missing")}
    assert "look at the others alone: --wrt X" in " ".join(str(report).split())


def test_targets_of_0_and_1_are_real_where_a_loss_wants_them_so():
    def loss(Z, T):
        return torch.nn.functional.binary_cross_entropy_with_logits(Z, T, reduction="sum") / len(Z)

    assert gradcheck(loss, "sigmoid_cross_entropy").verdict == "agree"


class Squashing(torch.nn.Module):
    def forward(self, X):
        return torch.tanh(X)


def test_a_class_of_modules_that_needs_nothing_is_made():
    assert gradcheck(Squashing, "tanh").verdict == "agree"


class InBlocks(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, block):
        Y = torch.cat([torch.tanh(part) for part in X.split(block)])
        ctx.save_for_backward(Y)
        return Y

    @staticmethod
    def backward(ctx, dY):
        (Y,) = ctx.saved_tensors
        return dY * (1 - Y * Y), None


def test_a_number_of_its_own_may_be_told():
    assert gradcheck(InBlocks, "tanh", sizes={"block": 2}).verdict == "agree"
    told = r"InBlocks\(X\[5, 3\]\): missing a required argument: 'block'; tell it as --set block=NUMBER"
    assert re.search(told, gradcheck(InBlocks, "tanh").refusal)


class Unmade(torch.nn.Module):
    def __init__(self):
        raise RuntimeError("no weights here")


def test_a_class_of_modules_that_cannot_be_made_is_one_line():
    with pytest.raises(ValueError, match=r"Unmade is a class of modules.* raises RuntimeError: no weights here"):
        gradcheck(Unmade, "tanh")


class Silent:
    """Its backward leaves nothing: what is missing is told, and not that there are no longer numbers."""

    def __init__(self, W):
        self.W = W

    def forward(self, X):
        self.X = X
        return torch.matmul(X, self.W)

    def backward(self, dY):
        return None


def test_an_object_that_leaves_no_gradient_is_told_so():
    product = read_layer("X[N, D]  W[D, C]  Y[N, C]\nY[n, c] = sum[d](X[n, d]*W[d, c])", "product")
    report = gradcheck(Silent, product, framework="torch")
    assert {f.witness for f in report.findings if f.verdict == "disagree"} == {"missing"}, report


class InPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X):
        ctx.mark_dirty(X)
        X.mul_(X)
        return X

    @staticmethod
    def backward(ctx, dY):
        return dY


def test_code_that_computes_in_place_is_given_copies():
    assert_gradients(torch.nn.ReLU(inplace=True), "relu")
    assert_gradients(lambda X: F.elu(X, inplace=True), "elu", sizes={"alpha": 1.0})
    squares = layer("squares", tensors="X[N] Y[N]", equations="Y[n] = X[n]**2")
    report = gradcheck(InPlace, squares)
    assert {(f.cotangent, f.witness) for f in report.findings if f.verdict == "disagree"} == {
        ("dX", witness) for witness in ("derivation", "differences", "taylor", "complex step")
    }, report


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_backward_that_fits_a_wrong_forward_is_not_called_wrong(dtype):
    """Where the layer's slope is 0, rounding leaves it no room, and the other function's own is another."""
    report = gradcheck(torch.nn.LeakyReLU(0.01), "leaky_relu", dtype=dtype, sizes={"slope": 0.0})
    assert report.verdict == "disagree"
    assert report.conclusions == ("dX is right for your forward, but your forward is not this layer",), report


def loss_in_float32(X):
    return X.float().square().sum()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_loss_of_few_digits_may_be_a_number_of_more(dtype):
    squares = layer("squares", tensors="X[N] L", equations="L = sum[n](X[n]**2)")
    report = gradcheck(loss_in_float32, squares, dtype=dtype, framework="torch")
    assert report.verdict == "agree", report
    assert "L has dtype float32, as is usual for an output that is one number" in str(report)
    wide = gradcheck(lambda X: X.square().sum().double(), squares, dtype=dtype, framework="torch")
    assert {f.witness for f in wide.findings if f.verdict == "disagree"} == {"dtype"}


def test_a_name_that_nothing_answers_to_is_one_line():
    def forward(*args):
        return args[0] * 2

    with pytest.raises(ValueError, match=r"nothing in forward is called 'rate', to be keep; it takes args"):
        gradcheck(forward, "dropout", names={"rate": "1-keep"}, framework="torch")
