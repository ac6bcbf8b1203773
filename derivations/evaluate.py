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

from derivations.demand import Block, demanded, listed, on_axes
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
from derivations.fields import NO, UNSURE, YES, Field, boxed, field_for
from derivations.layer import DerivationError, Equation, Layer, Tensor
from derivations.schedule import Group, schedule
from derivations.sizes import concrete_value, sizes_from
from derivations.sums import matrix_product, present_terms

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
    with field.context():
        machine = machine_for(layer, values, field, given)
        used = frozenset().union(*(tensor_names(equation.rhs) for equation in equations), keep)
        for tensor in (*layer.inputs, *given):
            if not tensor.integer and tensor.name in used:
                machine.reals[tensor.name] = _as_field(field, values[tensor.name])
        for group in schedule(equations):
            machine.run(group)
        wanted = dict.fromkeys([*(equation.name for equation in equations), *keep])
        return {name: field.finish(machine.reals[name]) for name in wanted if name in machine.reals}


def evaluate_entries(
    layer: Layer,
    equations: Sequence[Equation],
    values: Mapping[str, Any],
    wanted: Mapping[str, Any],
    precision: int | str | Field = 200,
    *,
    given: Iterable[Tensor] = (),
    enter: Callable[[str, np.ndarray], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Some entries of the tensors that the equations define, with only the terms that they need.

    `wanted` maps names to entries, integers [entries, axes]; the results are [entries]. `values`, `precision` and
    `given` are as in `evaluate_equations`. `enter` makes numbers of the field of an input's or cotangent's entries, by
    its name; otherwise they are taken exactly.
    Raises DerivationError for missing values, for shapes or labels that do not fit, and for entries outside a tensor.
    """
    field = precision if not isinstance(precision, int | str) else field_for(precision)
    tensors = [tensor for tensor in (*layer.inputs, *given) if not tensor.integer]
    with field.context():
        machine = machine_for(layer, values, field, given)
        shapes = {equation.name: machine.shape(equation) for equation in equations}
        shapes |= {tensor.name: np.shape(values[tensor.name]) for tensor in tensors}
        wanted = {name: _entries_inside(layer, name, entries, shapes) for name, entries in wanted.items()}
        groups = schedule(equations)
        blocks = demanded(groups, wanted, machine, shapes)
        for tensor in tensors:
            if tensor.name in blocks:
                block = blocks[tensor.name]
                part = np.asarray(values[tensor.name])[np.ix_(*block.places)]
                machine.hold(tensor.name, field.array(part) if enter is None else enter(tensor.name, part), block)
        found = {}
        for group in groups:
            machine.run(group, blocks)
            for equation in group.equations:
                if equation.name in wanted:
                    found[equation.name] = field.finish(machine.entries(equation, wanted[equation.name]))
        return found


def _entries_inside(layer: Layer, name: str, entries: Any, shapes: Mapping[str, tuple[int, ...]]) -> np.ndarray:
    if name not in shapes:
        raise DerivationError(f"{layer.name}: no equation defines {name!r}")
    places = np.asarray(entries, np.int64)
    if places.ndim != 2 or places.shape[1] != len(shapes[name]):
        raise DerivationError(f"{layer.name}: entries of {name} are lists of {len(shapes[name])} indices each")
    outside = np.flatnonzero(((places < 0) | (places >= np.array(shapes[name], np.int64))).any(axis=1))
    if outside.size:
        at = tuple(int(i) for i in places[outside[0]])
        raise DerivationError(f"{layer.name}: {name} has no entry {at}: its shape is {shapes[name]}")
    return places


def machine_for(layer: Layer, values: Mapping[str, Any], field: Field, given: Iterable[Tensor] = ()) -> Machine:
    """A machine that knows the sizes, the options and the labels, and no real tensor yet.

    Raises DerivationError for missing values and for shapes or labels that do not fit.
    """
    tensors = [*layer.inputs, *given]
    for name in [*(t.name for t in tensors), *(option.name for option in layer.options)]:
        if name not in values:
            raise DerivationError(f"{layer.name}: the value of {name!r} is missing")
    machine = Machine(field, sizes_from(layer, tensors, values))
    for option in layer.options:
        machine.constants[option.symbol] = field.array(values[option.name])
    for tensor in tensors:
        if tensor.integer:
            machine.integers[tensor.name] = _labels(layer, tensor, values[tensor.name], machine.sizes)
    return machine


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
    """Evaluates expressions at concrete sizes; holds the tensors, or blocks of them, that are known so far."""

    def __init__(self, field: Field, sizes: Mapping[str, int]) -> None:
        self.field = field
        self.sizes = sizes
        self.reals: dict[str, np.ndarray] = {}
        self.integers: dict[str, np.ndarray] = {}
        self.constants: dict[sp.Symbol, Any] = {}
        # Of the tensors of which a block is known: where in it each place of the whole lies, for every axis.
        self.lookups: dict[str, tuple[np.ndarray, ...]] = {}

    def hold(self, name: str, values: np.ndarray, block: Block) -> None:
        """Know a block of a tensor."""
        self.reals[name], self.lookups[name] = values, block.lookup()

    def run(self, group: Group, blocks: Mapping[str, Block] | None = None) -> None:
        """Compute the tensors of a group, or blocks of them; a recurrence is computed step by step."""
        places = {
            equation: self._places(equation) if blocks is None else blocks[equation.name].places
            for equation in group.equations
            if blocks is None or equation.name in blocks
        }
        if group.axis is None:
            for equation, along in places.items():
                self.reals[equation.name] = self._block(equation, along)
        else:
            for equation, along in places.items():
                zeros = np.broadcast_to(self.field.array(0), [len(each) for each in along])
                self.reals[equation.name] = zeros.copy()
        for equation in places if blocks is not None else ():
            self.lookups[equation.name] = blocks[equation.name].lookup()  # type: ignore[index]
        if group.axis is None:
            return
        lengths = {equation: len(along[group.axis]) for equation, along in places.items()}
        steps = range(max(lengths.values(), default=0))
        for step in steps if group.step > 0 else reversed(steps):
            for equation, along in places.items():
                if step < lengths[equation]:
                    here = (*along[: group.axis], np.array([step]), *along[group.axis + 1 :])
                    at = (slice(None),) * group.axis + (slice(step, step + 1),)
                    self.reals[equation.name][at] = self._block(equation, here)

    def _places(self, equation: Equation) -> tuple[np.ndarray, ...]:
        return tuple(np.arange(n) for n in self.shape(equation))

    def _block(self, equation: Equation, places: Sequence[np.ndarray]) -> np.ndarray:
        """A tensor that an equation defines, at some places along each axis."""
        result = self.value(equation.rhs, on_axes(equation, places), len(places))
        return np.broadcast_to(result, tuple(len(along) for along in places)).copy()

    def entries(self, equation: Equation, wanted: np.ndarray) -> np.ndarray:
        """Some entries of the tensor that an equation defines: int64 [entries, axes] to [entries]."""
        result = self.value(equation.rhs, listed(equation, wanted), 1)
        return np.broadcast_to(result, (len(wanted),)).copy()

    def shape(self, equation: Equation) -> tuple[int, ...]:
        """The shape of the tensor that an equation defines."""
        return tuple(self.length((index, *equation.ranges[index])) for index in entry_indices(equation.lhs))

    def length(self, limit: Sequence[sp.Expr]) -> int:
        """How many values an index takes: `limit` is the index, the lowest and the highest."""
        _, low, high = limit
        return concrete_value(high - low + 1, self.sizes)

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
        if isinstance(expression, INDICATORS):  # a label that is read beyond its tensor's range is 0
            return self._sure(expression, axes)
        parts = [self.integer(part, axes) for part in expression.args]
        operation = _INTEGER_OPERATIONS.get(expression.func)
        if operation is None:
            raise DerivationError(f"{expression} is no index expression")
        return reduce(operation, parts)

    def _sure(self, indicator: sp.Expr, axes: Indices) -> np.ndarray:
        state = self.indicator(indicator, axes, max((values.ndim for values in axes.values()), default=0))
        if (state == UNSURE).any():
            raise DerivationError(f"{indicator} cannot be told at this precision")
        return (state == YES).astype(np.int64)

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
        inner, total = self.bind(extreme.limits, axes, rank)
        lengths = tuple(inner[index].shape[rank + k] for k, (index, _, _) in enumerate(extreme.limits))
        body = self.value(extreme.function, inner, total)
        body = body.reshape((1,) * (total - body.ndim) + body.shape)
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
        indices = tuple(self.integer(i, axes) for i in expression.indices)
        return _gather(self.reals[name], indices, self.lookups.get(name))

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

    def bind(self, limits: Sequence[sp.Tuple], axes: Indices, rank: int) -> tuple[dict, int]:
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
        inner, total = self.bind(expression.limits, axes, rank)
        for shortcut in (present_terms, matrix_product):
            added = shortcut(expression.function, inner, rank, total, self)
            if added is not None:
                return added
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


def _gather(
    array: np.ndarray, indices: tuple[np.ndarray, ...], lookups: tuple[np.ndarray, ...] | None = None
) -> np.ndarray:
    """Entries of an array, or of the block of it that is known.

    Indices outside are clipped, since a bracket of 0 stands beside them.
    """
    if array.size > LARGEST_TENSOR:
        raise DerivationError(f"a tensor of {array.size} entries is too large to evaluate")
    shape = array.shape if lookups is None else tuple(map(len, lookups))
    inside = [np.minimum(np.maximum(i, 0), n - 1) for i, n in zip(indices, shape, strict=True)]
    if lookups is not None:
        inside = [lookup[i] for lookup, i in zip(lookups, inside, strict=True)]
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
