"""Every cotangent of every layer of the catalogue, as a problem; the truth is derived from the layer's equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from derivations.layer import Layer
from derivations.notation import layer
from derivations.practice.exercise import forward
from derivations.practice.hints import hints, own_steps
from derivations.practice.problem import Problem, layer_problem
from derivations.practice.skill import Skill

TOPIC = "layers"


@dataclass(frozen=True)
class Family:
    """A file of layers: what is to be mastered before any of them, and the inputs of each that have a derivative."""

    prerequisites: tuple[str, ...]
    inputs: Mapping[str, str]


# The families, simple ones first. All that is known of a layer follows from its file; but reading all files takes as
# long as everything else that a session needs to start, so the map has its names from here, and a test compares them.
FAMILIES: Mapping[str, Family] = {
    "linear": Family(
        ("nielsen.mini_batch",),
        {"linear": "X W b", "bilinear": "X1 X2 W b", "embedding": "W", "low_rank_linear": "X W b A B"},
    ),
    "activations": Family(
        ("nielsen.bp1",),
        {
            "sigmoid": "X",
            "tanh": "X",
            "relu": "X",
            "softmax": "Z",
            "log_softmax": "Z",
            "identity": "X",
            "log_sigmoid": "X",
            "softplus": "X",
            "softsign": "X",
            "maxout": "X",
        },
    ),
    "rectifiers": Family(
        ("layers.relu.dX",),
        {
            "leaky_relu": "X",
            "prelu": "X a",
            "elu": "X",
            "selu": "X",
            "celu": "X",
            "gelu": "X",
            "gelu_tanh": "X",
            "silu": "X",
            "mish": "X",
        },
    ),
    "hard_activations": Family(
        ("layers.relu.dX",),
        {"hard_sigmoid": "X", "hard_swish": "X", "hard_tanh": "X"},
    ),
    "gated_activations": Family(
        ("layers.sigmoid.dX",),
        {"glu": "X", "swiglu": "X"},
    ),
    "structure": Family(
        ("layers.identity.dX",),
        {
            "concatenate": "A B",
            "pad": "X",
            "transpose": "X",
            "residual_add": "X F",
            "nearest_upsampling": "X",
            "pixel_shuffle": "X",
            "flatten": "X",
        },
    ),
    "dropout": Family(
        ("layers.identity.dX",),
        {"dropout": "X"},
    ),
    "penalties": Family(
        ("layers.linear.dW",),
        {"l2_penalty": "W", "l1_penalty": "W", "elastic_net": "W"},
    ),
    "losses": Family(
        ("layers.softmax.dZ",),
        {
            "squared_error": "Y T",
            "cross_entropy": "P",
            "sigmoid_cross_entropy": "Z",
            "softmax_cross_entropy": "Z",
            "nll": "Y",
            "smoothed_softmax_cross_entropy": "Z",
            "weighted_cross_entropy": "Z w",
            "binary_cross_entropy": "P",
            "kl_divergence": "P Q",
            "focal": "Z",
        },
    ),
    "regression_losses": Family(
        ("layers.squared_error.dY",),
        {"mean_squared_error": "Y T", "absolute_error": "Y T", "huber": "Y T"},
    ),
    "margin_losses": Family(
        ("layers.relu.dX", "layers.squared_error.dY"),
        {"hinge": "Z", "triplet": "A P Q", "cosine_similarity": "A B"},
    ),
    "normalization": Family(
        ("layers.linear.dX", "layers.softmax.dZ"),
        {
            "batch_norm": "X gamma beta",
            "batch_norm_evaluation": "X gamma beta mu v",
            "layer_norm": "X gamma beta",
            "rms_norm": "X gamma",
            "group_norm": "X gamma beta",
            "instance_norm": "X gamma beta",
            "weight_norm": "V g",
            "l2_normalization": "X",
        },
    ),
    "pooling": Family(
        ("layers.maxout.dX",),
        {"max_pool2d": "X", "avg_pool2d": "X", "global_average_pool": "X"},
    ),
    "convolution": Family(
        ("layers.linear.dX", "layers.linear.dW"),
        {"conv1d": "X K b", "conv2d": "X K b", "conv3d": "X K b"},
    ),
    "grouped_convolution": Family(
        ("layers.conv2d.dK",),
        {"grouped_conv1d": "X K b", "grouped_conv2d": "X K b", "grouped_conv3d": "X K b", "depthwise_conv2d": "X K b"},
    ),
    "fused_convolution": Family(
        ("layers.conv2d.dK", "layers.relu.dX", "layers.max_pool2d.dX"),
        {"conv_relu_pool2d": "X K b"},
    ),
    "transposed_convolution": Family(
        ("layers.conv2d.dX",),
        {"transposed_conv2d": "X K b", "grouped_transposed_conv2d": "X K b"},
    ),
    "linear_recurrence": Family(
        ("layers.linear.dW",),
        {"linear_recurrence": "x a h0"},
    ),
    "recurrent": Family(
        ("layers.linear.dW", "layers.tanh.dX"),
        {"rnn_tanh": "x h0 Wx Wh b", "lstm": "x h0 c0 Wx Wh b", "gru": "x h0 Wx Wh bx bh"},
    ),
    "attention": Family(
        ("layers.linear.dX", "layers.softmax.dZ"),
        {
            "scaled_dot_product_attention": "Q K V",
            "causal_attention": "Q K V",
            "multi_head_attention": "X Wq Wk Wv Wo",
            "rotary_embedding": "X",
            "linear_attention": "Q K V",
        },
    ),
    "composite": Family(
        ("layers.conv2d.dX", "layers.batch_norm.dX", "layers.layer_norm.dX", "layers.multi_head_attention.dX"),
        {
            "transformer_block": "X gamma1 beta1 Wq Wk Wv Wo gamma2 beta2 W1 b1 W2 b2",
            "residual_block": "X K1 gamma1 beta1 K2 gamma2 beta2",
        },
    ),
}


# Nobody wants to type the digits of a constant: here it has a name.
WITH_LETTERS: Mapping[str, Layer] = {
    "selu": layer(
        "selu",
        "An ELU whose two constants keep mean 0 and variance 1 from layer to layer.",
        tensors="X[N, D]  alpha > 0  scale > 0  Y[N, D]",
        equations="Y[n, d] = where(X[n, d] > 0, scale*X[n, d], scale*alpha*(exp(X[n, d]) - 1))",
        claims="dX[n, d] = dY[n, d]*where(X[n, d] > 0, scale, Y[n, d] + scale*alpha)",
    ),
}


def layer_skill_problem(name: str, cotangent: str, rng: np.random.Generator, difficulty: int) -> Problem:
    """The problem to derive one cotangent of a layer, with hints; nothing is drawn, and there is one difficulty."""
    problem = layer_problem(WITH_LETTERS.get(name, name), cotangent, f"{TOPIC}.{name}.{cotangent}")
    return replace(problem, prompt=_prompt(problem, cotangent), make_hints=hints)


def _prompt(problem: Problem, cotangent: str) -> str:
    """What the layer does, its tensors, its equations, what is asked, and which cotangents the answer may name."""
    of = problem.layer
    tensors = "  ".join(map(str, (*of.tensors, *of.options)))
    outside = ", ".join(f"d{tensor.name}" for tensor in of.outputs)
    asked = f"Given {outside}, what is {cotangent}?"
    given = {equation.name for equation in problem.given}
    within = [f"d{tensor.name}" for tensor in of.intermediates if f"d{tensor.name}" in given - {cotangent}]
    if within:
        asked += f" It may be written with {', '.join(within)}."
    return f"{of.summary}\n{tensors}\n{forward(of)}.\n{asked}"


def difficulty_of(problem: Problem) -> int:
    """How many steps the derivation of what is asked has."""
    return len(own_steps(problem))


def layer_skills() -> tuple[Skill, ...]:
    """A skill `layers.<layer>.<cotangent>` for every input of every layer that has a derivative; nothing is derived."""
    return tuple(
        _skill(layer, f"d{name}", family.prerequisites)
        for family in FAMILIES.values()
        for layer, names in family.inputs.items()
        for name in names.split()
    )


def _skill(layer: str, cotangent: str, prerequisites: tuple[str, ...]) -> Skill:
    title = f"{layer.replace('_', ' ')}: {cotangent}"
    make = partial(layer_skill_problem, layer, cotangent)
    return Skill(f"{TOPIC}.{layer}.{cotangent}", title, TOPIC, prerequisites, make, set_length=1)


def family_of(name: str) -> str | None:
    """The family that a layer belongs to, None for an unknown one."""
    return next((name_of for name_of, family in FAMILIES.items() if name in family.inputs), None)
