"""Equations at other operands, each group of them evaluated once: the cotangents of a layer share most of theirs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations import Derivation, Equation, Layer, Tensor
from derivations.evaluate import evaluate_equations
from derivations.expressions import tensor_names
from derivations.schedule import Group, schedule

_MOST = 1 << 23  # numbers that are kept: 64 MB

Results = dict[str, NDArray[np.float64]]


class Recall:
    """Evaluates equations like a derivation's in float64, at its values but for some operands, and remembers.

    `values` are those of inputs and options, and of all that the derivation's own equations give.
    """

    def __init__(self, derivation: Derivation, values: Mapping[str, Any]) -> None:
        self._layer, self._values = derivation.layer, values
        self._tensors = {tensor.name: tensor for tensor in derivation.given}
        for equation in derivation.equations:
            primal = self._layer.by_name.get(equation.name) or primal_of(equation.name, self._layer)
            self._tensors[equation.name] = Tensor(equation.name, primal.sizes)
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._results: dict[int, Results] = {}
        self._kept = 0

    def evaluate(self, equations: Sequence[Equation], operands: Mapping[str, Any]) -> Results:
        """What the equations give; all else is as the derivation says, but for `operands`: tensors, or options.

        Raises DerivationError where they have no value.
        """
        marks: dict[str, Any] = {name: _mark(value) for name, value in operands.items()}
        numbers = {}
        for group in schedule(equations):
            numbers[group] = self._number(group, marks)
            marks |= dict.fromkeys((equation.name for equation in group.equations), numbers[group])
        known = {name: array for number in numbers.values() for name, array in self._results.get(number, {}).items()}
        missing = [group for group, number in numbers.items() if number not in self._results]
        if missing:
            found = self._evaluate([e for group in missing for e in group.equations], {**operands, **known})
            for group in missing:
                self._keep(numbers[group], {equation.name: found[equation.name] for equation in group.equations})
            known |= found
        return known

    def _number(self, group: Group, marks: Mapping[str, Any]) -> int:
        """The same number for the same group that reads the same; what is no tensor may be read anywhere."""
        read = _read(group.equations)
        own = {equation.name for equation in group.equations}
        told = [(n, m) for n, m in marks.items() if n not in own and (n in read or n not in self._tensors)]
        return self._numbers.setdefault((group, *sorted(told)), len(self._numbers))

    def _evaluate(self, equations: Sequence[Equation], changed: Mapping[str, Any]) -> Results:
        read = _read(equations) - {equation.name for equation in equations}
        given = [tensor for name, tensor in self._tensors.items() if name in read]
        return evaluate_equations(self._layer, equations, {**self._values, **changed}, "float64", given=given)

    def _keep(self, number: int, results: Results) -> None:
        self._kept += sum(array.size for array in results.values())
        if self._kept > _MOST:
            self._results.clear()
            self._kept = 0
        self._results[number] = results


def _read(equations: Sequence[Equation]) -> frozenset[str]:
    return frozenset().union(*(tensor_names(equation.rhs) for equation in equations))


def primal_of(cotangent: str, layer: Layer) -> Tensor:
    """The tensor that a cotangent is one of."""
    return layer.by_name[cotangent.removeprefix("d").removesuffix("_total")]


def _mark(value: Any) -> tuple[Any, ...]:
    """Equal for equal numbers."""
    array = np.asarray(value)
    return array.shape, array.dtype.str, array.tobytes()
