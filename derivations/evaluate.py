"""Any equation at concrete sizes, in any field: exact rationals, balls of any precision, float64, power series.

Every index becomes an array along an axis of its own, a tensor entry becomes a gather, a sum becomes a sum over its
axes: the equation is evaluated as it stands, with no algebra in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import sympy as sp

from derivations.expressions import (
    INDICATORS,
    Bracket,
    Elementary,
    MaxOver,
    Where,
    entry_indices,
    floordiv,
    maximum,
    minimum,
    modulo,
    tensor_names,
)
from derivations.fields import NO, YES, Field, boxed, field_for
from derivations.layer import DerivationError, Equation, Layer, Tensor
from derivations.schedule import Group, schedule
from derivations.sizes import concrete_value, sizes_from

Indices = Mapping[sp.Symbol, np.ndarray]
LARGEST_TENSOR = 10**8


def evaluate_equations(
    layer: Layer,
    equations: Sequence[Equation],
    values: Mapping[str, Any],
    precision: int | str | Field = 200,
    *,
    given: Iterable[Tensor] = (),
    keep: Iterable[str] = (),
) -> dict[str, np.ndarray]:
    """Evaluate equations at concrete values.

    `values` maps every input, option and tensor in `given` (cotangents from outside) to an array or a number; floats
    are taken exactly. `precision` is a number of bits (results are balls), "exact" (Fractions) or "float64".
    Returns the arrays that the equations define, and those named in `keep`.
    Raises DerivationError for missing values and for shapes or labels that do not fit.
    """
    field = precision if not isinstance(precision, int | str) else field_for(precision)
    tensors = [*layer.inputs, *given]
    for name in [*(t.name for t in tensors), *(option.name for option in layer.options)]:
        if name not in values:
            raise DerivationError(f"{layer.name}: the value of {name!r} is missing")
    known = sizes_from(layer, tensors, values)
    with field.context():
        machine = Machine(field, known)
        for option in layer.options:
            machine.constants[option.symbol] = field.array(values[option.name])
        used = frozenset().union(*(tensor_names(equation.rhs) for equation in equations), keep)
        for tensor in tensors:
            if tensor.integer:
                machine.integers[tensor.name] = _labels(layer, tensor, values[tensor.name], known)
            elif tensor.name in used:
                machine.reals[tensor.name] = _as_field(field, values[tensor.name])
        defined = {equation.name for equation in equations}
        for group in schedule(equations):
            machine.run(group)
        wanted = [*defined, *keep]
        return {name: field.finish(machine.reals[name]) for name in wanted if name in machine.reals}


def _as_field(field: Field, values: Any) -> np.ndarray:
    array = np.asarray(values)
    return array if array.dtype == object and not isinstance(array.flat[0], Fraction) else field.array(values)


def _labels(layer: Layer, tensor: Tensor, values: Any, known: Mapping[str, int]) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "iub":
        raise DerivationError(f"{layer.name}: {tensor.name} holds {array.dtype}, expected whole numbers")
    if tensor.low is not None and tensor.high is not None and array.size:
        low, high = concrete_value(tensor.low, known), concrete_value(tensor.high, known)
        wrong = np.argwhere((array < low) | (array > high))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            raise DerivationError(f"{layer.name}: {tensor.name}{list(at)} is {array[at]}, expected {low} to {high}")
    return array.astype(np.int64)


# ------------------------------------------------------------------------------------------------ machine


class Machine:
    """Evaluates expressions at concrete sizes; holds the tensors that are known so far."""

    def __init__(self, field: Field, sizes: Mapping[str, int]) -> None:
        self.field = field
        self.sizes = sizes
        self.reals: dict[str, np.ndarray] = {}
        self.integers: dict[str, np.ndarray] = {}
        self.constants: dict[sp.Symbol, Any] = {}

    def run(self, group: Group) -> None:
        """Compute the tensors of a group; a recurrence is computed step by step."""
        if group.axis is None:
            for equation in group.equations:
                self.reals[equation.name] = self.tensor(equation)
            return
        lengths = {self._length(equation, group.axis) for equation in group.equations}
        for equation in group.equations:
            shape = tuple(self._extent(equation, i) for i in entry_indices(equation.lhs))
            self.reals[equation.name] = np.broadcast_to(self.field.array(0), shape).copy()
        steps = range(max(lengths))
        for step in steps if group.step > 0 else reversed(steps):
            for equation in group.equations:
                if step < self._length(equation, group.axis):
                    at = (slice(None),) * group.axis + (slice(step, step + 1),)
                    index = entry_indices(equation.lhs)[group.axis]
                    self.reals[equation.name][at] = self.tensor(equation, {index: np.array([step])})

    def tensor(self, equation: Equation, pinned: Mapping[sp.Expr, np.ndarray] | None = None) -> np.ndarray:
        """The whole tensor that an equation defines, or the part of it at the pinned indices."""
        indices = entry_indices(equation.lhs)
        along = [(pinned or {}).get(i, np.arange(self._extent(equation, i))) for i in indices]
        axes = {
            i: _on_axis(values, axis, len(indices)) for axis, (i, values) in enumerate(zip(indices, along, strict=True))
        }
        result = self.value(equation.rhs, axes, len(indices))
        return np.broadcast_to(result, tuple(len(values) for values in along)).copy()

    def _extent(self, equation: Equation, index: sp.Expr) -> int:
        low, high = equation.ranges[index]
        return concrete_value(high - low + 1, self.sizes)

    def _length(self, equation: Equation, axis: int) -> int:
        return self._extent(equation, entry_indices(equation.lhs)[axis])

    # integers

    def integer(self, expression: sp.Expr, axes: Indices) -> np.ndarray:
        """An index expression as an int64 array."""
        if isinstance(expression, sp.Symbol):
            if expression in axes:
                return axes[expression]
            if expression.name in self.integers:
                return self.integers[expression.name]
            if expression.name in self.sizes:
                return np.asarray(self.sizes[expression.name])
            raise DerivationError(f"the size {expression.name!r} is not known; give it a value")
        if expression.is_Integer:
            return np.asarray(int(expression))
        if isinstance(expression, sp.Indexed):
            indices = tuple(self.integer(i, axes) for i in expression.indices)
            return _gather(self.integers[expression.base.name], indices)
        parts = [self.integer(part, axes) for part in expression.args]
        operation = _INTEGER_OPERATIONS.get(expression.func)
        if operation is None:
            raise DerivationError(f"{expression} is no index expression")
        return reduce(operation, parts)

    # conditions

    def condition(self, condition: sp.Basic, axes: Indices, rank: int) -> np.ndarray:
        """NO, UNSURE or YES, entry by entry."""
        if isinstance(condition, sp.And | sp.Or):
            combine = np.minimum if isinstance(condition, sp.And) else np.maximum
            return reduce(combine, [self.condition(part, axes, rank) for part in condition.args])
        if isinstance(condition, sp.Not):
            return YES - self.condition(condition.args[0], axes, rank)
        if condition == sp.true or condition == sp.false:
            return np.asarray(YES if condition == sp.true else NO)
        left, right = condition.args
        if left == right:  # balls cannot tell that they hold the same number
            return np.asarray(YES if condition.rel_op in {">=", "<=", "=="} else NO)
        if left.is_integer and right.is_integer and _only_integers(left) and _only_integers(right):
            return _COMPARISONS[condition.rel_op](self.integer(left, axes), self.integer(right, axes)) * np.int8(YES)
        return self.field.compare(condition.rel_op, self.value(left, axes, rank), self.value(right, axes, rank))

    def indicator(self, factor: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        """Whether a delta, a bracket or a first maximum is 1."""
        if isinstance(factor, sp.KroneckerDelta):
            left, right = (self.integer(side, axes) for side in factor.args)
            return (left == right) * np.int8(YES)
        if isinstance(factor, Bracket):
            return self.condition(factor.args[0], axes, rank)
        extreme, *where = factor.args
        states = self._first_maximum(extreme, axes, rank)
        lengths = states.shape[rank:]
        place = np.zeros((1,) * rank, dtype=np.int64)
        for position, length in zip(where, lengths, strict=True):
            place = place * length + np.clip(self.integer(position, axes), 0, length - 1)
        flat = states.reshape(*states.shape[:rank], -1)
        shape = np.broadcast_shapes(flat.shape[:-1], place.shape)
        flat = np.broadcast_to(flat, (*shape, flat.shape[-1]))
        return np.take_along_axis(flat, np.broadcast_to(place, shape)[..., None], axis=-1)[..., 0]

    def _window(self, extreme: MaxOver, axes: Indices, rank: int) -> tuple[np.ndarray, int]:
        """The values that a maximum runs over, each bound index on an axis after the others."""
        inner, total = self._bind(extreme.limits, axes, rank)
        lengths = tuple(inner[index].shape[rank + k] for k, (index, _, _) in enumerate(extreme.limits))
        body = self.value(extreme.function, inner, total)
        return np.broadcast_to(body, (*body.shape[:rank], *lengths)), total

    def _first_maximum(self, extreme: MaxOver, axes: Indices, rank: int) -> np.ndarray:
        window, _ = self._window(extreme, axes, rank)
        flat = window.reshape(*window.shape[:rank], -1)
        count = flat.shape[-1]
        states = np.empty(flat.shape, dtype=np.int8)
        for k in range(count):
            here = flat[..., k : k + 1]
            before = self.field.compare(">", here, flat[..., :k]).min(axis=-1, initial=YES)
            after = self.field.compare(">=", here, flat[..., k + 1 :]).min(axis=-1, initial=YES)
            states[..., k] = np.minimum(before, after)
        return states.reshape(window.shape)

    # values

    def value(self, expression: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        """An expression as an array that broadcasts over `rank` axes."""
        return boxed(self._value(expression, axes, rank))

    def _value(self, expression: sp.Expr, axes: Indices, rank: int) -> Any:
        return _evaluator(expression.func)(self, expression, axes, rank)

    def _constant(self, expression: sp.Rational, axes: Indices, rank: int) -> Any:
        return self.field.constant(int(expression.p), int(expression.q))

    def _infinity(self, expression: sp.Expr, axes: Indices, rank: int) -> Any:
        return self.field.infinity(1 if expression is sp.oo else -1)

    def _pi(self, expression: sp.Expr, axes: Indices, rank: int) -> Any:
        return self.field.pi()

    def _entry(self, expression: sp.Indexed, axes: Indices, rank: int) -> np.ndarray:
        name = expression.base.name
        if name in self.integers:
            return self.field.array(self.integer(expression, axes))
        return _gather(self.reals[name], tuple(self.integer(i, axes) for i in expression.indices))

    def _add(self, expression: sp.Add, axes: Indices, rank: int) -> np.ndarray:
        return reduce(_plus, [self.value(part, axes, rank) for part in expression.args])

    def _elementary(self, expression: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        name = _FUNCTION_NAMES.get(expression.func, expression.func.__name__)
        return self.field.function(name, self.value(expression.args[0], axes, rank))

    def _indicator(self, expression: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        state = self.indicator(expression, axes, rank)
        return self.field.select(state, self.field.array(1), self.field.array(0))

    def _larger_or_smaller(self, expression: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        yes, no = (self.value(part, axes, rank) for part in expression.args)
        state = self.field.compare(">=" if isinstance(expression, maximum) else "<=", yes, no)
        return self.field.select(state, yes, no)

    def _where(self, expression: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        state = self.condition(expression.args[0], axes, rank)
        yes, no = (self.value(part, axes, rank) for part in expression.args[1:])
        return self.field.select(state, yes, no)

    def _maximum_over(self, expression: MaxOver, axes: Indices, rank: int) -> np.ndarray:
        window, _ = self._window(expression, axes, rank)
        flat = window.reshape(*window.shape[:rank], -1)
        best = flat[..., 0]
        for k in range(1, flat.shape[-1]):
            best = self.field.select(self.field.compare(">=", best, flat[..., k]), best, flat[..., k])
        return best

    def _whole_number(self, expression: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        if expression.is_integer and _only_integers(expression):
            return self.field.array(self.integer(expression, axes))
        raise DerivationError(f"{expression} cannot be evaluated")

    def _symbol(self, symbol: sp.Symbol, axes: Indices, rank: int) -> np.ndarray:
        if symbol in self.constants:
            return self.constants[symbol]
        if symbol.name in self.reals and symbol not in axes:
            return self.reals[symbol.name]
        return self.field.array(self.integer(symbol, axes))

    def _product(self, expression: sp.Expr, axes: Indices, rank: int) -> np.ndarray:
        indicators = [f for f in expression.args if isinstance(f, INDICATORS)]
        factors = [self.value(f, axes, rank) for f in expression.args if not isinstance(f, INDICATORS)]
        product = reduce(_times, factors) if factors else self.field.array(1)
        if not indicators:
            return product
        state = reduce(np.minimum, [self.indicator(f, axes, rank) for f in indicators])
        return self.field.select(state, product, self.field.array(0))

    def _power(self, expression: sp.Pow, axes: Indices, rank: int) -> np.ndarray:
        base, exponent = expression.args
        if exponent.is_Rational:
            return self.field.power(self.value(base, axes, rank), Fraction(int(exponent.p), int(exponent.q)))
        if exponent.is_integer and _only_integers(exponent):  # (-1)**n has no logarithm
            return self._whole_powers(self.value(base, axes, rank), self.integer(exponent, axes))
        logarithm = self.field.function("log", self.value(base, axes, rank))
        return self.field.function("exp", _times(self.value(exponent, axes, rank), logarithm))

    def _whole_powers(self, base: np.ndarray, exponents: np.ndarray) -> np.ndarray:
        base, exponents = np.broadcast_arrays(base, exponents)
        powers = [
            self.field.power(boxed(b), Fraction(int(e)))[()] for b, e in zip(base.flat, exponents.flat, strict=True)
        ]
        result = np.empty(len(powers), dtype=base.dtype)
        result[:] = powers
        return result.reshape(base.shape)

    def _bind(self, limits: Sequence[sp.Tuple], axes: Indices, rank: int) -> tuple[dict, int]:
        """Put each bound index on a new axis behind the others."""
        total = rank + len(limits)
        if total > 60:
            raise DerivationError("an expression has more than 60 indices at once")
        inner = {i: values.reshape(values.shape + (1,) * len(limits)) for i, values in axes.items()}
        for k, (bound, low, high) in enumerate(limits):
            values = np.arange(concrete_value(low, self.sizes), concrete_value(high, self.sizes) + 1)
            inner[bound] = _on_axis(values, rank + k, total)
        return inner, total

    def _sum(self, expression: sp.Sum, axes: Indices, rank: int) -> np.ndarray:
        inner, total = self._bind(expression.limits, axes, rank)
        body = self.value(expression.function, inner, total)
        body = body.reshape((1,) * (total - body.ndim) + body.shape)
        count = 1
        for k, (bound, _, _) in enumerate(expression.limits):
            length = inner[bound].shape[rank + k]
            count *= length if body.shape[rank + k] == 1 else 1
        result = boxed(body.sum(axis=tuple(range(rank, total))))
        return _times(result, self.field.array(count)) if count != 1 else result


def _plus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return boxed(np.add(left, right))


def _times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return boxed(np.multiply(left, right))


def _gather(array: np.ndarray, indices: tuple[np.ndarray, ...]) -> np.ndarray:
    """Entries of an array; indices outside are clipped, since a bracket of 0 stands beside them."""
    if array.size > LARGEST_TENSOR:
        raise DerivationError(f"a tensor of {array.size} entries is too large to evaluate")
    inside = [np.minimum(np.maximum(i, 0), n - 1) for i, n in zip(indices, array.shape, strict=True)]
    return boxed(array[tuple(inside)])


def _on_axis(values: np.ndarray, axis: int, rank: int) -> np.ndarray:
    return values.reshape((1,) * axis + (-1,) + (1,) * (rank - axis - 1))


def _only_integers(expression: sp.Expr) -> bool:
    allowed = sp.Symbol | sp.Integer | sp.Indexed | sp.Add | sp.Mul | sp.Pow | floordiv | modulo
    return isinstance(expression, allowed) and (
        isinstance(expression, sp.Indexed) or all(_only_integers(part) for part in expression.args)
    )


_FUNCTION_NAMES = {sp.Abs: "abs"}
_FUNCTION_NAMES.update(
    {cls: {"absolute": "abs"}.get(cls.__name__, cls.__name__) for cls in Elementary.__subclasses__()}
)
_INTEGER_OPERATIONS = {
    sp.Add: np.add,
    sp.Mul: np.multiply,
    floordiv: np.floor_divide,
    modulo: np.mod,
    sp.Pow: np.power,
}
_COMPARISONS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}

# The first class that fits: a delta is a function, a number is a symbol of its own kind.
_EVALUATORS: tuple[tuple[Any, Callable[..., Any]], ...] = (
    (sp.Rational, Machine._constant),
    (sp.Indexed, Machine._entry),
    (sp.Symbol, Machine._symbol),
    (sp.Add, Machine._add),
    (sp.Mul, Machine._product),
    (sp.Pow, Machine._power),
    (sp.Sum, Machine._sum),
    (Elementary | sp.Abs, Machine._elementary),
    (INDICATORS, Machine._indicator),
    (maximum | minimum, Machine._larger_or_smaller),
    (Where, Machine._where),
    (MaxOver, Machine._maximum_over),
    ((type(sp.oo), type(-sp.oo)), Machine._infinity),
    (type(sp.pi), Machine._pi),
    (sp.Expr, Machine._whole_number),
)


@lru_cache(maxsize=256)
def _evaluator(kind: type) -> Callable[..., Any]:
    return next(method for kinds, method in _EVALUATORS if issubclass(kind, kinds))
