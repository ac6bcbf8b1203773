"""Which implementation answers to which derivation: one explicit table. A new layer is a new row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.gradcheck import gradcheck
from checks.report import Report
from numeric import (
    activations,
    attention,
    linear,
    linear_recurrence,
    losses,
    normalization,
    penalties,
    recurrent,
)

DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class Row:
    """The forward and backward that answer to a layer; `sizes` fixes sizes and options that must not be drawn."""

    layer: str
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    sizes: Mapping[str, int] = field(default_factory=dict)


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
) -> list[Report]:
    """Check every row (or those of the named layers) in every dtype; `progress` hears of each report as it comes.

    Raises ValueError for a layer that has no row, or a dtype that does not exist.
    """
    reports = []
    for row in rows(names):
        for dtype in dtypes:
            report = gradcheck((row.forward, row.backward), row.layer, sizes=row.sizes, dtype=dtype, seed=seed)
            progress(report)
            reports.append(report)
    return reports
