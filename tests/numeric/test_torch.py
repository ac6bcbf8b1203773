"""The fourth witness, which nobody here wrote: torch.nn.functional and autograd, where PyTorch is installed.

One row a layer: the same function in PyTorch, its parameters named as the layer's tensors and options are.
"""

import numpy as np
import pytest

from checks.adapters.functions import from_functions
from checks.cases import draw_cases
from checks.precision import FORMATS
from checks.suite import SUITE
from derivations import LAYERS

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install backproof[torch]")
F = torch.nn.functional


def one_hot(T, Z):
    return F.one_hot(T, Z.shape[1]).to(Z.dtype)


def cosine_similarity(A, B, eps):
    """F.cosine_similarity clamps lengths behind autograd's back: for shorter rows its slope is not its value's."""
    if min(A.norm(dim=1).min(), B.norm(dim=1).min()) > eps:
        return F.cosine_similarity(A, B, dim=1, eps=eps)
    lengths = [row_by_row.norm(dim=1).clamp_min(eps) for row_by_row in (A, B)]
    return (A * B).sum(dim=1) / (lengths[0] * lengths[1])


def first(X):
    """Channels first, as PyTorch has them."""
    return X.movedim(-1, 1)


def last(X):
    return X.movedim(1, -1)


def normalized_groups(X, gamma, beta, eps):
    N, H, W, G, C = X.shape
    Y = F.group_norm(first(X.flatten(3)), G, gamma.flatten(), beta.flatten(), eps)
    return last(Y).reshape(N, H, W, G, C)


def grouped_convolution(function, X, K, b, **options):
    *_, G, _, M = K.shape
    kernels = K.movedim((-3, -1, -2), (0, 1, 2)).flatten(0, 1)
    Y = function(first(X.flatten(-2)), kernels, b.flatten(), groups=G, **options)
    return last(Y).unflatten(-1, (G, M))


def settings(stride, pad, dilation):
    return {"stride": stride, "padding": pad, "dilation": dilation}


def transposed(X, K, b, stride, pad, dilation, output_pad):
    """F.conv_transpose2d wants an output padding below stride or dilation: a larger one is put on by hand."""
    *_, G, _, M = K.shape
    image, kernels = first(X.flatten(-2)), K.permute(2, 3, 4, 0, 1).flatten(0, 1)
    if output_pad < max(stride, dilation):
        Y = F.conv_transpose2d(image, kernels, b.flatten(), stride, pad, output_pad, G, dilation)
    else:
        Y = F.conv_transpose2d(image, kernels, None, stride, 0, 0, G, dilation)
        Y = F.pad(Y, (-pad, output_pad - pad) * 2) + b.flatten()[:, None, None]
    return last(Y).unflatten(-1, (G, M))


def through_time(function, x, h0, Wx, Wh, *biases):
    """torch's recurrent layers over one direction and one layer: their matrices stand transposed."""
    weights = [Wx.T, Wh.T, *biases]
    state = tuple(h[None] for h in h0) if isinstance(h0, tuple) else h0[None]
    return function(x, state, weights, True, 1, 0.0, False, False, False)[0]


def attention(Q, K, V, M):
    """F.scaled_dot_product_attention, which gives 0, too, where a row sees nothing."""
    return F.scaled_dot_product_attention(Q, K, V, attn_mask=M.bool())


def multi_head(X, Wq, Wk, Wv, Wo, M):
    Q, K, V = (torch.einsum("ntd,dhe->nhte", X, W) for W in (Wq, Wk, Wv))
    return torch.einsum("nhte,hed->ntd", attention(Q, K, V, M[:, None]), Wo)


def scan(x, a, h0):
    states = [h0]
    for t in range(len(x)):
        states.append(a[t] * states[-1] + x[t])
    return torch.stack(states[1:])


def turned(X, base):
    _, T, E, _ = X.shape
    angles = torch.arange(T, dtype=X.dtype)[:, None] * base ** (-torch.arange(E, dtype=X.dtype) / E)
    return torch.view_as_real(torch.view_as_complex(X) * torch.polar(torch.ones_like(angles), angles))


