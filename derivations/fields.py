"""Kinds of numbers that an equation can be evaluated in: floats, exact rationals, balls, and power series of balls.

Each field says how to make its numbers, how to compare them, and what its functions are. Arrays of balls, rationals
and series are NumPy object arrays. A comparison answers NO, UNSURE or YES, so that `and`, `or` and `not` are
`minimum`, `maximum` and `YES - x` (Kleene's three-valued logic).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from derivations.layer import DerivationError

NO, UNSURE, YES = 0, 1, 2
Array = np.ndarray


class Floats:
    """float64."""

    def context(self) -> AbstractContextManager:
        """What has to hold while this field computes: a branch not taken may divide by zero."""
        return np.errstate(all="ignore")

    def array(self, values: Any) -> Array:
        """An array of this field's numbers; floats are taken exactly."""
        return np.asarray(values, dtype=np.float64)

    def constant(self, numerator: int, denominator: int = 1) -> Any:
        """A rational constant; infinity where it is larger than every float."""
        try:
            return np.float64(Fraction(numerator, denominator))
        except OverflowError:
            return self.infinity(1 if numerator > 0 else -1)

    def infinity(self, sign: int) -> Any:
        """What is larger (or, with a sign of -1, smaller) than every number."""
        return np.float64(sign * np.inf)

    def pi(self) -> Any:
        """The circle's number."""
        return np.float64(np.pi)

    def compare(self, operator: str, left: Array, right: Array) -> Array:
        """NO, UNSURE or YES, entry by entry."""
        return np.asarray(_NUMPY_COMPARISONS[operator](left, right)).astype(np.int8) * YES

    def select(self, state: Array, yes: Array, no: Array) -> Array:
        """yes or no by state; both where it is unsure."""
        return np.where(state == YES, yes, no)

    def power(self, base: Array, exponent: Fraction) -> Array:
        """A rational power."""
        if exponent == Fraction(1, 2):
            return np.sqrt(base)
        return base ** (int(exponent) if exponent.denominator == 1 else float(exponent))

    def function(self, name: str, argument: Array) -> Array:
        """An elementary function, entry by entry."""
        return _FLOAT_FUNCTIONS[name](argument)

    def matmul(self, left: Array, right: Array) -> Array:
        """Products of matrices, [B, M, K] and [B, K, N] to [B, M, N]; None where this field has none of its own."""
        return left @ right

    def finish(self, array: Array) -> Array:
        """The array as the caller sees it."""
        return np.array(array, dtype=np.float64)


class _Objects:
    """What the fields with object arrays share."""

    def context(self) -> AbstractContextManager:
        return nullcontext()

    number: Callable[[Any], Any]
    matmul: Callable[[Array, Array], Array] | None = None

    def array(self, values: Any) -> Array:
        array = np.asarray(values)
        flat = np.empty(array.size, dtype=object)
        flat[:] = [self.number(value) for value in array.ravel().tolist()]
        return flat.reshape(array.shape)

    def finish(self, array: Array) -> Array:
        return boxed(array)

    functions: Callable[[], dict[str, Callable]]

    def function(self, name: str, argument: Array) -> Array:
        return _each(self.functions()[name], argument)

    def compare(self, operator: str, left: Array, right: Array) -> Array:
        sure, ruled_out = _PYTHON_COMPARISONS[operator], _PYTHON_COMPARISONS[_OPPOSITE[operator]]

        def decide(a: Any, b: Any) -> int:
            if a is b and a is not _UNDEFINED:  # an entry beside itself: balls cannot tell that they hold one number
                return YES if operator in {"<=", ">=", "=="} else NO
            a, b = self.comparable(a), self.comparable(b)
            return YES if sure(a, b) else NO if ruled_out(a, b) else UNSURE

        return boxed(np.frompyfunc(decide, 2, 1)(left, right)).astype(np.int8)

    def comparable(self, value: Any) -> Any:
        return value

    def select(self, state: Array, yes: Array, no: Array) -> Array:
        state, yes, no = np.asarray(state), boxed(yes), boxed(no)
        chosen = np.where(state == YES, yes, no)
        if (state == UNSURE).any():
            chosen = np.where(state == UNSURE, np.frompyfunc(self.union, 2, 1)(yes, no), chosen)
        return chosen

    def union(self, yes: Any, no: Any) -> Any:
        raise DerivationError("two values are too close to compare at this precision")


