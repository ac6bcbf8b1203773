"""Is this step, this claim, this learner's line true? A proof or a counterexample.

Three kinds of evidence, named for what they are:
- proved for all sizes: both sides have the same normal form (`normal`);
- exact at random rational points: rational functions, with the chance of error bounded by Schwartz and Zippel
  (Schwartz, 1980, J. ACM 27(4), Lemma 1: at most degree / number of values per variable);
- certified at random points: balls of high precision that overlap to 1e-50 (anything with exp, log, erf, roots).

The derivation as a whole is held against the true derivative: power series of balls carried forward through the
equations (`fields.Series`), which know nothing of the rules by which the backward equations were derived.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import flint
import numpy as np
import sympy as sp

from derivations.expressions import (
    Elementary,
    entries,
    entry_indices,
    entry_name,
    tensor_names,
    walk,
    with_fresh_bounds,
)
from derivations.fields import Balls, Rationals, Series
from derivations.layer import Claim, DerivationError, Equation, Layer, Range, Tensor
from derivations.normal import TooHardError, vanishes
from derivations.ranges import Known
from derivations.schedule import schedule

if TYPE_CHECKING:
    from derivations.backward import Derivation, Step

BITS = 256
AGREEMENT = 1e-50
POINTS = 12
WITNESS_POINTS = 40
LARGEST_SIZE = 3
MOST_PLACES = 3000
SEED = 2019  # any seed does; a fixed one makes a report repeatable
SPREAD = 40  # bits of the whole numbers that rational functions are evaluated at
LEFT, RIGHT = "left side", "right side"  # no tensor of a layer has a blank in its name
LARGEST_SUM = 10**3  # no sum that is evaluated here has more terms


@dataclass(frozen=True)
class Counterexample:
    """Values at which two expressions differ: sizes, tensors, the entry, and what each side gives there."""

    sizes: Mapping[str, int]
    values: Mapping[str, Any]
    entry: tuple[int, ...]
    left: float
    right: float

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        values = ", ".join(f"{name} = {_shown(value)}" for name, value in self.values.items())
        where = f" at {list(self.entry)}" if self.entry else ""
        parts = ", ".join(part for part in (sizes, values) if part)
        return f"with {parts}: {_number(self.left)} on the left, {_number(self.right)} on the right{where}"


@dataclass(frozen=True)
class Proof:
    """Whether something holds, and how that is known."""

    holds: bool
    method: str
    for_all_sizes: bool = False
    counterexample: Counterexample | None = None

    @property
    def verdict(self) -> str:
        """proved, certified, refuted or open."""
        if self.for_all_sizes:
            return "proved"
        if self.holds:
            return "certified"
        return "refuted" if self.counterexample is not None else "open"

    def __str__(self) -> str:
        if self.counterexample is not None:
            return f"refuted: {self.counterexample}"
        return f"{self.verdict}: {self.method}"


def prove(
    left: sp.Expr,
    right: sp.Expr,
    layer: Layer,
    ranges: Mapping[sp.Symbol, Range],
    given: Sequence[Equation] = (),
) -> Proof:
    """Whether two expressions are the same function, given some equations.

    Tensors that `given` defines are written out; all others may be anything.
    """
    known = Known.of(layer, ranges)
    tried: set[sp.Expr] = set()
    for rewritten, how in _rewritten(left, right, given):
        if rewritten not in tried and _vanishes(rewritten, known):
            return Proof(True, f"the same normal form{how}, for all sizes", for_all_sizes=True)
        tried.add(rewritten)
    return _at_points(left, right, layer, ranges, given)


def _rewritten(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Iterator[tuple[sp.Expr, str]]:
    """The difference of two expressions, definition by definition written out; equals replace equals."""
    yield left - right, ""
    defining = next((e for e in given if isinstance(left, sp.Indexed) and e.name == entry_name(left)), None)
    if defining is not None:
        yield (left := _written_out(left, defining)) - right, " once its definition is written out"
    for difference in _one_sided(left, right, given):
        yield difference, " once what only one side names is written out"
    # What divides or stands under a root, such as v + eps, is most often the same on both sides: it stays named.
    yield inline(left - right, given, opaque=_divides), " once the definitions are written out"
    yield inline(left - right, given), " once the definitions are written out"
    for expression in unrolled(left - right, given, without=defining):
        yield inline(expression, given), " once the recurrence is written out"


def _one_sided(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Iterator[sp.Expr]:
    """The difference with one tensor after the other written out that only one side names, those computed last first.

    What both sides name is most often the same on both: it stays as short as it is.
    """
    for group in reversed(schedule(given)):
        for equation in reversed(group.equations):
            named = [any(entries(side, equation.name)) for side in (left, right)]
            if named[0] != named[1]:
                opaque = _nothing if group.axis is None else _elementary
                left, right = (_written_out(side, equation, opaque) for side in (left, right))
                yield left - right


def prove_claim(claim: Claim, derivation: Derivation) -> Proof:
    """Whether a claim about a layer's tensors and cotangents follows from its equations."""
    return prove(claim.lhs, claim.rhs, derivation.layer, claim.ranges, derivation.equations)


