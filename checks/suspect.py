"""An answer that disagrees with the equations, and what a hypothesis about it may ask."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from checks.implementation import MisconductError, as_numbers
from checks.recall import primal_of
from checks.trial import Trial
from checks.verdict import DISAGREE
from derivations import Derivation, DerivationError, Equation, Layer, derive
from derivations.expressions import tensor_names

FEWEST_ENTRIES = 3  # of fewer, some number makes nearly anything


@dataclass(frozen=True)
class Suspect:
    """The wrong answer `got` for the tensor or cotangent `name`; its shape may be wrong, too."""

    trial: Trial
    name: str
    got: NDArray[np.float64]

    @property
    def layer(self) -> Layer:
        """The layer that the answer is about."""
        return self.trial.derivation.layer

    @property
    def expected(self) -> NDArray[np.float64]:
        """The true answer."""
        return self.trial.truth[self.name].value

    @property
    def factor(self) -> float:
        """The number that makes the true answer as near to this one as a number can; NaN of a truth of zeros."""
        square = float(np.sum(self.expected**2))
        return float(np.sum(self.got * self.expected)) / square if square else float("nan")

    @property
    def is_cotangent(self) -> bool:
        """Whether a backward gave it."""
        return self.name in self.trial.derivation.cotangents

    @property
    def cotangents(self) -> dict[str, NDArray[np.float64]]:
        """The output cotangents that came in; none did where the forward gave the answer."""
        if not self.is_cotangent:
            return {}
        return {name: np.asarray(self.trial.values[name]) for name in self.trial.derivation.output_cotangents}

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The sizes by name, read off the tensors whose sizes are plain names."""
        tensors = [*self.layer.inputs, *self.layer.outputs]
        shapes = {t.name: np.shape(self.trial.values[t.name]) for t in self.layer.inputs}
        shapes |= {t.name: self.trial.truth[t.name].value.shape for t in self.layer.outputs}
        return {
            str(size): length
            for tensor in tensors
            for size, length in zip(tensor.sizes, shapes[tensor.name], strict=True)
            if size.is_Symbol
        }

    def axis_names(self, tensor: str) -> tuple[str, ...]:
        """What the axes of a tensor (or of its cotangent) are called: the small letters of its sizes."""
        sizes = (self.layer.by_name.get(tensor) or primal_of(tensor, self.layer)).sizes
        return tuple(str(size).lower() for size in sizes)

    @property
    def fits(self) -> bool:
        """Whether it has the right shape: only then can its equations explain it."""
        return self.got.shape == self.expected.shape

    @property
    def is_wrong(self) -> bool:
        """Whether rounding does not explain what sets it off from the truth."""
        return not self.fits or not self.explained_by(self.expected)

    def got_at(self, values: Mapping[str, Any]) -> NDArray[np.float64] | None:
        """What the code gives at other values; None where it gives nothing of that name."""
        there = self.trial.at(**values)
        try:
            given = there.gradients() if self.is_cotangent else there.forward(there.arguments())
            return as_numbers(self.name, given[self.name]) if given.get(self.name) is not None else None
        except MisconductError:
            return None

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """The equations of the backward, or of the forward, that the answer depends on, its own last."""
        derivation = self.trial.derivation
        if self.is_cotangent:
            others = {**derivation.intermediate_cotangents, **derivation.cotangents}
        else:
            others = {equation.name: equation for equation in self.layer.equations}
        own = others.pop(self.name)
        return (*_leading_to(own, others), own)

    @cached_property
    def ways(self) -> tuple[bool, ...]:
        """How another operand may come in: everywhere, or, if that is something else, in the last equation alone."""
        return (False, True) if len(self.equations) > 1 else (False,)

    @cached_property
    def operands(self) -> dict[str, NDArray[np.float64]]:
        """Every real tensor at hand when the answer is computed: inputs, what the forward computed, cotangents."""
        given = {name: np.asarray(self.trial.values[name]) for name in (*self.trial.real_inputs, *self.cotangents)}
        asked_for = {*self.trial.derivation.cotangents, *(() if self.is_cotangent else self.trial.outputs)}
        return given | {name: told.value for name, told in self.trial.truth.items() if name not in asked_for}

    @cached_property
    def used(self) -> tuple[str, ...]:
        """The operands that the answer's equations read."""
        read = frozenset().union(*(tensor_names(equation.rhs) for equation in self.equations))
        return tuple(name for name in self.operands if name in read)

    def answer_at(self, operands: Mapping[str, Any], *, last: bool = False) -> NDArray[np.float64]:
        """What its equations give for other operands or options, in float64; a backward's leave the forward as it was.

        With `last` the other operands are read by the answer's own equation alone. The name of a tensor, or of an inner
        cotangent, that the equations compute may be given, too: it then has that value.
        """
        changed = [self.equations[-1]] if last else self._reading({*operands})
        return self._evaluated([e for e in changed if e.name not in operands], operands)

    def explained_at(self, operands: Mapping[str, Any]) -> bool:
        """Whether the answer is what its equations give for other operands or options, if that has a value."""
        try:
            with np.errstate(all="ignore"):
                return self.explained_by(self.answer_at(operands))
        except DerivationError:
            return False

    def answer_by(self, *others: Equation) -> NDArray[np.float64]:
        """What its equations give with one of them, or several, replaced by these, in float64."""
        replaced = {other.name: other for other in others}
        changed = {e.name for e in self._reading({*replaced})} | {*replaced}
        chosen = [replaced.get(e.name, e) for e in self.equations if e.name in changed]
        return self._evaluated(chosen, {})

    def _reading(self, changed: set[str]) -> list[Equation]:
        """The equations to evaluate anew if these names have other values: what reads them, and the answer's own."""
        anew = _changed_by(changed, self.equations) | {self.name}
        return [equation for equation in self.equations if equation.name in anew]

    def explained_with(self, equation: Equation, swapped: Mapping[sp.Basic, sp.Basic] | None = None) -> bool:
        """Whether the answer is what its equations give with one of them replaced by this one, if that has a value.

        What stands in its right side may be swapped for something else.
        """
        if swapped:
            equation = replace(equation, rhs=equation.rhs.xreplace(dict(swapped)))
        return self.explained_with_all(equation)

    def explained_with_all(self, *equations: Equation) -> bool:
        """The same with several of its equations replaced."""
        try:
            return self.explained_by(self.answer_by(*equations))
        except DerivationError:  # a recurrence that would need what comes of it
            return False

    def _evaluated(self, equations: Sequence[Equation], operands: Mapping[str, Any]) -> NDArray[np.float64]:
        return self.trial.recall.evaluate(equations, operands)[self.name]

    def truth_at(self, inputs: Mapping[str, Any]) -> NDArray[np.float64]:
        """What the true answer would be for other inputs of the forward as well, in float64."""
        every = {equation.name: equation for equation in self.trial.derivation.equations}
        anew = _changed_by({*inputs}, every.values()) | {self.name}
        own = every.pop(self.name)
        return self._evaluated([e for e in (*_leading_to(own, every), own) if e.name in anew], inputs)

    def recomputed(self, name: str, value: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """What the forward computes from an intermediate `name` if that has another value, in float64."""
        anew = _changed_by({name}, self.layer.equations) - {name}
        return self.trial.recall.evaluate([e for e in self.layer.equations if e.name in anew], {name: value})

    def with_held(self, tensors: tuple[str, ...]) -> NDArray[np.float64]:
        """What the true answer would be if some intermediates did not depend on the inputs, in float64.

        Their cotangents are zero; where the derivation has eliminated these, the rest of the layer is derived anew.
        """
        inner = {e.name for e in self.equations[:-1]}
        zero = {n: np.zeros_like(self.operands[t]) for t in tensors for n in (f"d{t}", f"d{t}_total") if n in inner}
        if len(zero) == len(tensors):
            return self.answer_at(zero)
        derivation = _with_constants(self.layer, tensors, self.name.removeprefix("d"))
        given = {tensor: self.operands[tensor] for tensor in tensors}
        return derivation.evaluate({**self.trial.values, **given}, precision="float64")[self.name]

    def explained_by(self, candidate: NDArray | float, got: NDArray | None = None) -> bool:
        """Whether the answer is the candidate, up to rounding.

        Rounding is judged by the largest bound among the entries, scaled to the candidate: a hypothesis has to single
        itself out among others, not to pass a test of its own.
        """
        got = self.got if got is None else got
        candidate = np.asarray(candidate, np.float64)
        bound = self.trial.bounds[self.name]
        if candidate.shape != got.shape or not np.isfinite(candidate).all() or not np.isfinite(bound).all():
            return False
        size = np.abs(candidate).max(initial=0.0)
        if size == 0 or not self.expected.any():
            return False
        allowance = self.allowance(candidate)
        return bool(size > allowance and (np.abs(got - candidate) <= allowance).all())

    def allowance(self, candidate: NDArray) -> float:
        """By how much an answer may be off from a candidate: the largest bound, scaled to the candidate."""
        size, true_size = np.abs(candidate).max(initial=0.0), np.abs(self.expected).max(initial=0.0)
        return float(DISAGREE * self.trial.bounds[self.name].max(initial=0.0) * max(1.0, size / true_size))


@dataclass(frozen=True)
class SuspectUpToAFactor(Suspect):
    """The same answer, explained by all that is a multiple of it; `factors` are those of the candidates that were."""

    factors: list[float] = field(default_factory=list)

    def explained_by(self, candidate: NDArray | float, got: NDArray | None = None) -> bool:
        """Whether the answer is the candidate times some number, up to rounding."""
        got, candidate = self.got if got is None else got, np.asarray(candidate, np.float64)
        if candidate.shape != got.shape or candidate.size < FEWEST_ENTRIES or not np.isfinite(candidate).all():
            return False
        square = float(np.sum(candidate**2))
        factor = float(np.sum(got * candidate)) / square if square else 0.0
        if not factor or not super().explained_by(factor * candidate, got):
            return False
        self.factors.append(factor)
        return True


def _leading_to(own: Equation, others: Mapping[str, Equation]) -> list[Equation]:
    """Those of the other equations that one depends on."""
    needed: dict[str, Equation] = {}
    todo = [own]
    while todo:
        for name in tensor_names(todo.pop().rhs):
            if name in others and name not in needed:
                needed[name] = others[name]
                todo.append(others[name])
    return [*needed.values()]


def _changed_by(names: set[str], equations: Iterable[Equation]) -> set[str]:
    """The names, and what equations make of tensors of these names, of what they make of those, and so on."""
    while grown := {e.name for e in equations if tensor_names(e.rhs) & names} - names:
        names = names | grown
    return names


@lru_cache(maxsize=64)
def _with_constants(layer: Layer, tensors: tuple[str, ...], wrt: str) -> Derivation:
    """The derivation of one cotangent of a layer in which some tensors are given."""
    kept = tuple(equation for equation in layer.equations if equation.name not in tensors)
    return derive(replace(layer, name=f"{layer.name}_given_{'_'.join(tensors)}", equations=kept, claims=()), wrt=wrt)
