"""Any equation at concrete sizes, in any field: exact rationals, balls of any precision, float64, power series.

Every index becomes an array along an axis of its own, a tensor entry becomes a gather, a sum becomes a sum over its
axes: the equation is evaluated as it stands, with no algebra in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
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
    log,
    maximum,
    minimum,
    modulo,
    walk,
)
from derivations.fields import NO, YES, Field, boxed, field_for
from derivations.layer import DerivationError, Equation, Layer, Option, Tensor
from derivations.schedule import Group, schedule

Indices = Mapping[sp.Symbol, np.ndarray]
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
LARGEST_TENSOR = 10**8


# --------------------------------------------------------------------------------------------------- sizes


def concrete_value(expression: sp.Expr, known: Mapping[str, int]) -> int:
    """A size or an integer expression of sizes at concrete values.

    Raises DerivationError where a size is missing.
    """
    if isinstance(expression, sp.Symbol) and expression.name in known:
        return known[expression.name]
    if expression.is_Integer:
        return int(expression)
    if isinstance(expression, sp.Add):
        return sum(concrete_value(part, known) for part in expression.args)
    missing = [s.name for s in expression.free_symbols if s.name not in known]
    if missing:
        raise DerivationError(f"the size {min(missing)!r} is not known; give it a value")
    value = expression.subs({symbol: known[symbol.name] for symbol in expression.free_symbols})
    if not value.is_Integer:
        raise DerivationError(f"{expression} is no whole number where {_where(expression, known)}")
    return int(value)


def _where(expression: sp.Expr, known: Mapping[str, int]) -> str:
    return " and ".join(f"{name} = {known[name]}" for name in sorted(s.name for s in expression.free_symbols))


def concrete_sizes(layer: Layer, sizes: Mapping[str, float]) -> dict[str, int]:
    """The given sizes and options, and the sizes that follow from them.

    Raises DerivationError for a size that is missing, unknown, or comes out below 1.
    """
    known = {name: value for name, value in sizes.items() if isinstance(value, int | np.integer)}
    pending = dict(layer.size_definitions)
    while pending:
        ready = {s: d for s, d in pending.items() if all(f.name in known for f in d.free_symbols)}
        if not ready:
            missing = sorted({f.name for d in pending.values() for f in d.free_symbols} - set(known))
            raise DerivationError(f"{layer.name}: the size {missing[0]!r} is not known; give it a value")
        for size, definition in ready.items():
            value = concrete_value(definition, known)
            if known.get(size.name, value) != value:
                raise DerivationError(f"{layer.name}: {size} = {definition} is {value}, not {known[size.name]}")
            known[size.name] = value
            del pending[size]
    for name in known:
        if known[name] < 1 and name[0].isupper():
            raise DerivationError(f"{layer.name}: the size {name} is {known[name]}; it must be at least 1")
    for tensor in layer.tensors:
        for size in tensor.sizes:
            if size.is_Symbol or any(s.name not in known for s in size.free_symbols):
                continue
            if concrete_value(size, known) < 1:
                raise DerivationError(
                    f"{layer.name}: {tensor} is empty where {_where(size, known)}; a size must be at least 1"
                )
    return known


def _sizes_from(layer: Layer, tensors: Iterable[Tensor], values: Mapping[str, Any]) -> dict[str, int]:
    """Read the sizes off the shapes of the values.

    Raises DerivationError, naming both sides, where shapes clash.
    """
    known = {name: int(values[name]) for name in layer.size_names if name in values}
    known |= {option.name: int(values[option.name]) for option in layer.options if option.integer}
    origin = dict.fromkeys(known, "the given value")
    todo: list[tuple[Tensor, sp.Expr, int]] = []
    for tensor in tensors:
        shape = np.shape(values[tensor.name])
        if len(shape) != len(tensor.sizes):
            raise DerivationError(f"{layer.name}: {tensor.name} has shape {shape}, expected {tensor}")
        todo += [(tensor, size, actual) for size, actual in zip(tensor.sizes, shape, strict=True)]
    while todo:
        left = []
        for tensor, size, actual in todo:
            unknown = [s for s in size.free_symbols if s.name not in known]
            if not unknown:
                expected = concrete_value(size, known)
                if expected != actual:
                    sources = ", ".join(
                        sorted({origin.get(s.name, "a formula") for s in size.free_symbols}) or ["itself"]
                    )
                    raise DerivationError(
                        f"{layer.name}: {tensor.name} has shape {np.shape(values[tensor.name])}, expected {tensor} "
                        f"with {size} = {expected} (from {sources})"
                    )
            elif len(unknown) == 1 and unknown[0] not in layer.size_definitions:
                rest = size.subs({s: known[s.name] for s in size.free_symbols if s.name in known})
                slope = rest.coeff(unknown[0])
                found = sp.nsimplify((actual - (rest - slope * unknown[0])) / slope) if slope != 0 else None
                if found is None or not found.is_Integer or found < 1:
                    raise DerivationError(f"{layer.name}: {tensor.name} has a size of {actual}, which no {size} makes")
                known[unknown[0].name], origin[unknown[0].name] = int(found), tensor.name
            else:
                left.append((tensor, size, actual))
        if len(left) == len(todo):
            known = concrete_sizes(layer, known)
            origin = {name: origin.get(name, "a formula") for name in known}
        todo = left
    known = concrete_sizes(layer, known)
    for name in known:
        if name[0].isupper() and known[name] < 1:
            raise DerivationError(f"{layer.name}: the size {name} is 0; a batch or an axis must not be empty")
    return known


# ------------------------------------------------------------------------------------------------- values


def random_inputs(layer: Layer, sizes: Mapping[str, float], rng: np.random.Generator) -> dict[str, Any]:
    """Random inputs and options of a layer, exactly representable in 12 bits, so that every dtype holds them.

    Real tensors are near N(0, 1), positive ones between 1/8 and 3; integer tensors lie within their bounds; options
    keep the values given in `sizes`. Where the equations have logarithms or roots, inputs at which they are not
    finite are drawn again, then from the positive numbers, then from those between 0 and 1.
    Raises DerivationError for missing sizes.
    """
    styles = (_normal, _normal, _positive, _fraction) if _has_a_domain(layer) else (_normal,)
    for style in styles:
        values = _draw_inputs(layer, sizes, rng, style)
        if len(styles) == 1 or _is_finite(layer, values):
            break
    return values


def _has_a_domain(layer: Layer) -> bool:
    """Whether the equations have functions that not every number has a value under."""
    nodes = [node for equation in layer.equations for node in walk(equation.rhs)]
    return any(isinstance(n, log) or (isinstance(n, sp.Pow) and not n.exp.is_integer) for n in nodes)


def _is_finite(layer: Layer, values: Mapping[str, Any]) -> bool:
    results = evaluate_equations(layer, layer.equations, values, "float64")
    return all(np.isfinite(result).all() for result in results.values())


def settled_sizes(layer: Layer, sizes: Mapping[str, float], rng: np.random.Generator) -> dict[str, Any]:
    """The sizes and options that random inputs at these sizes have; options that are open are drawn.

    Raises DerivationError where some tensor has no shape.
    """
    values = _draw_inputs(layer, sizes, rng, _normal)
    return {**sizes, **{name: value for name, value in values.items() if isinstance(value, int)}}


def _draw_inputs(layer: Layer, sizes: Mapping[str, float], rng: np.random.Generator, style: Draw) -> dict[str, Any]:
    options = {option.name: sizes.get(option.name, _random_option(option, sizes, rng)) for option in layer.options}
    whole = {name: int(value) for name, value in options.items() if float(value).is_integer()}
    known = concrete_sizes(layer, {**{n: int(v) for n, v in sizes.items() if n in layer.size_names}, **whole})
    values: dict[str, Any] = dict(options)
    for tensor in layer.inputs:
        shape = tuple(concrete_value(size, known) for size in tensor.sizes)
        values[tensor.name] = _random_tensor(tensor, shape, known, rng, style)
    return values | {name: known[name] for name in layer.hidden_sizes if name in known}


def _random_option(option: Option, sizes: Mapping[str, float], rng: np.random.Generator) -> Any:
    if not option.integer:
        return float(rng.integers(1, 32)) / 16
    low = 1 if option.positive else 0
    if option.low is None:
        return low
    known = {name: value for name, value in sizes.items() if isinstance(value, int | np.integer)}
    low = concrete_value(option.low, known)
    high = concrete_value(option.high, known) if option.high is not None else low + 2
    _check_bounds(option, low, high)
    return int(rng.integers(low, high + 1))


def _check_bounds(what: Option | Tensor, low: int, high: int) -> None:
    if low > high:
        raise DerivationError(f"{what.name} lies in {low}..{high} at these sizes, and there is nothing in it")


def _random_tensor(
    tensor: Tensor, shape: tuple[int, ...], known: Mapping[str, int], rng: np.random.Generator, style: Draw
) -> Any:
    if tensor.integer and tensor.low is not None and tensor.high is not None:
        low, high = concrete_value(tensor.low, known), concrete_value(tensor.high, known)
        _check_bounds(tensor, low, high)
        return rng.integers(low, high + 1, size=shape)
    return (_positive if tensor.positive and style is _normal else style)(rng, shape)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.clip(np.round(rng.standard_normal(shape) * 512), -2047, 2047) / 512


def _positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.integers(128, 3072, size=shape) / 1024)


def _fraction(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.integers(64, 960, size=shape) / 1024)


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
    known = _sizes_from(layer, tensors, values)
    with field.context():
        machine = Machine(field, known)
        for option in layer.options:
            machine.constants[option.symbol] = field.array(values[option.name])
        for tensor in tensors:
            if tensor.integer:
                machine.integers[tensor.name] = _labels(layer, tensor, values[tensor.name], known)
            else:
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
        if expression.is_Rational:
            return self.field.constant(int(expression.p), int(expression.q))
        if expression in {sp.oo, -sp.oo}:
            return self.field.infinity(1 if expression is sp.oo else -1)
        if isinstance(expression, sp.Indexed):
            name = expression.base.name
            if name in self.integers:
                return self.field.array(self.integer(expression, axes))
            return _gather(self.reals[name], tuple(self.integer(i, axes) for i in expression.indices))
        if isinstance(expression, sp.Symbol):
            return self._symbol(expression, axes)
        if isinstance(expression, sp.Add):
            return reduce(_plus, [self.value(part, axes, rank) for part in expression.args])
        if isinstance(expression, sp.Mul):
            return self._product(expression, axes, rank)
        if isinstance(expression, sp.Pow):
            return self._power(expression, axes, rank)
        if isinstance(expression, sp.Sum):
            return self._sum(expression, axes, rank)
        if isinstance(expression, Elementary | sp.Abs):
            name = _FUNCTION_NAMES.get(expression.func, expression.func.__name__)
            return self.field.function(name, self.value(expression.args[0], axes, rank))
        if isinstance(expression, INDICATORS):
            state = self.indicator(expression, axes, rank)
            return self.field.select(state, self.field.array(1), self.field.array(0))
        if isinstance(expression, maximum | minimum):
            yes, no = (self.value(part, axes, rank) for part in expression.args)
            state = self.field.compare(">=" if isinstance(expression, maximum) else "<=", yes, no)
            return self.field.select(state, yes, no)
        if isinstance(expression, Where):
            state = self.condition(expression.args[0], axes, rank)
            yes, no = (self.value(part, axes, rank) for part in expression.args[1:])
            return self.field.select(state, yes, no)
        if isinstance(expression, MaxOver):
            window, _ = self._window(expression, axes, rank)
            flat = window.reshape(*window.shape[:rank], -1)
            best = flat[..., 0]
            for k in range(1, flat.shape[-1]):
                best = self.field.select(self.field.compare(">=", best, flat[..., k]), best, flat[..., k])
            return best
        if expression is sp.pi:
            return self.field.pi()
        if expression.is_integer and _only_integers(expression):
            return self.field.array(self.integer(expression, axes))
        raise DerivationError(f"{expression} cannot be evaluated")

    def _symbol(self, symbol: sp.Symbol, axes: Indices) -> np.ndarray:
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
    return boxed(array[tuple(np.clip(i, 0, n - 1) for i, n in zip(indices, array.shape, strict=True))])


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