def linear_attention(Q, K, V):
    weights = (F.elu(Q) + 1) @ (F.elu(K) + 1).mT
    return weights / weights.sum(dim=2, keepdim=True) @ V


def transformer_block(X, gamma1, beta1, Wq, Wk, Wv, Wo, M, gamma2, beta2, W1, b1, W2, b2, eps):
    R = X + multi_head(F.layer_norm(X, X.shape[2:], gamma1, beta1, eps), Wq, Wk, Wv, Wo, M)
    return R + F.linear(F.gelu(F.linear(F.layer_norm(R, X.shape[2:], gamma2, beta2, eps), W1.T, b1)), W2.T, b2)


def residual_block(X, K1, gamma1, beta1, K2, gamma2, beta2, pad, eps):
    def normalized(image, K, gamma, beta):
        return F.batch_norm(F.conv2d(image, K.permute(3, 2, 0, 1), padding=pad), None, None, gamma, beta, True, eps=eps)

    image = first(X)
    return last(F.relu(image + normalized(F.relu(normalized(image, K1, gamma1, beta1)), K2, gamma2, beta2)))


TORCH = {
    "linear": lambda X, W, b: F.linear(X, W.T, b),
    "sigmoid": lambda X: torch.sigmoid(X),
    "tanh": lambda X: torch.tanh(X),
    "relu": lambda X: F.relu(X),
    "softmax": lambda Z: F.softmax(Z, dim=1),
    "squared_error": lambda Y, T: F.mse_loss(Y, T, reduction="sum") / (2 * len(Y)),
    "cross_entropy": lambda P, T: F.nll_loss(torch.log(P), T),
    "sigmoid_cross_entropy": lambda Z, T: (
        F.binary_cross_entropy_with_logits(Z, T.to(Z.dtype), reduction="sum") / len(Z)
    ),
    "softmax_cross_entropy": lambda Z, T: F.cross_entropy(Z, T),
    "l2_penalty": lambda W, lam: lam / 2 * W.square().sum(),
    "identity": lambda X: torch.nn.Identity()(X),
    "leaky_relu": lambda X, slope: F.leaky_relu(X, slope),
    "prelu": lambda X, a: F.prelu(X, a),
    "elu": lambda X, alpha: F.elu(X, alpha),
    "selu": lambda X: F.selu(X),
    "celu": lambda X, alpha: F.celu(X, alpha),
    "gelu": lambda X: F.gelu(X),
    "gelu_tanh": lambda X: F.gelu(X, approximate="tanh"),
    "silu": lambda X: F.silu(X),
    "mish": lambda X: F.mish(X),
    "softplus": lambda X, beta: F.softplus(X, beta, threshold=1e9),
    "softsign": lambda X: F.softsign(X),
    "hard_sigmoid": lambda X: F.hardsigmoid(X),
    "hard_swish": lambda X: F.hardswish(X),
    "hard_tanh": lambda X: F.hardtanh(X),
    "log_sigmoid": lambda X: F.logsigmoid(X),
    "log_softmax": lambda Z: F.log_softmax(Z, dim=1),
    "glu": lambda X: F.glu(X, dim=1),
    "swiglu": lambda X: F.silu(X.chunk(2, dim=1)[0]) * X.chunk(2, dim=1)[1],
    "maxout": lambda X: X.max(dim=2).values,
    "mean_squared_error": lambda Y, T: F.mse_loss(Y, T),
    "absolute_error": lambda Y, T: F.l1_loss(Y, T),
    "huber": lambda Y, T, delta: F.huber_loss(Y, T, delta=delta),
    "binary_cross_entropy": lambda P, T: F.binary_cross_entropy(P, T.to(P.dtype)),
    "nll": lambda Y, T: F.nll_loss(Y, T),
    "smoothed_softmax_cross_entropy": lambda Z, T, eps: F.cross_entropy(Z, T, label_smoothing=eps),
    # F.cross_entropy takes weights, but has no derivative with respect to them
    "weighted_cross_entropy": lambda Z, T, w: (w[T] * F.cross_entropy(Z, T, reduction="none")).sum() / w[T].sum(),
    "kl_divergence": lambda P, Q: F.kl_div(torch.log(Q), P, reduction="batchmean"),
    "focal": lambda Z, T, gamma: (
        (
            (1 - torch.sigmoid(torch.where(T == 1, Z, -Z))) ** gamma
            * F.binary_cross_entropy_with_logits(Z, T.to(Z.dtype), reduction="none")
        ).sum()
        / len(Z)
    ),
    "hinge": lambda Z, T, margin: F.multi_margin_loss(Z, T, margin=margin) * Z.shape[1],
    "triplet": lambda A, P, Q, margin: F.triplet_margin_with_distance_loss(
        A, P, Q, distance_function=lambda a, b: (a - b).square().sum(dim=1), margin=margin
    ),
    "cosine_similarity": cosine_similarity,
    "l1_penalty": lambda W, lam: lam * W.abs().sum(),
    "elastic_net": lambda W, lam1, lam2: lam1 * W.abs().sum() + lam2 / 2 * W.square().sum(),
    "bilinear": lambda X1, X2, W, b: F.bilinear(X1, X2, W.permute(2, 0, 1), b),
    "embedding": lambda T, W: F.embedding(T, W),
    "low_rank_linear": lambda X, W, b, A, B, alpha: F.linear(X, W.T, b) + alpha / len(B) * (X @ A @ B),
    "batch_norm": lambda X, gamma, beta, eps: F.batch_norm(X, None, None, gamma, beta, training=True, eps=eps),
    # F.batch_norm has no derivative with respect to running statistics
    "batch_norm_evaluation": lambda X, gamma, beta, mu, v, eps: gamma * (X - mu) * torch.rsqrt(v + eps) + beta,
    "layer_norm": lambda X, gamma, beta, eps: F.layer_norm(X, X.shape[1:], gamma, beta, eps),
    "rms_norm": lambda X, gamma, eps: F.rms_norm(X, X.shape[1:], gamma, eps),
    "group_norm": normalized_groups,
    "instance_norm": lambda X, gamma, beta, eps: last(F.instance_norm(first(X), weight=gamma, bias=beta, eps=eps)),
    "weight_norm": lambda V, g: torch._weight_norm(V, g[None], 1),
    # eps under the root is one more entry, of sqrt(eps)
    "l2_normalization": lambda X, eps: F.normalize(F.pad(X, (0, 1), value=eps**0.5))[:, :-1],
    "conv1d": lambda X, K, b, **o: last(F.conv1d(first(X), K.permute(2, 1, 0), b, **settings(**o))),
    "conv2d": lambda X, K, b, **o: last(F.conv2d(first(X), K.permute(3, 2, 0, 1), b, **settings(**o))),
    "conv3d": lambda X, K, b, **o: last(F.conv3d(first(X), K.permute(4, 3, 0, 1, 2), b, **settings(**o))),
    "grouped_conv1d": lambda X, K, b, **o: grouped_convolution(F.conv1d, X, K, b, **settings(**o)),
    "grouped_conv2d": lambda X, K, b, **o: grouped_convolution(F.conv2d, X, K, b, **settings(**o)),
    "grouped_conv3d": lambda X, K, b, **o: grouped_convolution(F.conv3d, X, K, b, **settings(**o)),
    "depthwise_conv2d": lambda X, K, b, **o: last(
        F.conv2d(first(X), K.permute(2, 0, 1)[:, None], b, groups=len(b), **settings(**o))
    ),
    "transposed_conv2d": lambda X, K, b, **o: transposed(X[..., None, :], K[..., None, :, :], b[None], **o)[..., 0, :],
    "grouped_transposed_conv2d": lambda X, K, b, **o: transposed(X, K, b, **o),
    # padded by hand: PyTorch's own padding ends at half a window
    "max_pool2d": lambda X, R, S, stride, pad: last(
        F.max_pool2d(F.pad(first(X), (pad,) * 4, value=-torch.inf), (R, S), stride)
    ),
    "avg_pool2d": lambda X, R, S, stride, pad: last(F.avg_pool2d(F.pad(first(X), (pad,) * 4), (R, S), stride)),
    "global_average_pool": lambda X: F.adaptive_avg_pool2d(first(X), 1)[:, :, 0, 0],
    "conv_relu_pool2d": lambda X, K, b, pad: last(
        F.max_pool2d(F.relu(F.conv2d(first(X), K.permute(3, 2, 0, 1), b, padding=pad)), 2)
    ),
    "dropout": lambda X, M, keep: X * M / keep,
    "concatenate": lambda A, B: torch.cat([A, B], dim=1),
    "pad": lambda X, top, bottom, left, right: F.pad(X, (0, 0, left, right, top, bottom)),
    "transpose": lambda X: X.transpose(1, 2),
    "residual_add": lambda X, F: X + F,
    "nearest_upsampling": lambda X, R, S: F.interpolate(
        X.permute(0, 3, 1, 2), scale_factor=(R, S), mode="nearest"
    ).permute(0, 2, 3, 1),
    "pixel_shuffle": lambda X, R, C: F.pixel_shuffle(X.permute(0, 3, 1, 2), R).permute(0, 2, 3, 1),
    "flatten": lambda X: torch.flatten(X, start_dim=1),
    "rnn_tanh": lambda x, h0, Wx, Wh, b: through_time(torch.rnn_tanh, x, h0, Wx, Wh, b, torch.zeros_like(b)),
    "lstm": lambda x, h0, c0, Wx, Wh, b: through_time(torch.lstm, x, (h0, c0), Wx, Wh, b, torch.zeros_like(b)),
    "gru": lambda x, h0, Wx, Wh, bx, bh: through_time(torch.gru, x, h0, Wx, Wh, bx, bh),
    "linear_recurrence": scan,
    "scaled_dot_product_attention": attention,
    "causal_attention": lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, is_causal=True),
    "multi_head_attention": multi_head,
    "rotary_embedding": turned,
    "linear_attention": linear_attention,
    "transformer_block": transformer_block,
    "residual_block": residual_block,
}
CASES = [pytest.param(row, id=f"{row.layer} {dict(row.sizes)}") for row in SUITE]
# PyTorch's hardsigmoid multiplies by 1/6 rounded to float32, in float64, too.
TOLERANCES = {"hard_sigmoid": 1e-7}


