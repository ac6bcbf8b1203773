"""What kind of wrong is it? Hypotheses about a wrong answer, one law a function, in one table.

A hypothesis says what the answer would be if its mistake had been made, and holds where the answer is just that.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product

import numpy as np
from numpy.typing import NDArray

from checks.cases import draw_cases
from checks.implementation import MisconductError, as_numbers
from checks.suspect import Suspect
from checks.trial import Trial, make_trial
from checks.verdict import Finding

# More trials cost time and add no evidence: two of different sizes tell a size from a number.
MOST_TRIALS = 2
SQUARE = 4


@dataclass(frozen=True)
class Explanation:
    """One mistake that explains an answer: a short name, and a sentence for the one who made it."""

    mistake: str
    sentence: str


@dataclass(frozen=True)
class Diagnosis:
    """An explanation of a wrong `cotangent` (or output), and in how many of the cases looked at it holds."""

    cotangent: str
    hypothesis: str
    mistake: str
    sentence: str
    holds: int
    cases: int

    def __str__(self) -> str:
        """The sentence, and how often it holds."""
        where = "in the one case" if self.cases == 1 else f"in {self.holds} of {self.cases} cases"
        return f"{self.sentence} ({where})"


Hypothesis = Callable[[Suspect], Iterator[Explanation]]


def diagnose(trials: Sequence[Trial], findings: Sequence[Finding]) -> tuple[Diagnosis, ...]:
    """Explanations of every answer that the equations contradict, likeliest first.

    An explanation that holds in more cases comes first; among equals, the order of HYPOTHESES decides.
    """
    diagnoses: list[Diagnosis] = []
    for name in dict.fromkeys(finding.cotangent for finding in findings if finding.witness in CONTRADICTIONS):
        cases = {f.case for f in findings if _contradicts(f, name)}
        diagnoses += _another_convention(name, [t for t in trials if t.label in cases], trials)
        suspects = [s for s in (_suspect(t, name) for t in trials if t.label in cases) if s is not None]
        diagnoses += _explain(name, suspects[:MOST_TRIALS])
    if any(finding.witness == "raises" for finding in findings):
        diagnoses += _explain_square(trials[0])
    return tuple(diagnoses)


def _another_convention(name: str, wrong: Sequence[Trial], trials: Sequence[Trial]) -> list[Diagnosis]:
    """Right wherever the function is smooth, wrong only where something lies on a kink or a tie."""
    smooth = [trial for trial in trials if not trial.on_kink]
    if not smooth or not wrong or any(not trial.on_kink for trial in wrong):
        return []
    sentence = f"{name} is right except on a kink or a tie, where it follows another convention than the equations"
    return [Diagnosis(name, "convention", "at a kink", sentence, len(wrong), len(wrong))]


def _explain_square(trial: Trial) -> list[Diagnosis]:
    """A product with the wrong transpose raises at sizes that differ: at equal sizes it gives a wrong answer."""
    rng = np.random.default_rng(0)
    sizes = dict.fromkeys(trial.derivation.layer.size_names, SQUARE)
    (case,) = draw_cases(trial.derivation.layer, sizes, trial.format, rng)
    square = make_trial(trial.implementation, trial.derivation, case, trial.format, rng)
    suspects = [s for s in (_suspect(square, name) for name in trial.derivation.cotangents) if s is not None]
    wrong = [s for s in suspects if s.got.shape != s.expected.shape or not s.explained_by(s.expected)]
    return [diagnosis for suspect in wrong for diagnosis in _explain(suspect.name, [suspect])]


CONTRADICTIONS = {"derivation", "equations", "shape"}


def _contradicts(finding: Finding, name: str) -> bool:
    return finding.cotangent == name and finding.witness in CONTRADICTIONS and finding.verdict == "disagree"


def _suspect(trial: Trial, name: str) -> Suspect | None:
    try:
        returned = trial.gradients() if name in trial.derivation.cotangents else trial.forward(trial.arguments())
        got = as_numbers(name, returned[name])
    except MisconductError:
        return None
    return Suspect(trial, name, got) if np.isfinite(got).all() else None


def _explain(name: str, suspects: Sequence[Suspect]) -> list[Diagnosis]:
    found: dict[tuple[str, str], list[str]] = {}
    for suspect in suspects:
        for title, hypothesis in HYPOTHESES.items():
            for explanation in hypothesis(suspect):
                found.setdefault((title, explanation.mistake), []).append(explanation.sentence)
    ranks = {title: rank for rank, title in enumerate(HYPOTHESES)}
    order = sorted(found, key=lambda key: (-len(found[key]), ranks[key[0]]))  # stable: simpler mistakes come first
    return [
        Diagnosis(name, title, mistake, found[title, mistake][0], len(found[title, mistake]), len(suspects))
        for title, mistake in order
        if len(found[title, mistake]) == len(found[order[0]])
    ]


def nothing(suspect: Suspect) -> Iterator[Explanation]:
    """got = 0."""
    if not suspect.got.any():
        yield Explanation("zero", f"{suspect.name} is zero everywhere")


def sign(suspect: Suspect) -> Iterator[Explanation]:
    """got = -truth."""
    if suspect.explained_by(-suspect.expected):
        yield Explanation("sign", f"{suspect.name} has the wrong sign")


def accumulated_twice(suspect: Suspect) -> Iterator[Explanation]:
    """got = 2 truth."""
    if suspect.explained_by(2 * suspect.expected):
        yield Explanation("2", f"{suspect.name} is twice the true one: added up twice, or a factor 1/2 forgotten")


def operand_transposed(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for a square input, or cotangent, that is transposed."""
    given = {t.name for t in suspect.layer.inputs if not t.integer} | set(suspect.cotangents)
    for name in sorted(given) if suspect.is_cotangent else ():
        value = np.asarray(suspect.trial.values[name])
        if (
            value.ndim == 2
            and value.shape[0] == value.shape[1]
            and suspect.explained_by(suspect.truth_at(**{name: value.T}))
        ):
            yield Explanation(f"{name} transposed", f"{suspect.name} takes {name}.T for {name}, or {name} for {name}.T")