class Rationals(_Objects):
    """Exact rational numbers (fmpq inside, Fractions outside). Functions that leave the rationals are errors."""

    def number(self, value: Any) -> flint.fmpq:
        if isinstance(value, flint.fmpq):
            return value
        if isinstance(value, float) and not math.isfinite(value):
            raise DerivationError(f"{value} is no rational number")
        fraction = Fraction(value)
        return flint.fmpq(fraction.numerator, fraction.denominator)

    def constant(self, numerator: int, denominator: int = 1) -> flint.fmpq:
        return flint.fmpq(numerator, denominator)

    def infinity(self, sign: int) -> Any:
        raise DerivationError("inf is not rational: evaluate in balls instead of exactly")

    def pi(self) -> Any:
        raise DerivationError("pi is not rational: evaluate in balls instead of exactly")

    def power(self, base: Array, exponent: Fraction) -> Array:
        if exponent.denominator != 1:
            raise DerivationError("roots are not rational: evaluate in balls instead of exactly")
        whole = int(exponent)

        def raised(value: Any) -> Any:
            return _UNDEFINED if whole < 0 and value == 0 else value**whole

        return _each(raised, base)

    def function(self, name: str, argument: Array) -> Array:
        if name not in {"abs", "sign"}:
            raise DerivationError(f"{name} leaves the rationals: evaluate in balls instead of exactly")
        return _each(abs if name == "abs" else _sign, argument)

    def finish(self, array: Array) -> Array:
        def shown(value: Any) -> Fraction:
            if value is _UNDEFINED:
                raise DerivationError("a division by zero at these values")
            value = flint.fmpq(value)
            return Fraction(int(value.p), int(value.q))

        return _each(shown, boxed(array))


class Balls(_Objects):
    """Balls (midpoint and radius) at a precision in bits: every result encloses the exact value."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def context(self) -> AbstractContextManager:
        return flint.ctx.workprec(self.bits)

    def array(self, values: Any) -> Array:
        array = np.asarray(values)
        return _each(flint.arb, array) if array.dtype.kind in "iuf" else super().array(array)

    def number(self, value: Any) -> flint.arb:
        if isinstance(value, Fraction):
            return flint.arb(flint.fmpq(value.numerator, value.denominator))
        return flint.arb(value)

    def constant(self, numerator: int, denominator: int = 1) -> flint.arb:
        return flint.arb(flint.fmpq(numerator, denominator))

    def infinity(self, sign: int) -> flint.arb:
        return flint.arb(sign * math.inf)

    def pi(self) -> flint.arb:
        return flint.arb.pi()

    def power(self, base: Array, exponent: Fraction) -> Array:
        return _each(lambda value: _ball_power(value, exponent), base)

    def functions(self) -> dict[str, Callable]:
        return _BALL_FUNCTIONS

    def matmul(self, left: Array, right: Array) -> Array:
        """Flint's products of matrices round blocks of terms together: as thin, and forty times as fast."""
        pairs = zip(left, right, strict=True)
        products = [(flint.arb_mat(a.tolist()) * flint.arb_mat(b.tolist())).table() for a, b in pairs]
        return np.array(products, dtype=object)

    def union(self, yes: flint.arb, no: flint.arb) -> flint.arb:
        return flint.arb(yes).union(flint.arb(no))


