"""How an implementation behaves, whatever the equations say: one law a function."""

import inspect
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.implementation import USED, MisconductError, as_numbers, numbers_in
from checks.stability import weigh
from checks.trial import Trial
from checks.verdict import Finding, Testimony, Verdict, combine, judge

_ANOTHER = "backward, called again, gives another answer"
_KEPT = "something is kept of a call before"
_NEARLY = 2.0**-6
LARGE = 1024  # exp of the first digit of so much is beyond float64
_WRONG_LATER = "is right here, and wrong at half of the inputs, which it is asked for later"
Law = Callable[[Trial, dict[str, NDArray]], list[Finding]]


def conduct(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """One finding for each law; `got` is what the implementation's backward gave, of the right shapes, in float64."""
    return [finding for name, law in LAWS.items() for finding in _obeyed(name, law, trial, got)]


def _obeyed(name: str, law: Law, trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    try:
        found = law(trial, got)
    except MisconductError as misconduct:
        found = [_found(trial, name, "disagree", misconduct.reason)]
    broken = [finding for finding in found if finding.verdict != "agree"]
    return broken or [_found(trial, name, combine(found) if found else "agree", "")]


def inputs_unchanged(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """Neither forward nor backward writes to its arguments."""
    arguments = trial.arguments()
    results = trial.forward(arguments)
    saved = {name: np.array(value) for name, value in results.items() if isinstance(value, np.ndarray)}
    changed = [(name, "forward") for name in _changed(arguments, trial.arguments())]
    arguments = trial.arguments()
    trial.backward(arguments, results)
    changed += [(name, "backward") for name in _changed({**arguments, **results}, {**trial.arguments(), **saved})]
    return [_found(trial, "inputs unchanged", "disagree", f"the {who} writes to {name}", name) for name, who in changed]


def same_twice(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """The answers do not depend on what was asked before: forward twice, another point between, and backward twice."""
    arguments = trial.arguments()
    results = trial.forward(arguments)
    first = {name: np.array(as_numbers(name, results[name])) for name in trial.outputs if name in results}
    with suppress(MisconductError), np.errstate(all="ignore"):
        trial.gradients(_elsewhere(trial))
    trial.backward(arguments, results)
    again = numbers_in(trial.backward(arguments, results))
    returned = trial.forward(trial.arguments())
    second = {name: as_numbers(name, returned[name]) for name in first if name in returned}
    return [
        *_same(trial, "same twice", first, second, "forward, called again, gives another answer"),
        *(
            _adds_up(finding, got, again, trial.implementation.kept)
            for finding in _same(trial, "same twice", got, again, _ANOTHER)
        ),
    ]


def _adds_up(finding: Finding, got: dict[str, NDArray], again: dict[str, NDArray], kept: Collection[str]) -> Finding:
    """The finding, which says so where the second answer is the first one on top of itself, rounding apart."""
    name = finding.cotangent
    if name not in again or not np.allclose(again[name], 2 * got[name], _NEARLY, _NEARLY * np.abs(got[name]).max()):
        return finding
    reason = f"backward, called again, adds to what it gave before: {name} has to start from zero every time"
    hint = ", or have a method of its object set it to zero, as zero_grad does" if name[1:] in kept else ""
    return replace(finding, reason=reason + hint)


def any_order(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """Of two forwards either can be the first to get its backward: what one leaves behind is its own."""
    reason = "forward here, forward there, backward {}: the answer {} is another one"
    findings = []
    there = _elsewhere(trial)
    with np.errstate(all="ignore"):
        try:
            expected = {name: value for name, value in trial.gradients(there).items() if np.isfinite(value).all()}
        except MisconductError:  # half of an input may lie where the layer has no value
            return []
        for order in (("here", "there"), ("there", "here")):
            points = {"here": trial.arguments(), "there": {**there}}
            results = {place: trial.forward(point) for place, point in points.items()}
            for place in order:
                again = numbers_in(trial.backward(points[place], results[place]))
                wanted = got if place == "here" else {name: expected[name] for name in got if name in expected}
                findings += _same(trial, "any order", wanted, again, reason.format(" and ".join(order), place))
    return findings


def nothing_kept(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """What is right here is right elsewhere: no answer of a call before, by function or by object, comes again."""
    there = _elsewhere(trial, but_for=trial.implementation.assumed)
    again = trial.at(**{name: np.asarray(there[name], np.float64) for name in trial.real_inputs})
    if trial.drawn is not None or trial.on_kink or again.on_kink:
        return []
    with np.errstate(all="ignore"):
        elsewhere = again.gradients()
        findings = [
            _found(trial, "nothing kept", "disagree", f"{name} {_WRONG_LATER}: {_KEPT}, or it errs there", name)
            for name in elsewhere.keys() & got.keys()
            if _is_right(trial, name, got[name]) and again.has_value(name) and _is_wrong(again, name, elsewhere[name])
        ]
    return findings or _by_the_same_object(trial, got)


def _by_the_same_object(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """The same where one object sees other data first; one whose output is then another has a state of its own."""
    same = {*trial.implementation.kept, *trial.implementation.assumed}
    try:
        first = trial.forward(_elsewhere(trial, but_for=same))
        results = trial.forward({**trial.arguments(), USED: first[USED]}) if USED in first else {}
        wrong = [n for n in trial.outputs if n in results and not _is_right(trial, n, as_numbers(n, results[n]))]
        answer = numbers_in(trial.backward(trial.arguments(), results)) if results and not wrong else {}
    except MisconductError:  # an object may be made for one forward
        return []
    reason = f"an object that has seen other data before gives another answer: {_KEPT}"
    return _same(trial, "nothing kept", got, {**got, **answer}, reason)


def _is_right(trial: Trial, name: str, value: NDArray) -> bool:
    return value.shape == trial.truth[name].value.shape and _judged(trial, name, value).verdict != "disagree"


def _is_wrong(trial: Trial, name: str, value: NDArray) -> bool:
    """Whether it is, and not by rounding alone, as where code cancels."""
    if value.shape != trial.truth[name].value.shape:
        return True
    return weigh(trial, _judged(trial, name, value), value, Trial.gradients).verdict == "disagree"


def _judged(trial: Trial, name: str, value: NDArray) -> Finding:
    return judge("", name, "", value, trial.truth[name], trial.bounds[name], trial.format.near)


def same_defaults(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """An option that is left out means the same number in the forward and in the backward."""
    options = {option.name for option in trial.derivation.layer.options}
    if len(trial.implementation.functions) != 2:
        return []  # nobody wrote a backward with parameters of its own
    forward, backward = map(_defaults, trial.implementation.functions)
    return [
        _found(
            trial,
            "same defaults",
            "disagree",
            f"left out, {name} is {forward[name]} in the forward and {backward[name]} in the backward",
        )
        for name in sorted(options & forward.keys() & backward.keys())
        if forward[name] != backward[name]
    ]


def any_memory_layout(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """The answer does not depend on how the arguments lie in memory."""
    arguments = {
        name: _strided(value) if isinstance(value, np.ndarray) else value for name, value in trial.arguments().items()
    }
    return _same(trial, "any memory layout", got, trial.gradients(arguments), "non-contiguous arrays change the answer")


def own_memory(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """What forward and backward return is their own: no view of an argument, no array twice. A hazard, not an error."""
    arguments = trial.arguments()
    results = trial.forward(arguments)
    outputs = {name: results[name] for name in trial.outputs if name in results}
    shared = [*_shared(outputs, arguments), *_shared(trial.backward(arguments, results), arguments)]
    return [
        _found(
            trial, "own memory", "unresolved", f"{name} shares memory with {other}: writing to one changes both", name
        )
        for name, other in shared
    ]


def large_inputs(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """Where inputs are large, and the equations have a number, the answer has about the same: a hazard, no error.

    Of what is wrong here as well, other findings tell.
    """
    if trial.drawn is not None:
        return []
    moved = [name for name in trial.real_inputs if name not in trial.implementation.assumed]
    far = trial.at(**{name: LARGE * np.asarray(trial.values[name]) for name in moved})
    there = f"at inputs {LARGE} times as large"
    with np.errstate(all="ignore"):
        try:
            results = far.forward(far.arguments())
            answer = {name: as_numbers(name, results[name]) for name in trial.outputs if name in results}
            answer |= numbers_in(far.backward(far.arguments(), results))
        except MisconductError:
            return []
        asked = [name for name in (*trial.outputs, *got) if name in answer and far.has_value(name)]
        lost = [name for name in asked if not np.isfinite(answer[name]).all()]
        wrong = {*trial.contradicted, *(name for name in got if trial.verdict_on(name, got[name]) == "disagree")}
        cut = [name for name in asked if name not in {*lost, *wrong} and _is_far_off(far, name, answer[name])]
    reasons = {name: f"is no number {there}, where the equations have one: something overflows" for name in lost}
    reasons |= {name: f"is nothing like what the equations have {there}: something is cut off" for name in cut}
    return [_found(trial, "large inputs", "unresolved", f"{name} {reason}", name) for name, reason in reasons.items()]


def _is_far_off(trial: Trial, name: str, answer: NDArray) -> bool:
    """Whether an answer is off by half of the largest entry, and by more than rounding may do."""
    truth = trial.truth[name].value
    if answer.shape != truth.shape:
        return False
    off = np.abs(answer - truth)
    return bool((off > trial.bounds[name]).any() and off.max(initial=0.0) > np.abs(truth).max(initial=0.0) / 2)


def zero_cotangent(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """No cotangent comes in, so none goes out: exactly zero."""
    zeros = {name: np.zeros_like(trial.values[name]) for name in trial.derivation.output_cotangents}
    answer = trial.at(**zeros).gradients()
    return [
        _found(trial, "zero cotangent", "disagree", f"{name} is not zero where the incoming cotangent is", name)
        for name in got
        if name in answer and np.any(answer[name] != 0)
    ]


def linear_cotangent(trial: Trial, got: dict[str, NDArray]) -> list[Finding]:
    """A backward is linear in the cotangent: the answers to two parts of it add up to the answer to the whole."""
    whole = {name: trial.values[name] for name in trial.derivation.output_cotangents}
    # A quarter or three quarters of each entry: parts that differ from entry to entry, and are exact but for two bits.
    quarters = {name: trial.format.round(value * _checkered(value.shape)) for name, value in whole.items()}
    first = trial.at(**quarters).gradients()
    second = trial.at(**{name: trial.format.round(whole[name] - quarters[name]) for name in whole}).gradients()
    total = {name: first[name] + second[name] for name in got if name in first and name in second}
    return _same(
        trial, "linear in the cotangent", got, total, "the answers to two parts of the cotangent do not add up"
    )


LAWS: dict[str, Law] = {
    "inputs unchanged": inputs_unchanged,
    "same twice": same_twice,
    "any order": any_order,
    "nothing kept": nothing_kept,
    "same defaults": same_defaults,
    "any memory layout": any_memory_layout,
    "own memory": own_memory,
    "large inputs": large_inputs,
    "zero cotangent": zero_cotangent,
    "linear in the cotangent": linear_cotangent,
}


def _same(trial: Trial, law: str, got: dict[str, NDArray], again: dict[str, NDArray], reason: str) -> list[Finding]:
    """Three roundings are granted: two runs, and the sum of two answers.

    They are measured by the largest bound and the largest entry: this is about behaviour, not about last digits.
    """
    findings = []
    for name in got:
        if name not in again or again[name].shape != got[name].shape:
            findings.append(_found(trial, law, "disagree", f"{reason}: {name}", name))
            continue
        # NaN in both is for the witnesses to judge.
        both = np.isnan(got[name]) & np.isnan(again[name])
        first = Testimony(np.where(both, 0.0, got[name]), np.zeros(got[name].shape))
        largest = max(np.nanmax(trial.bounds[name]), trial.format.unit * np.abs(first.value).max(initial=0.0))
        bound = np.full(got[name].shape, 3 * largest)
        finding = judge(trial.label, name, law, np.where(both, 0.0, again[name]), first, bound)
        if finding.verdict == "disagree":
            findings.append(_found(trial, law, "disagree", f"{reason}: {name}, {finding.error:.2g} bounds apart", name))
    return findings


def _found(trial: Trial, law: str, verdict: Verdict, reason: str, name: str = "") -> Finding:
    return Finding(trial.label, name, law, verdict, 0.0 if verdict == "agree" else np.nan, reason)


def _elsewhere(trial: Trial, but_for: Collection[str] = ()) -> dict[str, Any]:
    """Arguments at another point: half of every input, positive where it was and still a number of the dtype."""
    moved = [name for name in trial.real_inputs if name not in but_for]
    return trial.arguments() | {name: np.array(trial.arguments()[name] / 2) for name in moved}


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # some builtins have no signature, and what is called one may be anything
        return {}
    return {p.name: p.default for p in parameters if isinstance(p.default, int | float)}


def _shared(returned: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    arrays = {name: value for name, value in {**arguments, **returned}.items() if isinstance(value, np.ndarray)}
    return [
        (name, other)
        for name in returned
        for other in arrays
        if name != other and name in arrays and np.shares_memory(arrays[name], arrays[other])
    ]


def _changed(now: dict, before: dict) -> list[str]:
    return [
        name
        for name, value in before.items()
        if isinstance(value, np.ndarray) and not np.array_equal(value, now[name], equal_nan=True)
    ]


def _strided(array: NDArray) -> NDArray:
    """The same numbers, every second entry of a larger array along each axis."""
    if not array.ndim:
        return array
    larger = np.zeros([2 * n for n in array.shape], array.dtype)
    view = larger[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def _checkered(shape: tuple[int, ...]) -> NDArray:
    return np.where(np.arange(int(np.prod(shape))).reshape(shape) % 2, 0.75, 0.25)
