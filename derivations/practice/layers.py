"""Every cotangent of every layer of the catalogue, as a problem; the truth is derived from the layer's equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from importlib import import_module

import numpy as np

from derivations.layer import Layer
from derivations.practice.exercise import forward
from derivations.practice.hints import hints, own_steps
from derivations.practice.problem import Problem, layer_problem
from derivations.practice.skill import Skill

TOPIC = "layers"

# The families, simple ones first, and what is to be mastered before any of their layers.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "linear": ("nielsen.mini_batch",),
    "activations": ("nielsen.bp1",),
    "rectifiers": ("layers.relu.dX",),
    "hard_activations": ("layers.relu.dX",),
    "gated_activations": ("layers.sigmoid.dX",),
    "structure": ("layers.identity.dX",),
    "dropout": ("layers.identity.dX",),
    "penalties": ("layers.linear.dW",),
    "losses": ("layers.softmax.dZ",),
    "regression_losses": ("layers.squared_error.dY",),
    "margin_losses": ("layers.relu.dX", "layers.squared_error.dY"),
    "normalization": ("layers.linear.dX", "layers.softmax.dZ"),
    "pooling": ("layers.maxout.dX",),
    "convolution": ("layers.linear.dX", "layers.linear.dW"),
    "grouped_convolution": ("layers.conv2d.dK",),
    "fused_convolution": ("layers.conv2d.dK", "layers.relu.dX", "layers.max_pool2d.dX"),
    "transposed_convolution": ("layers.conv2d.dX",),
    "linear_recurrence": ("layers.linear.dW",),
    "recurrent": ("layers.linear.dW", "layers.tanh.dX"),
    "attention": ("layers.linear.dX", "layers.softmax.dZ"),
    "composite": (
        "layers.conv2d.dX",
        "layers.batch_norm.dX",
        "layers.layer_norm.dX",
        "layers.multi_head_attention.dX",
    ),
}


def layer_skill_problem(name: str, cotangent: str, rng: np.random.Generator, difficulty: int) -> Problem:
    """The problem to derive one cotangent of a layer, with hints; nothing is drawn, and there is one difficulty."""
    problem = layer_problem(name, cotangent, f"{TOPIC}.{name}.{cotangent}")
    return replace(problem, prompt=_prompt(problem, cotangent), make_hints=hints)


def _prompt(problem: Problem, cotangent: str) -> str:
    """What the layer does, its tensors, its equations, what is asked, and which cotangents the answer may name."""
    layer = problem.layer
    tensors = "  ".join(map(str, layer.tensors))
    outside = ", ".join(f"d{tensor.name}" for tensor in layer.outputs)
    asked = f"Given {outside}, what is {cotangent}?"
    given = {equation.name for equation in problem.given}
    within = [f"d{tensor.name}" for tensor in layer.intermediates if f"d{tensor.name}" in given - {cotangent}]
    if within:
        asked += f" It may be written with {', '.join(within)}."
    return f"{layer.summary}\n{tensors}\n{forward(layer)}.\n{asked}"


def difficulty_of(problem: Problem) -> int:
    """How many steps the derivation of what is asked has."""
    return len(own_steps(problem))


@cache
def layer_skills() -> tuple[Skill, ...]:
    """A skill `layers.<layer>.<cotangent>` for every input of every layer that has a derivative.

    All families are read, which takes a second or two; nothing is derived.
    """
    return tuple(
        _skill(layer.name, f"d{tensor.name}", prerequisites)
        for family, prerequisites in FAMILIES.items()
        for layer in _layers_of(family)
        for tensor in layer.inputs
        if not tensor.integer
    )


def _skill(layer: str, cotangent: str, prerequisites: tuple[str, ...]) -> Skill:
    title = f"{layer.replace('_', ' ')}: {cotangent}"
    make = partial(layer_skill_problem, layer, cotangent)
    return Skill(f"{TOPIC}.{layer}.{cotangent}", title, TOPIC, prerequisites, make, set_length=1)


def family_of(name: str) -> str | None:
    """The family that a layer belongs to, None for an unknown one."""
    return next((family for family in FAMILIES for layer in _layers_of(family) if layer.name == name), None)


def _layers_of(family: str) -> list[Layer]:
    """The layers that a family's file defines, in its order."""
    public = (value for name, value in vars(import_module(f"derivations.{family}")).items() if name[0] != "_")
    return [value for value in public if isinstance(value, Layer)]