def _nothing(node: sp.Basic) -> bool:
    return False


def _elementary(node: sp.Basic) -> bool:
    return isinstance(node, Elementary)


def _divides(node: sp.Basic) -> bool:
    return isinstance(node, sp.Pow) and not (node.exp.is_Integer and node.exp.is_positive)


def inline(expression: sp.Expr, given: Sequence[Equation], opaque: Callable[[sp.Basic], bool] = _nothing) -> sp.Expr:
    """Write out every tensor that an equation defines, except inside what is `opaque`; recurrences stay as they are."""
    for group in reversed(schedule(given)):
        if group.axis is None:
            for equation in group.equations:
                expression = _written_out(expression, equation, opaque)
    return expression


def _written_out(expression: sp.Expr, equation: Equation, opaque: Callable[[sp.Basic], bool] = _nothing) -> sp.Expr:
    """The expression with every entry of a tensor written out, except inside what is `opaque`."""
    indices = entry_indices(equation.lhs)

    def visit(node: sp.Basic) -> sp.Basic:
        if node == equation.lhs and not indices:
            return with_fresh_bounds(equation.rhs)
        if not node.args or opaque(node):
            return node
        if isinstance(node, sp.Indexed):
            if node.base.name != equation.name:
                return node
            here = dict(zip(indices, node.indices, strict=True))
            return with_fresh_bounds(equation.rhs).xreplace(here)
        return node.func(*(visit(part) for part in node.args))

    return visit(with_fresh_bounds(expression)) if any(entries(expression, equation.name)) else expression


def unrolled(expression: sp.Expr, given: Sequence[Equation], without: Equation | None = None) -> Iterator[sp.Expr]:
    """The expression with one tensor of a recurrence after the other written out once, those computed last first.

    What that brings in of earlier steps stays as it is, and so does what stands inside functions, as the state does
    inside the function that makes the next one: there is no end to a recurrence.
    """
    yield expression
    for group in reversed(schedule(given)):
        for equation in reversed(group.equations):
            if group.axis is not None and equation is not without and any(entries(expression, equation.name)):
                expression = _written_out(expression, equation, opaque=_elementary)
                yield expression


def _vanishes(difference: sp.Expr, known: Known) -> bool:
    try:
        return vanishes(difference, known)
    except TooHardError:
        return False


# --------------------------------------------------------------------------------------------------- points


