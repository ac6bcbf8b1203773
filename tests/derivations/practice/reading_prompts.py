"""What a prompt says, read as text and computed with mpmath: an oracle that knows nothing of derivations."""

from __future__ import annotations

import ast
import itertools
import operator
import re

import mpmath

DIGITS = 60
STEP = mpmath.mpf(10) ** -18
SIZE = 3
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
FUNCTIONS = {
    **{name: getattr(mpmath, name) for name in ("exp", "log", "sin", "cos", "tanh", "sqrt")},
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "delta": lambda i, k: mpmath.mpf(int(i == k)),
}


def value(text, letters):
    """The value of a text in the notation, with a number, a list or a function for every letter."""
    return _value(ast.parse(re.sub(r"\[(\w+) = (\w+)\]", r"delta(\1, \2)", text), mode="eval").body, letters)


def _value(node, letters):
    match node:
        case ast.Constant(value=number):
            return mpmath.mpf(number)
        case ast.Name(id="N"):
            return mpmath.mpf(SIZE)
        case ast.Name(id=name):
            return letters[name]
        case ast.UnaryOp(operand=operand):
            return -_value(operand, letters)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, letters), _value(right, letters))
        case ast.Subscript(value=base, slice=index):
            found = _value(base, letters)
            for place in index.elts if isinstance(index, ast.Tuple) else [index]:
                found = found[int(_value(place, letters))]
            return found
        case ast.Call(func=ast.Subscript(value=ast.Name(id=kind), slice=index), args=[body]):
            names = [name.id for name in (index.elts if isinstance(index, ast.Tuple) else [index])]
            size = letters.get("size", SIZE)
            places = itertools.product(range(size), repeat=len(names))
            added = sum(_value(body, {**letters, **dict(zip(names, at, strict=True))}) for at in places)
            return added / size ** len(names) if kind == "mean" else added
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return {**FUNCTIONS, **letters}[name](*(_value(argument, letters) for argument in arguments))
    raise ValueError(ast.dump(node))


def slope(function, x):
    """The derivative of a function of one number: a central difference, exact to some 30 digits."""
    return (function(x + STEP) - function(x - STEP)) / (2 * STEP)


def bend(function, x):
    """The second derivative."""
    step = mpmath.mpf(10) ** -12
    return (function(x + step) - 2 * function(x) + function(x - step)) / step**2


def moved(letters, name, step, at=()):
    """The letters with one number, or one entry of a list, moved by a step."""
    if not at:
        return {**letters, name: letters[name] + step}
    first, *rest = at
    inner = moved({"row": letters[name][first]}, "row", step, rest)["row"]
    return {**letters, name: [*letters[name][:first], inner, *letters[name][first + 1 :]]}


def slope_by(text, letters, name, at=()):
    """The derivative of a text by one of its letters."""
    return slope(lambda step: value(text, moved(letters, name, step, at)), mpmath.mpf(0))


def interpolated(places, values, slopes):
    """A polynomial with these values and slopes (Hermite), as a function of a number."""

    def function(x):
        added = mpmath.mpf(0)
        for k, (place, height, steep) in enumerate(zip(places, values, slopes, strict=True)):
            others = [p for j, p in enumerate(places) if j != k]
            basis = mpmath.fprod((x - p) / (place - p) for p in others)
            tilt = mpmath.fsum(mpmath.mpf(1) / (place - p) for p in others)
            added += basis**2 * ((1 - 2 * tilt * (x - place)) * height + (x - place) * steep)
        return added

    return function
