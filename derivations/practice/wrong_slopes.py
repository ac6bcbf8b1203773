"""The rules of differentiation got wrong, and the slope of one function in the place of another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import sympy as sp

from derivations.affine import TooHardError
from derivations.expressions import (
    Bracket,
    Elementary,
    absolute,
    cos,
    entry_name,
    exp,
    log,
    sigma,
    sigma_prime,
    sigmoid,
    sign,
    sin,
    tanh,
    walk,
)
from derivations.layer import Tensor
from derivations.practice.truth import Form, Truth
from derivations.practice.wrong_rules import mistaken
from derivations.proof import inline


def lost_inner_derivatives(truth: Truth) -> Iterator[Form]:
    """The chain rule without its inner derivative, or with an outer function that is not differentiated."""
    variable = sp.Symbol(entry_name(truth.left).removeprefix("d"), real=True)
    if not truth.of_scalars or variable.name not in truth.layer.by_name:
        return
    for output in truth.layer.outputs:
        whole = inline(output[()], truth.layer.equations)
        for node in walk(whole):
            inner = node.base if isinstance(node, sp.Pow) else node.args[0] if isinstance(node, Elementary) else None
            if inner is None or inner == variable or not inner.has(variable) or not _is_plain(node):
                continue
            hole, place = sp.Dummy("f", real=True), sp.Dummy("g", real=True)
            around = whole.xreplace({node: hole})
            outer = around.diff(hole).xreplace({hole: node})
            other = around.diff(variable).xreplace({hole: node})
            slope = node.xreplace({inner: place}).diff(place).xreplace({place: inner})
            moved = inner.diff(variable)
            lost = f"the inner derivative is missing: {truth.text(inner)} has the derivative {truth.text(moved)}"
            yield lost, other + outer * slope
            kept = f"the outer function is not differentiated: {truth.text(node)} has the slope {truth.text(slope)}"
            yield kept, other + outer * node * moved
            inside = f"the slope of the outer function belongs at {truth.text(inner)}, not at its derivative"
            yield inside, other + outer * slope.xreplace({inner: moved})


def _is_plain(node: sp.Expr) -> bool:
    return not isinstance(node, sp.Pow) or bool(node.exp.is_number)


def wrong_products(truth: Truth) -> Iterator[Form]:
    """The derivative of a product taken as the product of the derivatives."""
    variable = sp.Symbol(entry_name(truth.left).removeprefix("d"), real=True)
    if not truth.of_scalars or variable.name not in truth.layer.by_name:
        return
    for output in truth.layer.outputs:
        whole = inline(output[()], truth.layer.equations)
        for node in walk(whole):
            moving = [f for f in sp.Mul.make_args(node) if f.has(variable)]
            if isinstance(node, sp.Mul) and len(moving) > 1:
                hole = sp.Dummy("f", real=True)
                around = whole.xreplace({node: hole})
                outer, other = around.diff(hole).xreplace({hole: node}), around.diff(variable).xreplace({hole: node})
                still = sp.Mul(*(f for f in node.args if not f.has(variable)))
                said = "the derivative of a product is no product of derivatives: it is f'*g + f*g'"
                yield said, other + outer * still * sp.Mul(*(f.diff(variable) for f in moving))


def wrong_rules(truth: Truth) -> Iterator[Form]:
    """A rule of differentiation got wrong."""
    variable = sp.Symbol(entry_name(truth.left).removeprefix("d"), real=True)
    if not truth.of_scalars or variable.name not in truth.layer.by_name:
        return
    for output in truth.layer.outputs:
        with suppress(ValueError, TooHardError):  # no rule is known for a function with a kink
            yield from mistaken(inline(output[()], truth.layer.equations), variable)


def other_derivatives(truth: Truth) -> Iterator[Form]:
    """The second derivative, or that with respect to another variable."""
    variable = sp.Symbol(entry_name(truth.left).removeprefix("d"), real=True)
    if not truth.of_scalars or variable.name not in truth.layer.by_name:
        return
    for output in truth.layer.outputs:
        whole = inline(output[()], truth.layer.equations)
        for other in sorted(whole.free_symbols - {variable}, key=str):
            yield f"this is the derivative with respect to {other.name}, not to {variable.name}", whole.diff(other)
        yield "this is the second derivative", whole.diff(variable).diff(variable)


def other_slopes(truth: Truth) -> Iterator[Form]:
    """The derivative of another activation: sigmoid's y*(1 - y), tanh's 1 - y**2, a step, a cosine."""
    for node in truth.parts:
        for name, slope, value in _slopes_in(node):
            for other, form in _SLOPES.items():
                if other != name and (other, name) != ("relu", "sigmoid"):  # what is positive has no bracket
                    said = f"this is the derivative of {other}: that of {name} is {truth.text(slope)}"
                    yield said, truth.with_part(node, node / slope * form(value))
    for node in truth.parts:
        if isinstance(node, Elementary):
            for other_function, said in _CONFUSED.get(node.func, ()):
                yield said, truth.with_part(node, other_function(node.args[0]))


def forgotten_functions(truth: Truth) -> Iterator[Form]:
    """What stands inside of a function in the place of its value."""
    for node in truth.parts:
        if isinstance(node, Elementary):
            said = f"{truth.text(node.args[0])} stands where {truth.text(node)} belongs"
            yield said, truth.with_part(node, node.args[0])
            slope = node.fdiff()
            yield f"{truth.text(node)} is not to be differentiated here", truth.with_part(node, slope)


def slopes_of_the_layer(truth: Truth) -> Iterator[Form]:
    """For a layer that works entry by entry: the derivative of another one, in terms of its input or of its output."""
    layer = truth.layer
    if len(layer.equations) != 1 or len(layer.inputs) != 1 or len(layer.outputs) != 1:
        return
    if truth.of_scalars:
        return
    (tensor,), (output,) = layer.inputs, layer.outputs
    if entry_name(truth.left) != f"d{tensor.name}" or output.sizes != tensor.sizes or truth.form.has(sp.Sum):
        return
    above = Tensor(f"d{output.name}")[truth.letters]
    for source in (tensor, output):
        value = source[truth.letters]
        for name, form in _SLOPES.items():
            yield f"this is the derivative of {name}, with {source.name} for its value", above * form(value)
        for name, function in _VALUES.items():
            said = f"this is the derivative of {name}"
            hole = sp.Dummy("x", real=True)
            yield said, above * function(hole).diff(hole).xreplace({hole: value})


def _slopes_in(node: sp.Basic) -> Iterator[tuple[str, sp.Expr, sp.Expr]]:
    """The derivatives of activations that stand in a product, in terms of their values."""
    for factor in sp.Mul.make_args(node):
        if isinstance(factor, sp.Add) and len(factor.args) == 2 and sp.S.One in factor.args:
            rest = factor - 1
            if (-rest).is_Pow and (-rest).exp == 2:
                yield "tanh", factor, (-rest).base
            elif -rest in sp.Mul.make_args(node):
                yield "sigmoid", factor * -rest, -rest


_SLOPES = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y**2,
    "relu": lambda y: Bracket(y > 0),
    "exp": lambda y: y,
}
_VALUES = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softplus": lambda x: log(1 + exp(x)),
    "sin": sin,
    "cos": cos,
    "log": log,
}
_CONFUSED: Mapping[type, Sequence[tuple[type, str]]] = {
    sin: ((cos, "cos stands where sin belongs"),),
    cos: ((sin, "sin stands where cos belongs"),),
    sigma_prime: ((sigma, "sigma stands where its derivative sigma_prime belongs"),),
    sigma: ((sigma_prime, "sigma_prime stands where sigma belongs"),),
    sigmoid: ((tanh, "tanh stands where sigmoid belongs"),),
    tanh: ((sigmoid, "sigmoid stands where tanh belongs"),),
    log: ((exp, "exp stands where log belongs"),),
    exp: ((log, "log stands where exp belongs"),),
    sign: ((absolute, "abs stands where sign belongs"),),
    absolute: ((sign, "sign stands where abs belongs"),),
}