@dataclass(frozen=True)
class _Question:
    """Two expressions, ready to be evaluated side by side."""

    layer: Layer
    left: Equation
    right: Equation
    given: tuple[Equation, ...]
    free: tuple[Tensor, ...] = field(default=())

    @classmethod
    def of(cls, left, right, layer, ranges, given) -> _Question:
        indices = [i for i in ranges if left.has(i) or right.has(i)]
        ranges = {i: ranges[i] for i in indices}
        sizes = tuple(ranges[i][1] + 1 for i in indices)
        place = tuple(indices)
        equations = (
            Equation(Tensor(LEFT, sizes)[place], left, ranges),
            Equation(Tensor(RIGHT, sizes)[place], right, ranges),
        )
        by_name = {equation.name: equation for equation in given}
        needed = _closure(equations, by_name)
        tensors = {
            f"d{t.name}{end}": Tensor(f"d{t.name}{end}", t.sizes) for t in layer.tensors for end in ("", "_total")
        }
        tensors |= {t.name: t for t in layer.tensors if t.name in layer.defined}
        used = {name for e in [*equations, *(by_name[n] for n in needed)] for name in tensor_names(e.rhs)}
        free = tuple(tensors[name] for name in sorted(used) if name in tensors and name not in needed)
        return cls(layer, equations[0], equations[1], tuple(by_name[name] for name in needed), free)

    def evaluate(self, values: Mapping[str, Any], field: Any) -> tuple[np.ndarray, np.ndarray]:
        from derivations.evaluate import evaluate_equations

        equations = [*self.given, self.left, self.right]
        results = evaluate_equations(self.layer, equations, values, field, given=self.free)
        return results[LEFT], results[RIGHT]

    def is_rational(self) -> bool:
        """Whether nothing but + - * / and whole powers stands in the expressions and in what they are given by."""
        nodes = [node for e in (self.left, self.right, *self.given) for node in walk(e.rhs)]
        roots = any(isinstance(n, sp.Pow) and not n.exp.is_Integer for n in nodes)
        free = {name for e in (self.left, self.right, *self.given) for name in tensor_names(e.rhs)}
        recurrent = any(group.axis is not None for group in schedule(self.given))
        return not (roots or recurrent or any(isinstance(n, sp.Function) or n is sp.pi for n in nodes)) and bool(free)

    def names_shown(self) -> list[str]:
        """The inputs that a reader needs to follow a counterexample."""
        equations = [self.left, self.right, *self.given]
        used = {name for equation in equations for name in tensor_names(equation.rhs)}
        return [t.name for t in (*self.layer.inputs, *self.free) if t.name in used] + [
            o.name for o in self.layer.options if any(e.rhs.has(o.symbol) for e in equations)
        ]


def _closure(equations: Iterable[Equation], by_name: Mapping[str, Equation]) -> list[str]:
    needed: dict[str, None] = {}
    todo = list(equations)
    while todo:
        for name in tensor_names(todo.pop().rhs):
            if name in by_name and name not in needed:
                needed[name] = None
                todo.append(by_name[name])
    return list(needed)


def _at_points(left, right, layer, ranges, given) -> Proof:
    question = _Question.of(left, right, layer, ranges, given)
    rng = np.random.default_rng(SEED)
    if question.is_rational():
        return _at_rational_points(question, rng)
    agreed = 0
    for sizes in itertools.islice(sizes_at_random(layer, rng), 4 * POINTS):
        if agreed == POINTS:
            break
        verdict = _compare(question, _random_values(question, sizes, rng))
        if verdict is False:
            return Proof(
                False, "two values that differ", counterexample=_simplest(question) or _any(question, sizes, rng)
            )
        agreed += verdict is True
    if agreed:
        return Proof(True, f"balls that agree to 1e-50 at {agreed} random points over several sizes")
    return Proof(False, "no point was found at which both sides could be evaluated")


def _at_rational_points(question: _Question, rng: np.random.Generator) -> Proof:
    """Exact evaluation at random whole numbers: a difference that is not 0 is seen almost surely."""
    agreed = 0
    degree = max(_degree(e.rhs, {g.name: g for g in question.given}) for e in (question.left, question.right))
    for sizes in itertools.islice(sizes_at_random(question.layer, rng), 4 * POINTS):
        if agreed == POINTS:
            break
        values = _random_values(question, sizes, rng)
        for name, value in values.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                values[name] = rng.integers(1, 2**SPREAD, size=value.shape).astype(float)
        try:
            left, right = question.evaluate(values, Rationals())
        except DerivationError:
            continue
        if (left != right).any():
            return Proof(
                False, "two values that differ", counterexample=_simplest(question) or _any(question, sizes, rng)
            )
        agreed += 1
    if not agreed:
        return Proof(False, "no point was found at which both sides could be evaluated")
    chance = f"2**{math.ceil(agreed * (math.log2(2 * degree) - SPREAD))}"
    return Proof(
        True, f"exact at {agreed} random points over several sizes; wrong at these sizes with a chance below {chance}"
    )


def _degree(expression: sp.Expr, given: Mapping[str, Equation]) -> int:
    """A bound on the degrees of numerator and denominator, as polynomials in the tensors' entries."""
    if isinstance(expression, sp.Indexed | sp.Symbol):
        name = entry_name(expression)
        return _degree(given[name].rhs, given) if name in given else 1
    if isinstance(expression, sp.Pow):
        return abs(int(expression.exp)) * _degree(expression.base, given)
    if isinstance(expression, sp.Sum):
        return LARGEST_SUM * _degree(expression.function, given)
    return max(1, sum(_degree(part, given) for part in expression.args if isinstance(part, sp.Expr)))