def test_every_layer_is_compared():
    assert set(TORCH) == set(LAYERS)


@pytest.mark.parametrize("whole", [False, True], ids=["", "at corners and ties"])
@pytest.mark.parametrize("row", CASES)
def test_forward_and_backward_are_those_of_pytorch(row, whole):
    layer = LAYERS[row.layer]
    rng = np.random.default_rng(7)
    values = dict(draw_cases(layer, row.sizes, FORMATS["float64"], rng)[0].values)
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]
    if whole and not any(tensor.positive for tensor in layer.inputs):
        values |= {name: np.round(2 * values[name]) for name in real}
    ours = from_functions(row.forward, row.backward, layer)
    results = ours.forward(values)
    (output,) = layer.output_names
    dY = np.asarray(rng.standard_normal(np.shape(results[output])))
    cotangents = ours.backward({**values, **results, f"d{output}": dY})

    leaves = {name: torch.tensor(values[name], requires_grad=name in real) for name in layer.by_name if name in values}
    options = {option.name: values[option.name] for option in layer.options}
    hidden = {name: values[name] for name in layer.size_names if name in values}
    theirs = TORCH[row.layer](**leaves, **options, **hidden)
    theirs.backward(torch.tensor(dY))
    tolerance = TOLERANCES.get(row.layer, 1e-10)
    np.testing.assert_allclose(results[output], theirs.detach().numpy(), rtol=1e-10, atol=1e-12)
    for name in real:
        largest = max(1.0, np.abs(cotangents[f"d{name}"]).max())  # what cancels leaves its rounding behind
        np.testing.assert_allclose(
            cotangents[f"d{name}"], leaves[name].grad.numpy(), rtol=tolerance, atol=1e-12 * largest
        )
