"""What kind of wrong is it? Wrong forms are built from the truth, and those that equal the answer are named.

A form is tried at random points first, in float64; what agrees there is told only if it is proved to be the answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from derivations.affine import TooHardError
from derivations.backward import Partial, derive
from derivations.evaluate import evaluate_equations
from derivations.expressions import BINDERS, INDICATORS, entry_indices, tensor_entry, tensor_names, with_fresh_bounds
from derivations.layer import DerivationError, Equation, Tensor, option_symbol, size_symbol
from derivations.notation import Reader
from derivations.practice.deciding import Comparison
from derivations.practice.problem import Problem
from derivations.practice.reading import Statement
from derivations.practice.wrong_forms import Form, Truth, wrong_forms
from derivations.proof import inline
from derivations.sampling import drawn, points, settled, shape_of, whole

MOST_FORMS = 400  # that are tried
MORE_FORMS = 12  # that are tried once one is found
MOST_DIAGNOSES = 2
MOST_SHAPES = 6  # of the truth that wrong forms are built from
SEED = 3
ROUNDED, TEN_DIGITS = 0.05, 10**10  # what two digits leave; a decimal is so many times a whole number
CLOSE = 1e-9  # float64 has 16 digits, and the numbers at the points have few
SIZES = ((2, 3, 4, 5), (3, 2, 5, 2), (2, 3), (3, 2))


def diagnose(problem: Problem, statement: Statement) -> tuple[str, ...]:
    """What a wrong answer is instead of the truth, likeliest first; empty where no form that is known is proved."""
    if statement.misfit is not None:
        return _of_another_shape(problem, statement)
    if (letter := _free_letter(problem, statement)) is not None:
        return (letter,)
    bench = Bench(problem, statement)
    if not bench.points:
        return ()
    if bench.is_rounded:
        return ("this is near the truth, as if it was rounded: write it exactly, as 3/32 or log(2)",)
    found: dict[str, None] = {}
    left = MOST_FORMS
    for sentence, form in _hypotheses(bench):
        if sentence not in found and bench.agrees(form) and bench.is_the_answer(form):
            found[sentence] = None
            left = min(left, MORE_FORMS)
        left -= 1
        if left <= 0 or len(found) == MOST_DIAGNOSES:
            break
    return tuple(found)


@dataclass(frozen=True)
class Bench:
    """Points at which forms are held against an answer."""

    problem: Problem
    statement: Statement

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Everything that a form may name and that is no input."""
        layer = self.problem.layer
        return {**Reader.about(layer).cotangents, **{n: layer.by_name[n] for n in layer.defined}}

    @cached_property
    def points(self) -> list[dict[str, Any]]:
        """Values of everything at two places, of different sizes, at which the answer and the truth have values."""
        found: list[dict[str, Any]] = []
        for values in self._values():
            sides = [self._at(side, values) for side in (self.statement.expression, self.statement.target.truth)]
            if all(side is not None and np.isfinite(side).all() for side in sides):
                found.append(values)
            if len(found) == 2:
                break
        return found

    def _values(self) -> Iterator[dict[str, Any]]:
        layer, rng = self.problem.layer, np.random.default_rng(SEED)
        defined = {equation.name for equation in self.problem.given}
        for sizes in self._sizes(rng):
            try:
                values = layer.random_inputs(sizes, rng)
                known = {**sizes, **whole(values)}
                free = [t for name, t in self.tensors.items() if name not in defined]
                values |= {t.name: drawn(shape_of(t, layer, known), rng) for t in free}
                values |= evaluate_equations(layer, self.problem.given, values, "float64", given=free)
            except DerivationError:
                continue
            yield {**known, **values}

    def _sizes(self, rng: np.random.Generator) -> Iterator[dict[str, int]]:
        layer = self.problem.layer
        for numbers in SIZES:
            sizes = settled(layer, dict(zip(layer.size_names, itertools.cycle(numbers), strict=False)), rng)
            if sizes is not None:
                yield sizes
        yield from (point.sizes for point in itertools.islice(points(layer, SEED), 1, 6))

    def _at(self, expression: sp.Expr, values: Mapping[str, Any]) -> np.ndarray | None:
        ranges = self.statement.ranges
        place = tuple(ranges)
        sizes = tuple(high + 1 for _, high in ranges.values())
        probe = Equation(Tensor("form", sizes)[place], expression, ranges)
        free = [self.tensors[name] for name in tensor_names(expression) if name in self.tensors]
        try:
            return evaluate_equations(self.problem.layer, [probe], values, "float64", given=free)["form"]
        except DerivationError:
            return None

    @cached_property
    def answers(self) -> list[np.ndarray]:
        """The answer at the points."""
        return [np.asarray(self._at(self.statement.expression, values)) for values in self.points]

    @cached_property
    def truths(self) -> list[np.ndarray]:
        """The truth at the points."""
        return [np.asarray(self._at(self.statement.target.truth, values)) for values in self.points]

    @cached_property
    def is_rounded(self) -> bool:
        """Whether the answer has decimals, and is off by no more than their rounding may be."""
        numbers = self.statement.expression.atoms(sp.Rational) - self.statement.target.truth.atoms(sp.Rational)
        decimals = [number for number in numbers if number.q > 1 and not TEN_DIGITS % number.q]
        pairs = zip(self.answers, self.truths, strict=True)
        return bool(decimals) and all(np.allclose(one, other, rtol=ROUNDED, atol=0) for one, other in pairs)

    def agrees(self, form: sp.Expr) -> bool:
        """Whether a form has the answer's numbers at the points."""
        return self._is_close(form, self.answers)

    def is_true(self, form: sp.Expr) -> bool:
        """Whether a form has the truth's numbers at the points."""
        return self._is_close(form, self.truths)

    def _is_close(self, form: sp.Expr, wanted: list[np.ndarray]) -> bool:
        for values, numbers in zip(self.points, wanted, strict=True):
            mine = self._at(form, values)
            if mine is None or not np.allclose(mine, numbers, rtol=CLOSE, atol=CLOSE * np.abs(numbers).max()):
                return False
        return True

    def is_the_answer(self, form: sp.Expr) -> bool:
        """Whether a form is proved to be the answer, or certified at points."""
        s, p = self.statement, self.problem
        return Comparison(with_fresh_bounds(form), s.expression, p.layer, s.ranges, p.given).is_certified()