def _random_values(question: _Question, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, Any]:
    values = question.layer.random_inputs(sizes, rng)
    known = {**sizes, **{k: v for k, v in values.items() if isinstance(v, int)}}
    for tensor in question.free:
        shape = _shape(tensor, question.layer, known)
        values[tensor.name] = np.round(rng.standard_normal(shape) * 512) / 512
    return values


def _shape(tensor: Tensor, layer: Layer, sizes: Mapping[str, int]) -> tuple[int, ...]:
    from derivations.evaluate import concrete_sizes, concrete_value

    known = concrete_sizes(layer, sizes)
    return tuple(concrete_value(size, known) for size in tensor.sizes)


def _compare(question: _Question, values: Mapping[str, Any]) -> bool | None:
    """True: equal to 1e-50; False: different; None: cannot be told here."""
    try:
        left, right = question.evaluate(values, Balls(BITS))
    except DerivationError:
        return None
    with flint.ctx.workprec(BITS):
        pairs = list(zip(left.ravel(), right.ravel(), strict=True))
        if any(not (flint.arb(a).is_finite() and flint.arb(b).is_finite()) for a, b in pairs):
            return None
        if any(not flint.arb(a).overlaps(flint.arb(b)) for a, b in pairs):
            return False
        return True if all(_thin(a) and _thin(b) for a, b in pairs) else None


def _thin(ball: flint.arb) -> bool:
    return flint.arb(ball).rad() <= AGREEMENT * (1 + abs(flint.arb(ball).mid()))


def sizes_at_random(layer: Layer, rng: np.random.Generator) -> Iterator[dict[str, int]]:
    """Concrete sizes and integer options at which a layer makes sense: all ones first, then small ones at random."""
    integer_options = [option for option in layer.options if option.integer]
    first = dict.fromkeys(layer.size_names, 1)
    attempts = itertools.chain([first], (_draw(layer, integer_options, rng) for _ in range(500)))
    for sizes in attempts:
        settled = _settled(layer, sizes, rng)
        if settled is not None:
            yield settled


def _draw(layer: Layer, options: Sequence[Any], rng: np.random.Generator) -> dict[str, int]:
    largest = LARGEST_SIZE + 2 * bool(layer.size_definitions)
    sizes = {name: int(rng.integers(1, largest + 1)) for name in layer.size_names}
    for option in options:
        if option.high is None:
            sizes[option.name] = int(rng.integers(1 if option.positive else 0, 3))
    return sizes


def _settled(layer: Layer, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, int] | None:
    """The sizes and whole options; None where some tensor has no shape, or a step would have too much to sum over."""
    from derivations.evaluate import concrete_sizes, settled_sizes

    try:
        settled = settled_sizes(layer, sizes, rng)
        known = concrete_sizes(layer, settled)
    except DerivationError:
        return None
    return settled if math.prod(size for name, size in known.items() if name[0].isupper()) <= MOST_PLACES else None


# ------------------------------------------------------------------------------------------- counterexamples


def _simplest(question: _Question) -> Counterexample | None:
    """The smallest sizes, and for them the simplest whole numbers, at which the sides differ."""
    layer = question.layer
    options = {option.name: 1 for option in layer.options if option.integer and option.high is None}
    choices = itertools.product((1, 2, 3), repeat=len(layer.size_names)) if len(layer.size_names) <= 6 else [(2,) * 99]
    for sizes in sorted(choices, key=lambda s: (sum(s), max(s, default=0), s)):
        known = _settled(
            layer, {**dict(zip(layer.size_names, sizes, strict=False)), **options}, np.random.default_rng(0)
        )
        if known is None:
            continue
        for style in range(4):
            values = _whole_values(question, known, style)
            found = _difference(question, known, values)
            if found is not None:
                return found
        if sum(sizes) > len(sizes) + 4:
            return None
    return None