class Series(_Objects):
    """Power series over balls: value and derivatives along one direction, forward mode; two terms are of first order.

    Nothing here knows the rules of `calculus` or `backward`: flint's own series arithmetic carries the derivative.
    """

    def __init__(self, bits: int, terms: int = 2) -> None:
        self.bits = bits
        self.terms = terms

    @contextmanager
    def context(self) -> Iterator[None]:
        cap = flint.ctx.cap
        flint.ctx.cap = self.terms
        try:
            with flint.ctx.workprec(self.bits):
                yield
        finally:
            flint.ctx.cap = cap

    def number(self, value: Any) -> flint.arb_series:
        if isinstance(value, Fraction):
            value = flint.fmpq(value.numerator, value.denominator)
        return flint.arb_series([flint.arb(value)])

    def along(self, values: Any, direction: Any) -> Array:
        """values + t*direction."""
        made = np.frompyfunc(lambda v, w: flint.arb_series([flint.arb(v), flint.arb(w)]), 2, 1)
        return boxed(made(np.asarray(values, dtype=object), np.asarray(direction, dtype=object)))

    def constant(self, numerator: int, denominator: int = 1) -> flint.arb_series:
        return flint.arb_series([flint.arb(flint.fmpq(numerator, denominator))])

    def infinity(self, sign: int) -> flint.arb_series:
        return flint.arb_series([flint.arb(sign * math.inf)])

    def pi(self) -> flint.arb_series:
        return flint.arb_series([flint.arb.pi()])

    def power(self, base: Array, exponent: Fraction) -> Array:
        return _each(lambda value: _series_power(value, exponent), base)

    def functions(self) -> dict[str, Callable]:
        return _SERIES_FUNCTIONS

    def comparable(self, value: Any) -> flint.arb:
        return value[0] if isinstance(value, flint.arb_series) else flint.arb(value)


Field = Floats | Rationals | Balls | Series


class _Undefined:
    """A division by zero inside a branch that is not taken; it poisons whatever it touches."""

    def __repr__(self) -> str:
        return "undefined"


def _poisoned(self: _Undefined, *_: Any) -> _Undefined:
    return self


for _operation in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow", "neg", "abs"):
    setattr(_Undefined, f"__{_operation}__", _poisoned)
for _operation in ("lt", "le", "gt", "ge"):
    setattr(_Undefined, f"__{_operation}__", lambda self, other: False)
_UNDEFINED = _Undefined()


def field_for(precision: int | str) -> Field:
    """The field that `precision` names: bits for balls, "exact" or "float64".

    Raises DerivationError for anything else.
    """
    if precision == "exact":
        return Rationals()
    if precision == "float64":
        return Floats()
    if isinstance(precision, int) and not isinstance(precision, bool) and 2 <= precision <= 1_000_000:
        return Balls(precision)
    raise DerivationError(f'precision is a number of bits (2 to 1000000), "exact" or "float64", not {precision!r}')


def _float_erf(array: Array) -> Array:
    from scipy.special import erf  # heavy, and few layers need it

    return erf(array)


def boxed(value: Any) -> Array:
    """An array as it is; a lone number as an array of rank 0 (NumPy unpacks those, and would iterate over a series)."""
    if isinstance(value, np.ndarray):
        return value
    box = np.empty((), dtype=object if not isinstance(value, np.generic) else value.dtype)
    box[()] = value
    return box


def _each(function: Callable, array: Array) -> Array:
    return boxed(np.frompyfunc(function, 1, 1)(array))


def _sign(value: Any) -> Any:
    return (value > 0) - (value < 0) if value is not _UNDEFINED else value


def _ball_power(value: flint.arb, exponent: Fraction) -> flint.arb:
    value = flint.arb(value)
    if exponent.denominator == 1:
        # flint takes a logarithm, and has none where the ball holds 0.
        product = exponent > 0 and value.contains(0)
        return math.prod([value] * int(exponent), start=flint.arb(1)) if product else value ** int(exponent)
    if exponent.denominator == 2:
        root = value.sqrt() if exponent > 0 else value.rsqrt()
        return root ** abs(exponent.numerator)
    return value ** flint.arb(flint.fmpq(exponent.numerator, exponent.denominator))