def _free_letter(problem: Problem, statement: Statement) -> str | None:
    """That a letter which nothing binds stands where the letter that was asked for belongs, if that is all."""
    target, used = statement.target, statement.expression.free_symbols
    asked = [index for index in entry_indices(target.left) if index not in used]
    extra = [index for index in statement.ranges if index in used and index not in entry_indices(target.left)]
    if len(asked) != 1 or len(extra) != 1:
        return None
    meant = statement.expression.xreplace({extra[0]: asked[0]})
    if not _is(problem, meant, target.truth, target.ranges):
        return None
    return f"nothing binds the letter {extra[0]}: the truth has {asked[0]} there, the letter that was asked for"


def _hypotheses(bench: Bench) -> Iterator[Form]:
    problem, statement = bench.problem, bench.statement
    if statement.target.asked:
        yield from problem.mistakes
    yield from _constant_factors(bench)
    extra = tuple(i for i in statement.ranges if i not in statement.target.indices)
    scalar = not any(tensor.sizes for tensor in problem.layer.tensors)
    names = tensor_names(statement.expression)
    seen: set[Form] = set()
    sums = statement.expression.has(*BINDERS)
    left, ranges = statement.target.left, statement.ranges
    truths = [
        Truth(with_fresh_bounds(form), left, ranges, extra, problem.layer, names, scalar, sums)
        for form in _forms(bench)
    ]
    for number, truth in enumerate(truths):
        for form in wrong_forms(truth, first=number == 0):
            if form not in seen:
                seen.add(form)
                yield form


def _forms(bench: Bench) -> list[sp.Expr]:
    """The truth as it stands, multiplied out, and as the steps of its derivation write it."""
    statement, problem = bench.statement, bench.problem
    truth = statement.target.truth
    found = dict.fromkeys([truth, sp.expand_mul(truth, deep=False), *_written_out(truth, problem)])
    target = statement.target.name.removeprefix("d").removesuffix("_total")
    try:
        steps = [step for step in derive(problem.layer).steps if step.target == target]
    except DerivationError:
        steps = []
    outside = (
        {tensor_entry(f"d{n}", ()): sp.S.One for n in problem.layer.output_names} if problem.kind != "equation" else {}
    )
    for step in reversed(steps):
        if not step.after_expression.has(Partial, *INDICATORS):
            letters = dict(zip(step.ranges, entry_indices(statement.target.left), strict=False))
            found[step.after_expression.xreplace({**letters, **outside})] = None
    forms = [form for form in list(found)[:MOST_SHAPES] if bench.is_true(form)]
    names = tensor_names(statement.expression)
    # What speaks of what the answer speaks of comes first.
    return sorted(forms, key=lambda form: -len(names & tensor_names(form)))


def _written_out(truth: sp.Expr, problem: Problem) -> Iterator[sp.Expr]:
    """Without other cotangents in it, and without anything but variables."""
    forward = {equation.name for equation in problem.layer.equations}
    with suppress(TooHardError):
        yield inline(truth, [equation for equation in problem.given if equation.name not in forward])
        if problem.kind != "equation":
            yield inline(truth, problem.given)


# ------------------------------------------------------------------------------------------ constant factors


def _constant_factors(bench: Bench) -> Iterator[Form]:
    """The truth times a number, a size, an option, or one over them; which, the quotients at the points say."""
    ratios = [_ratio(a, t) for a, t in zip(bench.answers, bench.truths, strict=True)]
    if any(ratio is None for ratio in ratios):
        return
    truth = bench.statement.target.truth
    for factor in _candidates(bench):
        if all(
            abs(_value(factor, values) - ratio) <= 1e-8 * abs(ratio)  # type: ignore[arg-type, operator]
            for values, ratio in zip(bench.points, ratios, strict=True)
        ):
            yield _said(factor, bench), factor * truth