def _whole_values(question: _Question, sizes: Mapping[str, int], style: int) -> dict[str, Any]:
    """Ones; counting up; counting with signs; small whole numbers at random."""
    rng = np.random.default_rng(style)
    values = question.layer.random_inputs(sizes, rng)
    shapes = {t.name: np.shape(values[t.name]) for t in question.layer.inputs if not t.integer}
    positive = {t.name for t in question.layer.inputs if t.positive}
    shapes |= {t.name: _shape(t, question.layer, {**sizes, **_ints(values)}) for t in question.free}
    start = 1
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        numbers: np.ndarray = np.ones(count)
        if style == 1:
            numbers = np.arange(start, start + count)
        elif style == 2:
            numbers = np.arange(start, start + count) * np.where(np.arange(count) % 2, -1, 1)
        elif style == 3:
            numbers = rng.integers(-2, 3, size=count)
        start += count if style in {1, 2} else 0
        values[name] = (np.abs(numbers) + (numbers == 0) if name in positive else numbers).astype(float).reshape(shape)
    for option in question.layer.options:
        if not option.integer:
            values[option.name] = 1.0
    return values


def _ints(values: Mapping[str, Any]) -> dict[str, int]:
    return {name: value for name, value in values.items() if isinstance(value, int)}


def _difference(question: _Question, sizes: Mapping[str, int], values: Mapping[str, Any]) -> Counterexample | None:
    if _compare(question, values) is not False:
        return None
    left, right = question.evaluate(values, Balls(BITS))
    with flint.ctx.workprec(BITS):
        for entry in np.ndindex(left.shape):
            a, b = flint.arb(left[entry]), flint.arb(right[entry])
            if not a.overlaps(b):
                shown = {name: values[name] for name in question.names_shown()}
                return Counterexample(dict(sizes), shown, entry, float(a.mid()), float(b.mid()))
    return None


def _any(question: _Question, sizes: Mapping[str, int], rng: np.random.Generator) -> Counterexample | None:
    for _ in range(20):
        found = _difference(question, sizes, _random_values(question, sizes, rng))
        if found is not None:
            return found
    return None