def constant_factor(suspect: Suspect) -> Iterator[Explanation]:
    """got = k truth, for one number k; k is named by the sizes and options that make it."""
    if suspect.got.shape != suspect.expected.shape:
        return
    factor = float(np.sum(suspect.got * suspect.expected) / np.sum(suspect.expected**2))
    if not suspect.explained_by(factor * suspect.expected):
        return
    off = np.abs(suspect.got - factor * suspect.expected).max() / np.abs(suspect.got).max()
    within, named = f" at every entry, to {off:.0e}", False
    for name, value in _factor_names(suspect):
        if suspect.explained_by(value * suspect.expected):
            named = True
            yield Explanation(name, f"{suspect.name} is the true one times {name} = {value:.4g}{within}{_why(name)}")
    if not named:
        yield Explanation(f"{factor:.6g}", f"{suspect.name} is the true one times {factor:.6g}{within}")


def _factor_names(suspect: Suspect) -> Iterator[tuple[str, float]]:
    options = {option.name: suspect.trial.values[option.name] for option in suspect.layer.options}
    atoms: dict[str, float] = {"2": 2.0, **suspect.sizes, **{n: float(v) for n, v in options.items() if v}}
    powers = [(name, value, exponent) for name, value in atoms.items() for exponent in (1, -1)]
    for minus, count in product((1, -1), (1, 2, 3)):
        for chosen in combinations(powers, count):
            if len({name for name, _, _ in chosen}) == count:
                above = "*".join(name for name, _, exponent in chosen if exponent == 1)
                below = "*".join(name for name, _, exponent in chosen if exponent == -1)
                below = f"({below})" if "*" in below else below
                text = f"{above or '1'}/{below}" if below else above
                value = float(np.prod([value**exponent for _, value, exponent in chosen]))
                yield (text if minus == 1 else f"-{text}"), minus * value


def _why(factor: str) -> str:
    if factor.startswith("1/") and factor[2:].isupper():
        return f": a mean over {factor[2:]} where the equations have a sum, or the mean taken twice"
    return f": the mean over {factor} is missing" if factor.isupper() else ""


