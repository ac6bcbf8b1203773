"""Which implementation answers to which derivation: one explicit table. A new layer is a new row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.gradcheck import gradcheck
from checks.hessian import hessian_check
from checks.parallel import shared
from checks.report import Report
from numeric import (
    activations,
    attention,
    composite,
    convolution,
    dropout,
    fused_convolution,
    gated_activations,
    grouped_convolution,
    hard_activations,
    linear,
    linear_recurrence,
    losses,
    margin_losses,
    normalization,
    penalties,
    pooling,
    rectifiers,
    recurrent,
    regression_losses,
    structure,
    transposed_convolution,
)

DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class Row:
    """The forward and backward that answer to a layer; `sizes` fixes sizes and options that must not be drawn."""

    layer: str
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    sizes: Mapping[str, float] = field(default_factory=dict)


SUITE = (
    Row("linear", linear.linear, linear.linear_backward),
    Row("sigmoid", activations.sigmoid, activations.sigmoid_backward),
    Row("tanh", activations.tanh, activations.tanh_backward),
    Row("relu", activations.relu, activations.relu_backward),
    Row("softmax", activations.softmax, activations.softmax_backward),
    Row("squared_error", losses.squared_error, losses.squared_error_backward),
    Row("cross_entropy", losses.cross_entropy, losses.cross_entropy_backward),
    Row("sigmoid_cross_entropy", losses.sigmoid_cross_entropy, losses.sigmoid_cross_entropy_backward),
    Row("softmax_cross_entropy", losses.softmax_cross_entropy, losses.softmax_cross_entropy_backward),
    Row("l2_penalty", penalties.l2_penalty, penalties.l2_penalty_backward),
    Row("identity", activations.identity, activations.identity_backward),
    Row("log_softmax", activations.log_softmax, activations.log_softmax_backward),
    Row("log_sigmoid", activations.log_sigmoid, activations.log_sigmoid_backward),
    Row("softplus", activations.softplus, activations.softplus_backward),
    Row("softsign", activations.softsign, activations.softsign_backward),
    Row("maxout", activations.maxout, activations.maxout_backward),
    Row("leaky_relu", rectifiers.leaky_relu, rectifiers.leaky_relu_backward),
    Row("leaky_relu", rectifiers.leaky_relu, rectifiers.leaky_relu_backward, {"slope": 0.0}),
    Row("prelu", rectifiers.prelu, rectifiers.prelu_backward),
    Row("elu", rectifiers.elu, rectifiers.elu_backward),
    Row("selu", rectifiers.selu, rectifiers.selu_backward),
    Row("celu", rectifiers.celu, rectifiers.celu_backward),
    Row("gelu", rectifiers.gelu, rectifiers.gelu_backward),
    Row("gelu_tanh", rectifiers.gelu_tanh, rectifiers.gelu_tanh_backward),
    Row("silu", rectifiers.silu, rectifiers.silu_backward),
    Row("mish", rectifiers.mish, rectifiers.mish_backward),
    Row("hard_sigmoid", hard_activations.hard_sigmoid, hard_activations.hard_sigmoid_backward),
    Row("hard_swish", hard_activations.hard_swish, hard_activations.hard_swish_backward),
    Row("hard_tanh", hard_activations.hard_tanh, hard_activations.hard_tanh_backward),
    Row("glu", gated_activations.glu, gated_activations.glu_backward),
    Row("swiglu", gated_activations.swiglu, gated_activations.swiglu_backward),
    Row("mean_squared_error", regression_losses.mean_squared_error, regression_losses.mean_squared_error_backward),
    Row("absolute_error", regression_losses.absolute_error, regression_losses.absolute_error_backward),
    Row("huber", regression_losses.huber, regression_losses.huber_backward),
    Row("huber", regression_losses.huber, regression_losses.huber_backward, {"delta": 1.0}),
    Row("binary_cross_entropy", losses.binary_cross_entropy, losses.binary_cross_entropy_backward),
    Row("nll", losses.nll, losses.nll_backward),
    Row(
        "smoothed_softmax_cross_entropy",
        losses.smoothed_softmax_cross_entropy,
        losses.smoothed_softmax_cross_entropy_backward,
        {"eps": 0.125},
    ),
    Row(
        "smoothed_softmax_cross_entropy",
        losses.smoothed_softmax_cross_entropy,
        losses.smoothed_softmax_cross_entropy_backward,
        {"eps": 0.0},
    ),
    Row(
        "smoothed_softmax_cross_entropy",
        losses.smoothed_softmax_cross_entropy,
        losses.smoothed_softmax_cross_entropy_backward,
        {"eps": 1.0},
    ),
    Row("weighted_cross_entropy", losses.weighted_cross_entropy, losses.weighted_cross_entropy_backward),
    Row("kl_divergence", losses.kl_divergence, losses.kl_divergence_backward),
    Row("focal", losses.focal, losses.focal_backward),
    Row("focal", losses.focal, losses.focal_backward, {"gamma": 0.0}),
    Row("hinge", margin_losses.hinge, margin_losses.hinge_backward),
    Row("hinge", margin_losses.hinge, margin_losses.hinge_backward, {"margin": 1.0}),
    Row("triplet", margin_losses.triplet, margin_losses.triplet_backward),
    Row("triplet", margin_losses.triplet, margin_losses.triplet_backward, {"margin": 1.0}),
    Row(
        "cosine_similarity",
        margin_losses.cosine_similarity,
        margin_losses.cosine_similarity_backward,
        {"eps": 2.0**-20},
    ),
    Row("cosine_similarity", margin_losses.cosine_similarity, margin_losses.cosine_similarity_backward, {"eps": 2.0}),
    Row("l1_penalty", penalties.l1_penalty, penalties.l1_penalty_backward),
    Row("elastic_net", penalties.elastic_net, penalties.elastic_net_backward),
    Row("elastic_net", penalties.elastic_net, penalties.elastic_net_backward, {"lam1": 0.0}),
    Row("elastic_net", penalties.elastic_net, penalties.elastic_net_backward, {"lam2": 0.0}),
    Row("bilinear", linear.bilinear, linear.bilinear_backward),
    Row("embedding", linear.embedding, linear.embedding_backward),
    Row("low_rank_linear", linear.low_rank_linear, linear.low_rank_linear_backward),
    Row("dropout", dropout.dropout, dropout.dropout_backward, {"keep": 0.75}),
    Row("dropout", dropout.dropout, dropout.dropout_backward, {"keep": 1.0}),
    Row("concatenate", structure.concatenate, structure.concatenate_backward),
    Row("pad", structure.pad, structure.pad_backward, {"top": 1, "bottom": 0, "left": 2, "right": 3}),
    Row("pad", structure.pad, structure.pad_backward, {"top": 0, "bottom": 0, "left": 0, "right": 0}),
    Row("transpose", structure.transpose, structure.transpose_backward),
    Row("residual_add", structure.residual_add, structure.residual_add_backward),
    Row("nearest_upsampling", structure.nearest_upsampling, structure.nearest_upsampling_backward, {"R": 2, "S": 3}),
    Row("nearest_upsampling", structure.nearest_upsampling, structure.nearest_upsampling_backward, {"R": 1, "S": 1}),
    Row("pixel_shuffle", structure.pixel_shuffle, structure.pixel_shuffle_backward, {"R": 2}),
    Row("pixel_shuffle", structure.pixel_shuffle, structure.pixel_shuffle_backward, {"R": 1}),
    Row("flatten", structure.flatten, structure.flatten_backward),
    Row("batch_norm", normalization.batch_norm, normalization.batch_norm_backward),
    Row("batch_norm_evaluation", normalization.batch_norm_evaluation, normalization.batch_norm_evaluation_backward),
    Row("layer_norm", normalization.layer_norm, normalization.layer_norm_backward),
    Row("rms_norm", normalization.rms_norm, normalization.rms_norm_backward),
    Row("group_norm", normalization.group_norm, normalization.group_norm_backward),
    Row("instance_norm", normalization.instance_norm, normalization.instance_norm_backward),
    Row("weight_norm", normalization.weight_norm, normalization.weight_norm_backward),
    Row("l2_normalization", normalization.l2_normalization, normalization.l2_normalization_backward),
    Row("rnn_tanh", recurrent.rnn_tanh, recurrent.rnn_tanh_backward),
    Row("lstm", recurrent.lstm, recurrent.lstm_backward),
    Row("gru", recurrent.gru, recurrent.gru_backward),
    Row("linear_recurrence", linear_recurrence.linear_recurrence, linear_recurrence.linear_recurrence_backward),
    Row(
        "scaled_dot_product_attention",
        attention.scaled_dot_product_attention,
        attention.scaled_dot_product_attention_backward,
    ),
    Row("causal_attention", attention.causal_attention, attention.causal_attention_backward),
    Row("multi_head_attention", attention.multi_head_attention, attention.multi_head_attention_backward),
    Row("rotary_embedding", attention.rotary_embedding, attention.rotary_embedding_backward),
    Row("linear_attention", attention.linear_attention, attention.linear_attention_backward),
    # Some sizes are fixed where all entries at sizes that all differ would take minutes.
    Row("conv1d", convolution.conv1d, convolution.conv1d_backward, {"N": 2, "C": 3, "F": 2}),
    Row("conv2d", convolution.conv2d, convolution.conv2d_backward, {"N": 2, "C": 3, "S": 2, "F": 2}),
    Row(
        "conv3d",
        convolution.conv3d,
        convolution.conv3d_backward,
        {"N": 2, "D": 4, "C": 2, "R": 1, "S": 2, "T": 3, "F": 3},
    ),
    Row(
        "grouped_conv1d",
        grouped_convolution.grouped_conv1d,
        grouped_convolution.grouped_conv1d_backward,
        {"N": 2, "G": 2, "C": 3, "F": 2},
    ),
    Row(
        "grouped_conv2d",
        grouped_convolution.grouped_conv2d,
        grouped_convolution.grouped_conv2d_backward,
        {"N": 2, "G": 2, "C": 2, "S": 2, "F": 3},
    ),
    Row(
        "grouped_conv3d",
        grouped_convolution.grouped_conv3d,
        grouped_convolution.grouped_conv3d_backward,
        {"N": 2, "D": 4, "G": 2, "C": 1, "R": 1, "S": 2, "T": 3, "F": 3},
    ),
    Row(
        "depthwise_conv2d",
        grouped_convolution.depthwise_conv2d,
        grouped_convolution.depthwise_conv2d_backward,
        {"N": 2, "C": 3, "S": 2},
    ),
    Row(
        "transposed_conv2d",
        transposed_convolution.transposed_conv2d,
        transposed_convolution.transposed_conv2d_backward,
        {"N": 2, "C": 3, "R": 4, "S": 3, "F": 2},
    ),
    Row(
        "transposed_conv2d",
        transposed_convolution.transposed_conv2d,
        transposed_convolution.transposed_conv2d_backward,
        {"N": 2, "C": 2, "R": 2, "S": 3, "F": 3, "stride": 2, "pad": 1, "dilation": 3, "output_pad": 2},
    ),
    Row(
        "grouped_transposed_conv2d",
        transposed_convolution.grouped_transposed_conv2d,
        transposed_convolution.grouped_transposed_conv2d_backward,
        {"N": 2, "G": 2, "C": 2, "R": 3, "S": 2, "F": 3},
    ),
    Row("max_pool2d", pooling.max_pool2d, pooling.max_pool2d_backward, {"N": 2, "C": 3, "R": 4, "S": 5}),
    Row("avg_pool2d", pooling.avg_pool2d, pooling.avg_pool2d_backward, {"N": 2, "C": 3}),
    Row("global_average_pool", pooling.global_average_pool, pooling.global_average_pool_backward),
    Row(
        "conv_relu_pool2d",
        fused_convolution.conv_relu_pool2d,
        fused_convolution.conv_relu_pool2d_backward,
        {"N": 1, "C": 3, "R": 2, "S": 3, "F": 2},
    ),
    Row(
        "conv_relu_pool2d",
        fused_convolution.conv_relu_pool2d,
        fused_convolution.conv_relu_pool2d_backward,
        {"N": 1, "C": 2, "R": 1, "S": 3, "F": 8, "pad": 1},
    ),
    Row(
        "conv_relu_pool2d",
        fused_convolution.conv_relu_pool2d,
        fused_convolution.conv_relu_pool2d_backward,
        {"N": 2, "C": 2, "R": 3, "S": 1, "F": 2, "pad": 1},
    ),
    Row(
        "transformer_block",
        composite.transformer_block,
        composite.transformer_block_backward,
        {"N": 2, "T": 3, "D": 4, "H": 2, "E": 3, "F": 5},
    ),
    Row(
        "residual_block",
        composite.residual_block,
        composite.residual_block_backward,
        {"N": 2, "H": 4, "W": 5, "C": 3, "pad": 1},
    ),
)


def rows(names: Sequence[str] | None = None) -> tuple[Row, ...]:
    """The rows of the named layers, or all of them. Raises ValueError for a layer that has no row."""
    known = {row.layer for row in SUITE}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ValueError(f"no implementation answers to {unknown[0]!r}: there are {', '.join(sorted(known))}")
    return tuple(row for row in SUITE if names is None or row.layer in names)


def run_suite(
    names: Sequence[str] | None = None,
    dtypes: Sequence[str] = DTYPES,
    seed: int = 0,
    progress: Callable[[Report], None] = lambda report: None,
    jobs: int = 1,
    scheduler: str | None = None,
    order: int = 1,
) -> list[Report]:
    """Check every row (or those of the named layers) in every dtype; `progress` hears of each report as it comes.

    At `order` 2 it is the Hessians that are checked, which takes float64 (`hessian_check`).
    With `jobs` above 1 so many processes share the rows, with `scheduler` a Dask cluster does (`parallel.shared`); the
    reports and their order are the same.
    Raises ValueError for a layer that has no row, a dtype that does not exist, or a cluster that cannot be had.
    """
    reports = []
    tasks = [(SUITE.index(row), tuple(dtypes), seed, order) for row in rows(names)]
    for found in shared(_check, tasks, jobs, scheduler):
        for report in found:
            progress(report)
            reports.append(report)
    return reports


def _check(number: int, dtypes: tuple[str, ...], seed: int, order: int) -> list[Report]:
    row = SUITE[number]
    pair = (row.forward, row.backward)
    if order == 2:
        return [hessian_check(pair, row.layer, sizes=row.sizes, seed=seed)]
    return [gradcheck(pair, row.layer, sizes=row.sizes, dtype=dtype, seed=seed) for dtype in dtypes]
