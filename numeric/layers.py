"""Every layer that a network can be built of, by name: one explicit table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numeric.activations import (
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from numeric.dropout import dropout, dropout_backward
from numeric.fused_convolution import (
    conv_relu_pool2d,
    conv_relu_pool2d_backward,
    conv_relu_pool2d_parameters_backward,
)
from numeric.linear import linear, linear_backward, linear_parameters_backward
from numeric.losses import (
    cross_entropy,
    cross_entropy_backward,
    sigmoid_cross_entropy,
    sigmoid_cross_entropy_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
    squared_error,
    squared_error_backward,
)
from numeric.penalties import (
    elastic_net,
    elastic_net_backward,
    l1_penalty,
    l1_penalty_backward,
    l2_penalty,
    l2_penalty_backward,
)
from numeric.structure import flatten, flatten_backward


@dataclass(frozen=True)
class Implementation:
    """A layer's two functions, and where it has parameters, the backward that leaves out the cotangent of its input."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    parameters_backward: Callable[..., Any] | None = None


IMPLEMENTATIONS = {
    "linear": Implementation(linear, linear_backward, linear_parameters_backward),
    "conv_relu_pool2d": Implementation(
        conv_relu_pool2d, conv_relu_pool2d_backward, conv_relu_pool2d_parameters_backward
    ),
    "flatten": Implementation(flatten, flatten_backward),
    "dropout": Implementation(dropout, dropout_backward),
    "sigmoid": Implementation(sigmoid, sigmoid_backward),
    "tanh": Implementation(tanh, tanh_backward),
    "relu": Implementation(relu, relu_backward),
    "softmax": Implementation(softmax, softmax_backward),
    "squared_error": Implementation(squared_error, squared_error_backward),
    "cross_entropy": Implementation(cross_entropy, cross_entropy_backward),
    "sigmoid_cross_entropy": Implementation(sigmoid_cross_entropy, sigmoid_cross_entropy_backward),
    "softmax_cross_entropy": Implementation(softmax_cross_entropy, softmax_cross_entropy_backward),
    "l1_penalty": Implementation(l1_penalty, l1_penalty_backward),
    "l2_penalty": Implementation(l2_penalty, l2_penalty_backward),
    "elastic_net": Implementation(elastic_net, elastic_net_backward),
}