def _shown(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(float(array))
    return "[" + ", ".join(_shown(part) for part in array) + "]"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"


# ----------------------------------------------------------------------------------------- the true derivative


def enclosed(derivation: Derivation, points: int = WITNESS_POINTS) -> Proof:
    """The derived cotangents against the derivative that power series carry forward, along a random direction."""
    layer = derivation.layer
    targets = [name[1:] for name in derivation.cotangents]
    rng = np.random.default_rng(SEED)
    agreed = 0
    for sizes in itertools.islice(_witness_sizes(layer, rng), 3 * points):
        if agreed == points:
            break
        values = layer.random_inputs(sizes, rng)
        known = {**sizes, **_ints(values)}
        for tensor in derivation.given:
            values[tensor.name] = np.round(rng.standard_normal(_shape(tensor, layer, known)) * 512) / 512
        direction = {name: np.round(rng.standard_normal(np.shape(values[name])) * 512) / 512 for name in targets}
        verdict = _encloses(derivation, values, direction)
        if verdict is False:
            return Proof(False, f"the derivative that series carry forward differs, at sizes {sizes}")
        agreed += verdict is True
    if not agreed:
        return Proof(False, "no point was found at which the derivative could be enclosed")
    return Proof(True, f"enclosed by the true derivative at {agreed} points, to 1e-50")


def _witness_sizes(layer: Layer, rng: np.random.Generator) -> Iterator[dict[str, int]]:
    while some := list(itertools.islice(sizes_at_random(layer, rng), 20)):
        yield from some


def _encloses(derivation: Derivation, values: Mapping[str, Any], direction: Mapping[str, np.ndarray]) -> bool | None:
    from derivations.evaluate import evaluate_equations

    layer = derivation.layer
    series = Series(BITS)
    try:
        with series.context():
            moved = {name: series.along(values[name], direction[name]) for name in direction}
        outputs = evaluate_equations(layer, layer.equations, {**values, **moved}, series)
        derived = evaluate_equations(layer, derivation.equations, values, Balls(BITS), given=derivation.given)
    except DerivationError:
        return None
    with series.context():
        forward, backward = flint.arb(0), flint.arb(0)
        for tensor in layer.outputs:
            for ball, cotangent in _pairs(outputs[tensor.name], values[f"d{tensor.name}"]):
                forward += flint.arb_series(ball)[1] * flint.arb(cotangent)
        for name, along in direction.items():
            for ball, step in _pairs(derived[f"d{name}"], along):
                backward += flint.arb(ball) * flint.arb(step)
        return _same_ball(forward, backward)


def _same_ball(left: flint.arb, right: flint.arb) -> bool | None:
    if not (left.is_finite() and right.is_finite()):
        return None
    if not left.overlaps(right):
        return False
    return True if _thin(left) and _thin(right) else None


def _pairs(left: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    return zip(np.asarray(left, dtype=object).ravel(), np.asarray(right, dtype=float).ravel().tolist(), strict=True)


def derivative_agrees(step: Step) -> Proof:
    """The step that differentiates, against power series carried through the equations that use the tensor."""
    from derivations.evaluate import evaluate_equations
    from derivations.schedule import users

    layer, target = step.layer, step.layer.by_name[step.target]
    rng = np.random.default_rng(SEED)
    question = _Question.of(step.after_expression, sp.S.Zero, layer, step.ranges, ())
    consumers = users(layer.equations, target.name)
    agreed = 0
    for sizes in itertools.islice(sizes_at_random(layer, rng), 3 * POINTS):
        if agreed == POINTS:
            break
        values = _random_values(question, sizes, rng)
        known = {**sizes, **_ints(values)}
        direction = np.round(rng.standard_normal(_shape(target, layer, known)) * 512) / 512
        cotangents = {e.name: _cotangent_values(e, layer, values, known, rng) for e in consumers}
        outside = _total_name(step)
        if outside is not None and outside not in values:
            values[outside] = _drawn(target, layer, known, rng)
        series = Series(BITS)
        try:
            slopes, _ = question.evaluate(values, Balls(BITS))
            defined = [t for t in (*layer.intermediates, *layer.outputs)]
            point = {**values}
            for tensor in defined:
                point.setdefault(tensor.name, np.round(rng.standard_normal(_shape(tensor, layer, known)) * 512) / 512)
            with series.context():
                point[target.name] = series.along(point[target.name], direction)
            renamed = [
                Equation(Tensor(f"{e.name}'", layer.by_name[e.name].sizes)[e.indices], e.rhs, e.ranges)
                for e in consumers
            ]
            moved = evaluate_equations(layer, renamed, point, series, given=defined)
        except DerivationError:
            continue
        with series.context():
            forward, backward = flint.arb(0), flint.arb(0)
            for equation in consumers:
                for ball, cotangent in _pairs(moved[f"{equation.name}'"], cotangents[equation.name]):
                    forward += flint.arb_series(ball)[1] * flint.arb(cotangent)
            full = np.broadcast_to(slopes.reshape(_spread(step, slopes)), direction.shape)
            for ball, along in _pairs(full, direction):
                backward += flint.arb(ball) * flint.arb(along)
            if outside is not None:
                for given, along in _pairs(np.asarray(values[outside], dtype=object), direction):
                    forward += flint.arb(given) * flint.arb(along)
            verdict = _same_ball(forward, backward)
        if verdict is False:
            return Proof(False, f"the derivative that series carry forward differs, at sizes {sizes}")
        agreed += verdict is True
    if not agreed:
        return Proof(False, "no point was found at which the derivative could be enclosed")
    return Proof(True, f"enclosed by the true derivative at {agreed} points, to 1e-50")


def _total_name(step: Step) -> str | None:
    """The cotangent from outside that is added to what the consumers hand back."""
    return f"d{step.target}" if step.target in step.layer.output_names else None


def _cotangent_values(equation: Equation, layer: Layer, values: Mapping[str, Any], known, rng) -> Any:
    for name in (f"d{equation.name}_total", f"d{equation.name}"):
        if name in values:
            return values[name]
    # A line that does not name this cotangent may have dropped its term: it is never 0 here.
    return _drawn(layer.by_name[equation.name], layer, known, rng)


def _drawn(tensor: Tensor, layer: Layer, known: Mapping[str, int], rng: np.random.Generator) -> np.ndarray:
    return np.round(rng.standard_normal(_shape(tensor, layer, known)) * 512) / 512


def _spread(step: Step, slopes: np.ndarray) -> tuple[int, ...]:
    """The shape that puts the axes which occur at their places among the target's, size 1 elsewhere."""
    lengths = iter(slopes.shape)
    return tuple(next(lengths) if step.after_expression.has(index) else 1 for index in step.ranges)