def _ratio(answer: np.ndarray, truth: np.ndarray) -> float | None:
    """What the truth is multiplied by, where it is the same at every entry."""
    large = np.abs(truth) > 1e-6 * np.abs(truth).max()
    if not large.any() or not np.allclose(answer[~large], 0, atol=1e-6 * np.abs(truth).max()):
        return None
    ratios = answer[large] / truth[large]
    same = np.allclose(ratios, ratios[0], rtol=1e-8, atol=0)
    return float(ratios[0]) if same and ratios[0] not in {0.0, 1.0} else None


def _candidates(bench: Bench) -> Iterator[sp.Expr]:
    layer = bench.problem.layer
    named: list[sp.Expr] = [size_symbol(n) for n in layer.size_names] + list(layer.size_definitions)
    named += [option_symbol(o.name, integer=o.integer, positive=o.positive) for o in layer.options]
    powers = [sp.S.One, *named, *(1 / s for s in named)]
    powers += [power for s in named for power in (sp.sqrt(s), 1 / sp.sqrt(s))]
    powers += [a * b for a, b in itertools.combinations(named, 2)] + [
        1 / (a * b) for a, b in itertools.combinations(named, 2)
    ]
    powers += [a / b for a, b in itertools.permutations(named, 2)]
    powers += [power**2 for power in powers if power.is_Pow is False and power != 1]
    numbers = [sp.Integer(1), sp.Integer(-1), sp.Integer(2), sp.S.Half, sp.Integer(-2), -sp.S.Half]
    yield from numbers
    yield from (number * power for number in numbers for power in powers[1:])
    ratio = _ratio(bench.answers[0], bench.truths[0])
    if ratio is not None and np.isfinite(ratio):
        near = Fraction(ratio).limit_denominator(1000)
        yield sp.Rational(near.numerator, near.denominator)


def _value(factor: sp.Expr, values: Mapping[str, Any]) -> float:
    """A factor at a point; infinite where an option is 0 there, or not known."""
    result = 1.0
    for part in sp.Mul.make_args(factor):
        base, exponent = part.as_base_exp()
        if base.is_Rational:
            number: float | None = float(base)
        else:
            number = values.get(base.name)
        if not number:
            return float("inf")
        result *= float(number) ** float(exponent)
    return result


def _said(factor: sp.Expr, bench: Bench) -> str:
    from derivations.render.plain import plain

    if factor == -1:
        return "the sign: your answer is minus the truth"
    sign = "the sign, and " if factor.could_extract_minus_sign() else ""
    plus = -factor if sign else factor
    variable = {*bench.tensors, *(tensor.name for tensor in bench.problem.layer.inputs)}
    truth = bench.statement.target.truth
    constant = sp.Mul(*(f for f in sp.Mul.make_args(truth) if not tensor_names(f) & variable))
    missing = _parts(constant * plus) < _parts(constant)
    what = f"{plain(1 / plus)} is missing" if missing else f"you have {plain(plus)} too much"
    times = f"{plain(factor)} times the truth"
    return f"{sign}{what}: your answer is {times}"


def _parts(constant: sp.Expr) -> int:
    """How many factors a constant has, above and below the line."""
    count = 0
    for factor in sp.Mul.make_args(constant):
        base, exponent = factor.as_base_exp()
        numbers = (base.p, base.q) if base.is_Rational else (base,)
        count += sum(abs(exponent) for number in numbers if abs(number) != 1)
    return count


# ------------------------------------------------------------------------------------------ other shapes


def _of_another_shape(problem: Problem, statement: Statement) -> tuple[str, ...]:
    """An array whose shape differs: the transpose of the truth, or a sum over the wrong axis."""
    array, target = statement.misfit, statement.target
    if array is None:
        return ()
    found = []
    for order in itertools.permutations(range(len(array.shape))):
        sizes = [array.shape[k] for k in order]
        if len(sizes) == len(target.shape) and all(a == b for a, b in zip(sizes, target.shape, strict=True)):
            places = dict(zip(order, target.indices, strict=True))
            value = array.at([places[k] for k in range(len(order))])
            if _is(problem, target.truth, value, target.ranges):
                found.append("transposed: your answer is the truth with its axes in another order")
    if len(array.shape) == len(target.shape) == 1:
        (letter,), (axis,) = target.indices, array.axes
        for node in target.truth.atoms(sp.Sum):
            for limit in node.limits:
                if limit[2] + 1 == array.shape[0] and target.truth == node:
                    swapped = node.function.xreplace({limit[0]: axis, letter: limit[0]})
                    others = [other for other in node.limits if other != limit]
                    form = sp.Sum(swapped, (limit[0], *target.ranges[letter]), *others)
                    if _is(problem, form, array.body, {axis: (limit[1], limit[2])}):
                        found.append(
                            f"the sum runs over the wrong axis: sum over {limit[0].name}, and keep {letter.name}"
                        )
    return tuple(found[:MOST_DIAGNOSES])


def _is(problem: Problem, form: sp.Expr, answer: sp.Expr, ranges: Mapping) -> bool:
    return Comparison(form, answer, problem.layer, ranges, problem.given).decide().holds is True