def _ball_sigmoid(value: flint.arb) -> flint.arb:
    # 1/(1 + exp(-x)) keeps the ball thin on the right, exp(x)/(1 + exp(x)) on the left.
    if value < 0:
        grown = value.exp()
        return grown / (1 + grown)
    return 1 / (1 + (-value).exp())


def _ball_sign(value: flint.arb) -> flint.arb:
    return flint.arb(value).sgn()


def _series_power(value: flint.arb_series, exponent: Fraction) -> flint.arb_series:
    if exponent.denominator == 1:
        whole = int(exponent)
        if whole == 0:
            return flint.arb_series([1])
        power, square, left = flint.arb_series([1]), value, abs(whole)
        while left:
            power = power * square if left & 1 else power
            square, left = square * square, left >> 1
        return _series_reciprocal(power) if whole < 0 else power
    if exponent.denominator == 2:
        return _series_power(value.sqrt() if exponent > 0 else value.rsqrt(), Fraction(abs(exponent.numerator)))
    return (value.log() * flint.arb_series([flint.arb(flint.fmpq(exponent.numerator, exponent.denominator))])).exp()


def _series_reciprocal(value: flint.arb_series) -> flint.arb_series:
    # A branch that is not taken may divide by zero, which flint refuses for series.
    return 1 / value if value[0] != 0 else flint.arb_series([flint.arb.nan()] * flint.ctx.cap)


def _series_sigmoid(value: flint.arb_series) -> flint.arb_series:
    return 1 / (1 + (-value).exp())


def _series_tanh(value: flint.arb_series) -> flint.arb_series:
    return 1 - 2 / (1 + (2 * value).exp())


def _series_abs(value: flint.arb_series) -> flint.arb_series:
    if value[0] == 0:  # the convention: slope 0 at the kink
        return flint.arb_series([0])
    if value[0] > 0 or value[0] < 0:
        return value if value[0] > 0 else -value
    raise DerivationError("a value is too close to a kink to tell on which side it lies")


def _series_sign(value: flint.arb_series) -> flint.arb_series:
    return flint.arb_series([value[0].sgn()])


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_PYTHON_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_NUMPY_COMPARISONS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_FLOAT_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
    "erf": lambda x: _float_erf(x),
    "sin": np.sin,
    "cos": np.cos,
    "abs": np.abs,
    "sign": np.sign,
    # An activation that stays unnamed is evaluated as the logistic function, which stands in for it.
    "sigma": lambda x: _FLOAT_FUNCTIONS["sigmoid"](x),
    "sigma_prime": lambda x: _FLOAT_FUNCTIONS["sigmoid"](x) * _FLOAT_FUNCTIONS["sigmoid"](-x),
}
_BALL_FUNCTIONS: dict[str, Callable] = {
    "exp": lambda x: flint.arb(x).exp(),
    "log": lambda x: flint.arb(x).log(),
    "tanh": lambda x: flint.arb(x).tanh(),
    "sigmoid": lambda x: _ball_sigmoid(flint.arb(x)),
    "erf": lambda x: flint.arb(x).erf(),
    "sin": lambda x: flint.arb(x).sin(),
    "cos": lambda x: flint.arb(x).cos(),
    "abs": lambda x: abs(flint.arb(x)),
    "sign": _ball_sign,
    "sigma": lambda x: _ball_sigmoid(flint.arb(x)),
    "sigma_prime": lambda x: _ball_sigmoid(flint.arb(x)) * _ball_sigmoid(-flint.arb(x)),
}
_SERIES_FUNCTIONS: dict[str, Callable] = {
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "tanh": _series_tanh,
    "sigmoid": _series_sigmoid,
    "erf": lambda x: x.erf(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "abs": _series_abs,
    "sign": _series_sign,
    "sigma": _series_sigmoid,
    "sigma_prime": lambda x: _series_sigmoid(x) * _series_sigmoid(-x),
}
