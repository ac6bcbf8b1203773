"""JAX's functions, jitted functions and custom_vjps: right ones agree in every dtype, wrong ones are found out."""

from functools import partial

import pytest

from checks import assert_gradients, gradcheck
from checks.adapters.frameworks import framework_of

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

DTYPES = ["float64", "float32", "float16", "bfloat16"]
SIZES = {"N": 3, "D": 4, "C": 5}


@jax.jit
def linear(X, W, b):
    return jnp.dot(X, W) + b


def saved(X, W, b):
    return linear(X, W, b), (X, W)


def custom(backward):
    """`linear` with a backward by hand."""

    @jax.custom_vjp
    def mine(X, W, b):
        return linear(X, W, b)

    mine.defvjp(saved, backward)
    return mine


def right(kept, dY):
    X, W = kept
    return dY @ W.T, X.T @ dY, dY.sum(0)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def rms_norm(X, gamma, eps):
    return X * jax.lax.rsqrt((X * X).mean(1, keepdims=True) + eps) * gamma


def rms_norm_saved(X, gamma, eps):
    rate = jax.lax.rsqrt((X * X).mean(1, keepdims=True) + eps)
    return X * rate * gamma, (X * rate, rate, gamma)


def rms_norm_backward(eps, kept, dY):
    normal, rate, gamma = kept
    d = dY * gamma
    return rate * (d - normal * (d * normal).mean(1, keepdims=True)), (dY * normal).sum(0)


rms_norm.defvjp(rms_norm_saved, rms_norm_backward)


@pytest.mark.parametrize("dtype", DTYPES)
def test_right_functions_agree_in_the_dtype_that_they_run_in(dtype):
    assert_gradients(linear, "linear", dtype=dtype, sizes=SIZES)
    assert_gradients(custom(right), "linear", dtype=dtype, sizes=SIZES)
    assert_gradients(rms_norm, "rms_norm", dtype=dtype, sizes={"N": 3, "D": 4})


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_wrong_function_is_found_out_in_every_dtype(dtype):
    wrong = custom(lambda kept, dY: (dY @ kept[1].T, -kept[0].T @ dY, dY.sum(0)))
    report = gradcheck(wrong, "linear", dtype=dtype, sizes=SIZES)
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW"}
    assert report.diagnoses[0].hypothesis == "sign"


def raising(kept, dY):
    raise KeyError("kept")


MISCONDUCT = {
    "raises": (raising, "raises KeyError: 'kept'"),
    "another shape": (lambda kept, dY: (dY @ kept[1].T, kept[0].T @ dY, dY), "shapes do not match"),
    "too few": (lambda kept, dY: (dY, dY), "must produce an output with the same"),
}


@pytest.mark.parametrize("mistake", MISCONDUCT)
def test_whatever_a_backward_does_is_a_finding(mistake):
    backward, reason = MISCONDUCT[mistake]
    report = gradcheck(custom(backward), "linear", sizes=SIZES)
    assert any(reason in f.reason for f in report.findings if f.witness == "raises" and f.verdict == "disagree")


def test_a_forward_of_the_wrong_shape_is_a_finding():
    report = gradcheck(lambda X, W, b: linear(X, W, b).T, "linear", sizes=SIZES)
    assert "Y has shape (5, 3), expected (3, 5)" in {f.reason for f in report.findings}


def test_labels_are_not_differentiated():
    def loss(Z, T):
        return -jax.nn.log_softmax(Z)[jnp.arange(len(T)), T].mean()

    assert framework_of(loss) == "jax"
    assert_gradients(loss, "softmax_cross_entropy", sizes={"N": 3, "C": 4}, dtype="float32")


def test_a_certificate_digests_the_users_module_and_not_jax():
    assert set(gradcheck(custom(right), "linear", sizes=SIZES).sources) == {right.__module__}


def test_a_device_that_is_not_there_is_one_clear_line():
    with pytest.raises(ValueError, match="JAX sees no device 'abacus' here; expected device='cpu'"):
        gradcheck(linear, "linear", device="abacus")


def test_a_mask_that_a_function_does_not_take_keeps_all():
    def attention(Q, K, V):
        P = jax.nn.softmax(Q @ K.transpose(0, 2, 1) / Q.shape[-1] ** 0.5)
        return P @ V

    report = gradcheck(attention, "scaled_dot_product_attention")
    assert (report.verdict, report.assumed) == ("agree", {"M": 1})


def by_hand(dY, X, W):
    return jnp.dot(dY, W.T), jnp.dot(X.T, dY), jnp.sum(dY, axis=0)


def by_hand_and_a_mean(dY, X, W):
    return jnp.dot(dY, W.T), jnp.dot(X.T, dY) / len(dY), jnp.sum(dY, axis=0)


def plain(X, W, b):
    return jnp.dot(X, W) + b


class Dense:
    """Its parameters are JAX's arrays, in 32 bits."""

    def __init__(self, n_in, n_out):
        self.kernel, self.offset = jnp.ones((n_in, n_out)), jnp.zeros(n_out)

    def forward(self, x):
        self.x = x
        return jnp.dot(x, self.kernel) + self.offset

    def backward(self, dout):
        self.dkernel, self.doffset = jnp.dot(self.x.T, dout), dout.sum(axis=0)
        return jnp.dot(dout, self.kernel.T)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("made", [(plain, by_hand), Dense, Dense(3, 4)], ids=["functions", "class", "object"])
def test_a_backward_by_hand_computes_in_the_dtype_that_is_asked_for(made, dtype):
    report = gradcheck(made, "linear", dtype=dtype)
    assert report.verdict == "agree", report


def test_what_is_wrong_with_a_backward_by_hand_is_named():
    report = gradcheck((plain, by_hand_and_a_mean), "linear")
    assert "dW is the true one times 1/N" in " ".join(str(report).split())


def test_code_of_numpy_in_a_file_that_imports_jax_gets_arrays():
    def rectified_backward(dY, X):
        dX = dY.copy()
        dX[X <= 0] = 0  # which JAX's arrays refuse
        return dX

    assert gradcheck((lambda X: X * (X > 0) + 0 * jnp.pi, rectified_backward), "relu").verdict == "agree"


def test_a_function_of_one_example_may_be_mapped_over_a_batch():
    mapped = jax.vmap(lambda X, W, b: X @ W + b, in_axes=(0, None, None))
    assert gradcheck(mapped, "linear", framework="jax").verdict == "agree"
