"""One case, looked at: the outputs, every cotangent by every witness, and how the code conducts itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.adapters.layer_lists import letters_and_number
from checks.conduct import conduct
from checks.conventions import ANY, with_other_conventions
from checks.directions import along_a_direction
from checks.implementation import MisconductError, as_numbers
from checks.stability import CloserLook, weigh
from checks.trial import Trial
from checks.verdict import Finding, judge
from checks.witnesses import Witnesses

_USUAL = "as is usual for an output that is one number"


@dataclass(frozen=True)
class Examiner:
    """Who looks: which witnesses, with which random numbers, and what they let a cotangent on a kink be."""

    witnesses: tuple[str, ...]
    rng: np.random.Generator
    kinks: str

    def examine(self, trial: Trial, *, with_conduct: bool) -> list[Finding]:
        """Everything that one case shows; what the code does wrong is a finding, whatever it is."""
        arguments, closer = trial.arguments(), CloserLook(trial)
        try:
            results = trial.forward(arguments)
            forward = _judge_forward(trial, results, closer)
        except MisconductError as misconduct:
            return [replace(_fault(trial, trial.outputs[0], misconduct.kind, misconduct.reason), ran=misconduct.ran)]
        try:
            returned = trial.backward(trial.arguments(), results)
        except MisconductError as misconduct:
            return [*forward, _fault(trial, f"d{trial.real_inputs[0]}", misconduct.kind, misconduct.reason)]
        got, faults = admissible(trial, returned)
        judged = self._judge_backward(trial, got, closer)
        behaviour = conduct(trial, got) if with_conduct and not faults else []
        return [*forward, *faults, *judged, *behaviour]

    def _judge_backward(self, trial: Trial, got: dict[str, NDArray], closer: CloserLook) -> list[Finding]:
        """What the witnesses say of every cotangent; at full size, of entries drawn, and of all along a direction.

        Of what the code does not take only the equations can say something: nobody can move that.
        """
        full_size = trial.drawn is not None
        equations = tuple(each for each in self.witnesses if each == "derivation")
        judges, alone, judged = Witnesses(trial, self.witnesses, self.rng), Witnesses(trial, equations, self.rng), []
        moved = {
            name: array for name, array in got.items() if name.removeprefix("d") not in trial.implementation.assumed
        }
        for name, array in got.items():
            asked = judges if name in moved and not full_size else alone
            found = [weigh(trial, finding, array, Trial.gradients) for finding in asked.judge(name, array)]
            judged += closer.at_cotangent(name, array, found, asked.chosen, self.rng)
        if self.kinks == ANY and trial.on_kink:
            judged = with_other_conventions(trial, judged, got)
        if full_size:
            judged += along_a_direction(trial, moved, self.witnesses, self.rng)
        return judged


def wrong_forward(trial: Trial, findings: Sequence[Finding]) -> set[str]:
    """How a forward is found out at one case: by the equations, or because it raises, or by a shape.

    One that gives no output is found out by what it gives on the way.
    """
    given = {*trial.outputs} if any(f.cotangent in trial.outputs for f in findings) else {*trial.truth}
    names = given - {*trial.derivation.cotangents}
    here = [f for f in findings if f.case == trial.label and f.cotangent in names]
    return {finding.witness for finding in here if finding.verdict == "disagree"}


def _judge_forward(trial: Trial, results: Mapping[str, Any], closer: CloserLook) -> list[Finding]:
    """The outputs, and the intermediates that the forward returns under their names, against the equations."""
    findings = []
    for name, testimony in trial.truth.items():
        if name not in results or name in trial.derivation.cotangents:
            continue
        array, faults = _admit(trial, name, results[name])
        findings += faults
        if array is not None:
            bound, near = trial.bounds[name], trial.format.near
            finding = judge(trial.label, name, "equations", array, testimony, bound, near)
            weighed = weigh(trial, finding, array, lambda again: again.forward(again.arguments()))
            findings.append(closer.at_output(weighed))
    return findings


def admissible(trial: Trial, returned: Mapping[str, Any]) -> tuple[dict[str, NDArray], list[Finding]]:
    """The arrays that can be compared, and what is wrong with the others."""
    expected = list(trial.derivation.cotangents)
    wanted = [name for name in expected if name.removeprefix("d") in trial.real_inputs]
    wanted = [name for name in wanted if name in returned or name[1:] not in trial.implementation.assumed]
    got, faults = {}, [*_missing(trial, wanted, returned), *_extra(trial, returned)]
    for name in (name for name in wanted if name in returned):
        if returned[name] is not None:
            array, found = _admit(trial, name, returned[name])
            faults += found
            if array is not None:
                got[name] = array
        elif not trial.truth[name].value.any():
            # autograd's None, where the outputs do not depend on the input
            got[name] = np.zeros_like(trial.truth[name].value)
        else:
            others = [each for each in wanted if each != name and returned.get(each) is not None]
            reason = f"the backward has no {name}: it gives None, or the outputs do not depend on {name[1:]}"
            reason += _others_alone(others)
            faults.append(_fault(trial, name, "missing", reason))
    return got, faults


def _missing(trial: Trial, wanted: Sequence[str], returned: Mapping[str, Any]) -> list[Finding]:
    """What the backward should return, and does not."""
    hint = _others_alone([name for name in wanted if name in returned])
    missing = [name for name in wanted if name not in returned]
    return [_fault(trial, name, "missing", f"the backward does not return {name}{hint}") for name in missing]


def _others_alone(names: Sequence[str]) -> str:
    others = " ".join(f"--wrt {name.removeprefix('d')}" for name in names)
    return f" (where it is not to, look at the others alone: {others})" if others else ""


def _extra(trial: Trial, returned: Mapping[str, Any]) -> list[Finding]:
    """What the backward returns, and the layer does not have."""
    layer = trial.derivation.layer
    between = [tensor.name for tensor in layer.intermediates]  # what lies there is the code's own
    options = [option.name for option in layer.options]  # which have no cotangent, and may have one
    known = {f"d{name}" for name in (*trial.real_inputs, *between, *options)}
    counted = {numbered[0] for name in between if (numbered := letters_and_number(name))}
    return [
        _fault(trial, str(name), "extra", f"the backward returns {name}, which the layer does not have")
        for name in returned
        if name not in known and (letters_and_number(str(name)[1:]) or ("",))[0] not in counted
    ]


def _admit(trial: Trial, name: str, value: Any) -> tuple[NDArray | None, list[Finding]]:
    """The value as a float64 array, if its shape is right; and what is wrong with its shape or dtype."""
    faults = []
    dtype, shape = getattr(value, "dtype", trial.format.dtype), trial.truth[name].value.shape
    try:
        array = as_numbers(name, value)
    except MisconductError as misconduct:
        return None, [_fault(trial, name, misconduct.kind, misconduct.reason)]
    if dtype == np.float32 and not shape and name in trial.outputs and trial.format.near:
        faults.append(Finding(trial.label, name, "dtype", "agree", 0.0, f"{name} has dtype float32, {_USUAL}"))
    elif dtype != trial.format.dtype:
        faults.append(_fault(trial, name, "dtype", f"{name} has dtype {dtype}, expected {trial.format.name}"))
    if array.shape != shape and not (array.size == 1 and name in trial.outputs and not shape):  # a row of one is one
        faults.append(_fault(trial, name, "shape", f"{name} has shape {array.shape}, expected {shape}"))
        if [n for n in array.shape if n != 1] != [n for n in shape if n != 1]:
            return None, faults
    return array.reshape(shape), faults


def _fault(trial: Trial, name: str, kind: str, reason: str) -> Finding:
    return Finding(trial.label, name, kind, "disagree", np.inf, reason)
