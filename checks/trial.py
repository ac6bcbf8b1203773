"""One run of an implementation, in its dtype, with everything that is needed to judge it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.cases import Case, draw_cases, rounded, with_constants
from checks.full_size import Entries, draw, is_full_size
from checks.implementation import Implementation, MisconductError, numbers_in
from checks.kinks import on_kink
from checks.precision import FORMATS, Format
from checks.recall import Recall
from checks.rounding import rounding_bounds
from checks.symbolic import symbolic, symbolic_entries
from checks.verdict import Testimony, Verdict, judge
from derivations import Derivation
from derivations.evaluate import machine_for
from derivations.fields import Floats
from derivations.kinks import has_kinks


@dataclass(frozen=True)
class Trial:
    """An implementation against a derivation, at one case, in one dtype.

    `values` are inputs, options and output cotangents in float64, every one a number of the dtype. `drawn` holds the
    entries of outputs and cotangents that are looked at; None where it is every entry of every tensor.
    """

    implementation: Implementation
    derivation: Derivation
    format: Format
    label: str
    values: Mapping[str, Any]
    drawn: Entries | None = None

    @cached_property
    def truth(self) -> dict[str, Testimony]:
        """What the equations say about outputs, intermediates and cotangents; NaN at entries that are not drawn."""
        if self.drawn is None:
            return symbolic(self.derivation, self.values)
        said = symbolic_entries(self.derivation, self.values, self.drawn)
        return {
            name: replace(told, value=self._whole(name, told.value), error=self._whole(name, told.error))
            for name, told in said.items()
        }

    @cached_property
    def bounds(self) -> dict[str, NDArray]:
        """By how much a correct program of this dtype may be off; NaN at entries that are not drawn."""
        return self._bounds_in(self.format)

    @cached_property
    def double_bounds(self) -> dict[str, NDArray]:
        """By how much a correct program of float64 may be off."""
        double = FORMATS["float64"]
        return self.bounds if self.format == double else self._bounds_in(double)

    def _bounds_in(self, format: Format) -> dict[str, NDArray]:
        bounds = rounding_bounds(self.derivation, self.values, format, self.drawn)
        return bounds if self.drawn is None else {name: self._whole(name, bound) for name, bound in bounds.items()}

    def _whole(self, name: str, numbers: NDArray) -> NDArray[np.float64]:
        """Numbers at the drawn entries of a tensor, in an array of the tensor's shape."""
        assert self.drawn is not None
        whole = np.full(self._shape(name), np.nan)
        places = self.drawn[name] @ np.array([s // whole.itemsize for s in whole.strides], np.int64)
        whole.ravel()[places] = numbers
        return whole

    def _shape(self, name: str) -> tuple[int, ...]:
        """The shape of an output, or of an input's cotangent."""
        return np.shape(self.values[f"d{name}" if name in self.outputs else name.removeprefix("d")])

    @cached_property
    def recall(self) -> Recall:
        """What the equations give at other operands than these."""
        return Recall(self.derivation, {**self.values, **{name: told.value for name, told in self.truth.items()}})

    @cached_property
    def has_kinks(self) -> bool:
        """Whether the equations have corners at all: a maximum, an absolute value, a case distinction."""
        return has_kinks(self.derivation.layer)

    @cached_property
    def on_kink(self) -> bool:
        """Whether the values lie on a kink or a tie."""
        return on_kink(self.derivation, self.values)

    @cached_property
    def contradicted(self) -> dict[str, NDArray | None]:
        """The outputs of its forward that the equations contradict; None for what cannot be compared with them."""
        try:
            results = self.forward(self.arguments())
            got = numbers_in({name: results[name] for name in self.outputs if name in results})
        except MisconductError:
            return dict.fromkeys(self.outputs)
        alike = {name: value for name, value in got.items() if value.shape == self.truth[name].value.shape}
        found = {name: alike.get(name) for name in self.outputs}
        return {n: value for n, value in found.items() if value is None or self.verdict_on(n, value) == "disagree"}

    def verdict_on(self, name: str, value: NDArray) -> Verdict:
        """What the equations say of a value."""
        return judge("", name, "", value, self.truth[name], self.bounds[name]).verdict

    def has_value(self, name: str) -> bool:
        """Whether the equations give a number at every entry, and rounding has a bound."""
        return bool(np.isfinite(self.truth[name].value).all() and np.isfinite(self.bounds[name]).all())

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the layer's outputs."""
        return tuple(tensor.name for tensor in self.derivation.layer.outputs)

    @property
    def real_inputs(self) -> tuple[str, ...]:
        """The names of the inputs that have a cotangent."""
        return tuple(tensor.name for tensor in self.derivation.layer.inputs if not tensor.integer)

    @property
    def wanted_inputs(self) -> tuple[str, ...]:
        """Those of them whose cotangent the derivation gives: it may have been asked for some alone."""
        return tuple(name for name in self.real_inputs if f"d{name}" in self.derivation.cotangents)

    def arguments(self, dtype: Any = None) -> dict[str, Any]:
        """Fresh copies of the values, as arrays of the trial's dtype or another; labels and options as they are."""
        real = {*self.real_inputs, *self.derivation.output_cotangents}
        dtype = self.format.dtype if dtype is None else dtype
        return {
            name: np.array(value, dtype) if name in real else np.array(value) if np.ndim(value) else value
            for name, value in self.values.items()
        }

    def forward(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The implementation's forward. Raises MisconductError."""
        return self.implementation.forward(self._without_cotangents(arguments))

    def forward_again(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The same for arguments like those that the forward has accepted, which it need not look at again."""
        again = self.implementation.forward_again or self.implementation.forward
        return again(self._without_cotangents(arguments))

    def backward(self, arguments: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
        """The implementation's backward, given what its forward returned. Raises MisconductError."""
        return self.implementation.backward({**arguments, **results})

    def gradients(self, arguments: Mapping[str, Any] | None = None) -> dict[str, NDArray]:
        """Forward, then backward, as float64 arrays. Raises MisconductError."""
        arguments = self.arguments() if arguments is None else arguments
        returned = self.backward(arguments, self.forward(arguments))
        return numbers_in(returned)

    def in_format(self, format: Format) -> "Trial":
        """The same trial in another format, with the mask that its code draws there."""
        values = rounded(self.derivation.layer, self.values, format)
        again = replace(self, format=format, values=self.implementation.drawn(values, format.dtype))
        if self._has(again.values):  # of which the equations say the same, and that takes long
            vars(again)["truth"] = self.truth
        return again

    def draws_alike_in(self, dtype: type) -> bool:
        """Whether the code draws in another dtype what it draws in the trial's own, if it draws anything."""
        return self._has(self.implementation.drawn(self.values, np.dtype(dtype)))

    def _has(self, values: Mapping[str, Any]) -> bool:
        return all(values[name] is value or np.array_equal(values[name], value) for name, value in self.values.items())

    def at(self, **values: Any) -> "Trial":
        """The same trial at other values."""
        return replace(self, values={**self.values, **values})

    def with_implementation(self, implementation: Implementation) -> "Trial":
        """The same trial of other code, its values laid out as that has them; what is true of it stays, and is kept."""
        other = replace(self, implementation=implementation, values=implementation.laid_out(self.values))
        vars(other).update(truth=self.truth, bounds=self.bounds)
        return other

    def _without_cotangents(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in arguments.items() if name not in self.derivation.output_cotangents}


def make_trial(
    implementation: Implementation, derivation: Derivation, case: Case, format: Format, rng: np.random.Generator
) -> Trial:
    """A trial at a case, its output cotangents drawn at random where the case does not give them.

    A cotangent of ones would hide mistakes: it makes the gradient of a softmax or a batch norm zero. At full size the
    entries that are looked at are drawn as well.
    """
    values = dict(case.values)
    sizes = machine_for(derivation.layer, values, Floats()).sizes
    for tensor, name in zip(derivation.layer.outputs, derivation.output_cotangents, strict=True):
        if name not in values:
            values[name] = format.round(rng.standard_normal(derivation.layer.shape(tensor.name, sizes)))
    values = implementation.laid_out(implementation.drawn(values, format.dtype))
    if not is_full_size(derivation, values):
        return Trial(implementation, derivation, format, case.label, values)
    drawn = draw(derivation, values, rng)
    label = f"{case.label}, entries where {drawn}" if drawn.narrowed else case.label
    return Trial(implementation, derivation, format, label, values, drawn.entries)


def trial_at(trial: Trial, fixed: Mapping[str, float]) -> Trial:
    """The trial at other sizes and options, drawn with a seed of their own; what its code does not take is as it was.

    Raises DerivationError where the layer cannot have them.
    """
    rng, layer = np.random.default_rng(0), trial.derivation.layer
    case, *_ = draw_cases(layer, fixed, trial.format, rng)
    constants = {name: value for name, value in trial.implementation.assumed.items() if name in layer.by_name}
    return make_trial(trial.implementation, trial.derivation, with_constants(case, constants), trial.format, rng)