def permuted_axes(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with its axes in another order, or read into another order."""
    truth = suspect.expected
    for order in permutations(range(truth.ndim)):
        if order == tuple(range(truth.ndim)):
            continue
        what = "transposed" if truth.ndim == 2 else f"permuted by {order}"
        turned = truth.transpose(order)
        if suspect.explained_by(turned):
            yield Explanation(what, f"{suspect.name} is {what}")
        if suspect.explained_by(turned.reshape(truth.shape)):
            yield Explanation(
                "reshaped", f"{suspect.name} is {what}, then reshaped: a reshape where a transpose belongs"
            )


def missing_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got, summed over some axes, = truth."""
    got, truth = suspect.got, suspect.expected
    for count in range(1, got.ndim + 1):
        for axes in combinations(range(got.ndim), count):
            if got.shape == truth.shape or np.prod([got.shape[axis] for axis in axes]) == 1:
                continue
            for keepdims in (False, True):
                total = got.sum(axis=axes, keepdims=keepdims)
                if suspect.explained_by(truth, total):
                    names = _sizes_named(suspect, [got.shape[axis] for axis in axes])
                    yield Explanation(f"over {names}", f"the sum over {names} is missing in {suspect.name}")


def extra_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth summed over some axes, repeated along them or not."""
    truth = suspect.expected
    for count in range(1, truth.ndim + 1):
        for axes in combinations(range(truth.ndim), count):
            names = ", ".join(suspect.axis_names(suspect.name)[axis] for axis in axes)
            if np.prod([truth.shape[axis] for axis in axes]) == 1:
                continue
            for keepdims in (True, False):
                total = truth.sum(axis=axes, keepdims=keepdims)
                spread = np.broadcast_to(total, truth.shape) if keepdims else total
                if suspect.explained_by(spread) or suspect.explained_by(total):
                    yield Explanation(f"over {names}", f"{suspect.name} is summed over {names}, which is no sum index")
                    break


def extra_axes(suspect: Suspect) -> Iterator[Explanation]:
    """got = truth, but for axes of length 1."""
    if suspect.got.shape != suspect.expected.shape and suspect.explained_by(
        suspect.expected.squeeze(), suspect.got.squeeze()
    ):
        yield Explanation("shape", f"{suspect.name} has the right numbers, but shape {suspect.got.shape}")


def wrong_axis(suspect: Suspect) -> Iterator[Explanation]:
    """got = the incoming cotangent summed over other axes than those that the equations sum."""
    for name, cotangent in suspect.cotangents.items():
        for count in range(1, cotangent.ndim):
            for axes in combinations(range(cotangent.ndim), count):
                if suspect.is_cotangent and suspect.explained_by(cotangent.sum(axis=axes)):
                    names = ", ".join(suspect.axis_names(name)[axis] for axis in axes)
                    yield Explanation(f"over {names}", f"{suspect.name} is {name} summed over {names}: the wrong axis")


def part_of_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for a cotangent of which only, or all but, the first or last entry along an axis comes in."""
    if not suspect.is_cotangent:
        return
    for name, cotangent in suspect.cotangents.items():
        for axis, length in enumerate(cotangent.shape):
            for place, word in ((0, "first"), (length - 1, "last")):
                if length == 1:
                    continue
                alone = np.zeros_like(cotangent)
                at = (slice(None),) * axis + (place,)
                alone[at] = cotangent[at]
                letter = suspect.axis_names(name)[axis]
                if suspect.explained_by(suspect.truth_at(**{name: alone})):
                    what = f"only the {word} {letter}"
                    yield Explanation(what, f"{suspect.name} counts {what}: assigned, or indexed, where a sum belongs")
                if suspect.explained_by(suspect.truth_at(**{name: cotangent - alone})):
                    what = f"all but the {word} {letter}"
                    yield Explanation(what, f"{suspect.name} counts {what}: a loop or slice is one too short")


def cotangent_ignored(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for an incoming cotangent of ones."""
    if not suspect.is_cotangent:
        return
    for name, cotangent in suspect.cotangents.items():
        if suspect.explained_by(suspect.truth_at(**{name: np.ones_like(cotangent)})):
            yield Explanation(f"{name} ignored", f"{suspect.name} ignores {name}: it is right for a {name} of ones")


SLOPES: dict[str, Callable[[NDArray], NDArray]] = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
    "relu": lambda y: (y > 0) * 1.0,
}
CURVES: dict[str, Callable[[NDArray], NDArray]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
}


def activation_slope(suspect: Suspect) -> Iterator[Explanation]:
    """got = dY s(v), with another activation's slope s, or the right slope at another value v than the output."""
    if not suspect.is_cotangent or len(suspect.cotangents) != 1:
        return
    (given, cotangent), point = next(iter(suspect.cotangents.items())), suspect.name.removeprefix("d")
    (output,) = suspect.trial.outputs
    X, Y = np.asarray(suspect.trial.values[point]), suspect.trial.truth[output].value
    if X.shape != Y.shape:
        return
    if suspect.explained_by(cotangent):
        yield Explanation("no slope", f"{suspect.name} is {given}: the layer's own derivative is missing")
    own = suspect.layer.name
    for name, slope in SLOPES.items():
        if name != own and (
            suspect.explained_by(cotangent * slope(Y)) or suspect.explained_by(cotangent * slope(CURVES[name](X)))
        ):
            yield Explanation(name, f"{suspect.name} uses the derivative of {name}, but the layer is {own}")
        if suspect.explained_by(cotangent * slope(X)) and name != "relu":
            yield Explanation(
                f"{name} at {point}", f"{suspect.name} takes {point} for {output} in the derivative of {name}"
            )
        if suspect.explained_by(cotangent * slope(CURVES[name](Y))) and name != "relu":
            yield Explanation(
                f"{name} at {output}", f"{suspect.name} takes {output} for {point}: {name} is applied twice"
            )
        if suspect.explained_by(cotangent * slope(Y) ** 2) and name != "relu":
            yield Explanation(f"{name} squared", f"{suspect.name} applies the derivative of {name} twice")


def diagonal_only(suspect: Suspect) -> Iterator[Explanation]:
    """got[i] = truth[i] for a cotangent that is zero but for its entry i: the coupling of entries is dropped."""
    if not suspect.is_cotangent or len(suspect.cotangents) != 1:
        return
    name, cotangent = next(iter(suspect.cotangents.items()))
    if cotangent.shape != suspect.expected.shape or cotangent.size == 1:
        return
    diagonal = np.zeros(cotangent.shape)
    for index in np.ndindex(cotangent.shape):
        alone = np.zeros(cotangent.shape)
        alone[index] = cotangent[index]
        diagonal[index] = suspect.truth_at(**{name: alone})[index]
    if suspect.explained_by(diagonal):
        yield Explanation(
            "off-diagonal", f"{suspect.name} drops the off-diagonal terms: each entry sees only its own {name}"
        )


def held_constant(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth of a layer in which an intermediate does not depend on the inputs."""
    for tensor in suspect.layer.intermediates if suspect.is_cotangent else ():
        if suspect.explained_by(suspect.truth_without(tensor.name)):
            yield Explanation(
                tensor.name, f"{suspect.name} treats {tensor.name} as a constant: the path through it is missing"
            )


def wrong_term(suspect: Suspect) -> Iterator[Explanation]:
    """got = truth - t, truth - 2 t, truth + t or t alone, for a term t of the derived sum."""
    if not suspect.is_cotangent:
        return
    terms = suspect.trial.derivation.evaluate_terms(suspect.name, suspect.trial.values)
    if len(terms) < 2:
        return
    for text, term in terms:
        for change, what in (
            (-1, f"the term {text} is missing"),
            (-2, f"the term {text} has the wrong sign"),
            (1, f"the term {text} is counted twice"),
        ):
            if suspect.explained_by(suspect.expected + change * term):
                yield Explanation(what, f"in {suspect.name}, {what}")


def shifted(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth moved by one along an axis, zero or the other end coming in."""
    truth = suspect.expected
    for axis, by in product(range(truth.ndim), (1, -1)):
        if truth.shape[axis] == 1:
            continue
        rolled = np.roll(truth, by, axis)
        padded = rolled.copy()
        padded[(slice(None),) * axis + (0 if by == 1 else -1,)] = 0
        if suspect.explained_by(rolled) or suspect.explained_by(padded):
            letter = suspect.axis_names(suspect.name)[axis]
            yield Explanation(f"{letter} by {by}", f"{suspect.name} is shifted by {by} along {letter}")


def flipped(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth read backwards along some axes."""
    truth = suspect.expected
    for count in range(1, truth.ndim + 1):
        for axes in combinations(range(truth.ndim), count):
            if min(truth.shape[axis] for axis in axes) > 1 and suspect.explained_by(np.flip(truth, axes)):
                names = ", ".join(suspect.axis_names(suspect.name)[axis] for axis in axes)
                yield Explanation(f"along {names}", f"{suspect.name} is flipped along {names}")


def _sizes_named(suspect: Suspect, lengths: Sequence[int]) -> str:
    names = {length: name.lower() for name, length in suspect.sizes.items()}
    return ", ".join(names.get(length, f"an axis of {length}") for length in lengths)


# Specific before general: what comes first is named first where several hold in equally many cases.
HYPOTHESES: dict[str, Hypothesis] = {
    "zero": nothing,
    "sign": sign,
    "accumulated twice": accumulated_twice,
    "cotangent ignored": cotangent_ignored,
    "off-diagonal terms": diagonal_only,
    "activation's derivative": activation_slope,
    "constant factor": constant_factor,
    "transposed": permuted_axes,
    "operand transposed": operand_transposed,
    "missing sum": missing_sum,
    "wrong axis": wrong_axis,
    "extra sum": extra_sum,
    "extra axes": extra_axes,
    "part of a sum": part_of_sum,
    "held constant": held_constant,
    "wrong term": wrong_term,
    "shifted": shifted,
    "flipped": flipped,
}
