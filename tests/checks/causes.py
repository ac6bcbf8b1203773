"""Break any layer's backward in a way that has a name: what `diagnose` is asked to find out again.

A cause takes a layer's right backward, as a Bench, and one of its cotangents, and gives a wrong answer, or None where
there is nothing to get wrong in this way. Nearly all wrong answers come from the hand-written NumPy code, run on other
arguments: they owe nothing to the equations that the diagnosis evaluates.
"""

import inspect
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from checks.adapters.functions import from_functions
from checks.cases import draw_cases
from checks.precision import FORMATS
from checks.suspect import Suspect
from checks.trial import make_trial
from derivations import derive
from numeric.errors import InputError


@dataclass(frozen=True)
class Bench:
    """A layer's right backward, with arguments for it."""

    trial: object
    backward: object
    arguments: dict

    def run(self, name, **changes):
        """The cotangent of this name, with some arguments changed."""
        given = {key: np.array(value) if np.ndim(value) else value for key, value in self.arguments.items()}
        return np.asarray(self.backward(**{**given, **changes})[name], np.float64)

    @property
    def incoming(self):
        """The output cotangents, by name."""
        return {name: self.arguments[name] for name in self.trial.derivation.output_cotangents}

    @property
    def operands(self):
        """Real arrays that the backward takes, but for the incoming cotangents."""
        return {
            name: value
            for name, value in self.arguments.items()
            if np.ndim(value) and np.asarray(value).dtype.kind == "f" and name not in self.incoming
        }

    def suspect(self, name, got):
        """The wrong answer, ready to be explained."""
        return Suspect(self.trial, name, np.asarray(got, np.float64))


def benches(row, count=2, seed=0):
    """The right backward of a row of the suite, at some of the sizes at which it is checked, in float64."""
    derivation, rng = derive(row.layer), np.random.default_rng(seed)
    made = []
    for case in draw_cases(derivation.layer, row.sizes, FORMATS["float64"], rng)[:count]:
        implementation = from_functions(row.forward, row.backward, derivation.layer)
        trial = make_trial(implementation, derivation, case, FORMATS["float64"], rng)
        values = {**trial.arguments(), **trial.forward(trial.arguments())}
        bare = inspect.unwrap(row.backward)
        arguments = {name: values[name] for name in inspect.signature(bare).parameters if name in values}
        made.append(Bench(trial, bare, arguments))
    return made


# ---------------------------------------------------------------------------------------------- the number


def sign(bench, name, rng):
    return -bench.run(name)


def doubled(bench, name, rng):
    return 2 * bench.run(name)


def mean_forgotten(bench, name, rng):
    return bench.run(name) * _batch(bench)


def mean_taken_once_more(bench, name, rng):
    return bench.run(name) / _batch(bench)


def odd_factor(bench, name, rng):
    return bench.run(name) * 0.7183


# ---------------------------------------------------------------------------------------- the arrangement


def transposed(bench, name, rng):
    right = bench.run(name)
    return right.T if right.ndim == 2 else None


def reshaped(bench, name, rng):
    right = bench.run(name)
    return right.T.reshape(right.shape) if right.ndim == 2 and min(right.shape) > 1 else None


def axes_permuted(bench, name, rng):
    right = bench.run(name)
    return np.swapaxes(right, -1, -2) if right.ndim > 2 else None


def sum_missing(bench, name, rng):
    """One answer for each place along the first axis of the incoming cotangent, never added up."""
    if len(bench.incoming) != 1:
        return None
    (given, cotangent), right = next(iter(bench.incoming.items())), bench.run(name)
    if not np.ndim(cotangent) or len(cotangent) == 1:
        return None
    shares = [bench.run(name, **{given: _only(cotangent, 0, place)}) for place in range(len(cotangent))]
    # Where the places have an axis of their own in the answer, nothing was summed over them.
    return np.stack(shares) if all(np.count_nonzero(share) > 0.7 * right.size for share in shares) else None


def sum_too_many(bench, name, rng):
    right = bench.run(name)
    return np.broadcast_to(right.sum(axis=0), right.shape) if right.ndim and len(right) > 1 else None


def shifted(bench, name, rng):
    right = bench.run(name)
    return np.roll(right, 1, axis=0) if right.ndim and len(right) > 2 else None


def flipped(bench, name, rng):
    right = bench.run(name)
    return right[::-1] if right.ndim and len(right) > 1 else None


def halves_swapped(bench, name, rng):
    right = bench.run(name)
    return np.roll(right, len(right) // 2, axis=0) if right.ndim and len(right) > 3 and len(right) % 2 == 0 else None


def kernel_flipped(bench, name, rng):
    right = bench.run(name)
    return right[::-1, ::-1] if right.ndim >= 4 else None


# ------------------------------------------------------------------------------------- the incoming cotangent


def cotangent_ignored(bench, name, rng):
    return bench.run(name, **{given: np.ones_like(value) for given, value in list(bench.incoming.items())[:1]})


def last_place_only(bench, name, rng):
    given, cotangent = next(iter(bench.incoming.items()))
    return bench.run(name, **{given: _only(cotangent, 0, -1)}) if np.ndim(cotangent) else None


def loop_too_short(bench, name, rng):
    given, cotangent = next(iter(bench.incoming.items()))
    return bench.run(name, **{given: cotangent - _only(cotangent, 0, -1)}) if np.ndim(cotangent) else None


def overwritten(bench, name, rng):
    """`=` for `+=` in a loop over the places of the incoming cotangent that share something."""
    given, cotangent = next(iter(bench.incoming.items()))
    axes = (1, 2) if np.ndim(cotangent) >= 4 else (0,)
    if not np.ndim(cotangent):
        return None
    kept = np.zeros_like(bench.run(name))
    for place in np.ndindex(*(cotangent.shape[axis] for axis in axes)):
        share = cotangent
        for axis, index in zip(axes, place, strict=True):
            share = _only(share, axis, index)
        share = bench.run(name, **{given: share})
        kept = np.where(share != 0, share, kept)
    return kept


def ignored_and_mean_forgotten(bench, name, rng):
    """Two mistakes at once, as in a loss that was written for a dL of 1 and one example."""
    return cotangent_ignored(bench, name, rng) * _batch(bench)


# ------------------------------------------------------------------------------------------- the operands


def operand_flipped(bench, name, rng):
    operand = _drawn(bench.operands, rng)
    value = bench.operands.get(operand)
    return bench.run(name, **{operand: value[::-1].copy()}) if operand and len(value) > 1 else None


def operand_shifted(bench, name, rng):
    operand = _drawn(bench.operands, rng)
    value = bench.operands.get(operand)
    return bench.run(name, **{operand: np.roll(value, 1, axis=0)}) if operand and len(value) > 2 else None


def operand_left_out(bench, name, rng):
    operand = _drawn(bench.operands, rng)
    return bench.run(name, **{operand: np.ones_like(bench.operands[operand])}) if operand else None


def operand_transposed(bench, name, rng):
    square = {n: v for n, v in bench.operands.items() if v.ndim == 2 and v.shape[0] == v.shape[1] > 1}
    operand = _drawn(square, rng)
    return bench.run(name, **{operand: square[operand].T.copy()}) if operand else None


def statistic_scaled(bench, name, rng):
    """As a variance is that was divided by one less: a sum over a size that the statistic has no axis of."""
    suspect, inputs = bench.suspect(name, 0), {tensor.name for tensor in bench.trial.derivation.layer.inputs}
    statistic = _drawn({operand: 0 for operand in bench.operands if operand not in inputs}, rng)
    if statistic is None or statistic not in bench.trial.derivation.layer.by_name:
        return None
    own = {axis.upper() for axis in suspect.axis_names(statistic)}
    sizes = [size for letter, size in suspect.sizes.items() if letter not in own and size > 1]
    return bench.run(name, **{statistic: bench.operands[statistic] * sizes[0] / (sizes[0] - 1)}) if sizes else None


def operand_mistaken(bench, name, rng):
    alike = [pair for pair in combinations(bench.operands, 2) if len({bench.operands[one].shape for one in pair}) == 1]
    if not alike:
        return None
    one, other = alike[rng.integers(len(alike))]
    return bench.run(name, **{one: bench.operands[other].copy()})


def step_taken_first(bench, name, rng):
    data, *others = bench.trial.derivation.layer.inputs
    parameters = [t.name for t in others if not {*data.sizes[:1]} & {*t.sizes} and f"d{t.name}" != name]
    moved = {n: bench.operands[n] - 0.01 * bench.run(f"d{n}") for n in parameters if n in bench.operands}
    return bench.run(name, **moved) if moved else None


def another_cotangent(bench, name, rng):
    right = bench.run(name)
    others = [other for other in bench.trial.derivation.cotangents if other != name]
    alike = [other for other in others if bench.run(other).shape == right.shape]
    return bench.run(alike[0]) if alike else None


# ------------------------------------------------------------------------------------- the differentiation


def slope_of_sigmoid(bench, name, rng):
    return _with_slope(bench, name, lambda y: y * (1 - y))


def slope_of_tanh(bench, name, rng):
    return _with_slope(bench, name, lambda y: 1 - y * y)


def slope_missing(bench, name, rng):
    return _with_slope(bench, name, np.ones_like)


def statistic_held_constant(bench, name, rng):
    inner = bench.trial.derivation.intermediate_cotangents
    names = [t.name for t in bench.trial.derivation.layer.intermediates]
    held = _drawn({n: 0 for n in names if not inner or f"d{n}" in inner}, rng)
    return bench.suspect(name, bench.run(name)).with_held((held,)) if held else None


def term_dropped(bench, name, rng):
    terms = bench.trial.derivation.evaluate_terms(name, bench.trial.values)
    return bench.run(name) - terms[rng.integers(len(terms))][1] if len(terms) > 1 else None


def term_with_the_wrong_sign(bench, name, rng):
    terms = bench.trial.derivation.evaluate_terms(name, bench.trial.values)
    return bench.run(name) - 2 * terms[rng.integers(len(terms))][1] if len(terms) > 1 else None


def term_too_often(bench, name, rng):
    terms = bench.trial.derivation.evaluate_terms(name, bench.trial.values)
    return bench.run(name) + (_batch(bench) - 1) * terms[rng.integers(len(terms))][1] if len(terms) > 1 else None


def epsilon_left_out(bench, name, rng):
    return bench.run(name, eps=0.0) if "eps" in bench.arguments else None


def epsilon_outside_the_root(bench, name, rng):
    if "eps" not in bench.arguments or "v" not in bench.arguments:
        return None
    eps = bench.arguments["eps"]
    return bench.run(name, v=(np.sqrt(bench.arguments["v"]) + eps) ** 2 - eps)


# A cause, and the names that a diagnosis may give it: several where they say the same of some answers. (Every term of a
# softmax but the first is what its off-diagonal brings; an input that is read backwards may give an answer that is.)
CAUSES = {
    sign: {"sign"},
    doubled: {"accumulated twice"},
    mean_forgotten: {"constant factor"},
    mean_taken_once_more: {"constant factor"},
    odd_factor: {"constant factor"},
    transposed: {"transposed"},
    reshaped: {"transposed"},
    axes_permuted: {"transposed"},
    sum_missing: {"missing sum"},
    sum_too_many: {"extra sum"},
    shifted: {"shifted"},
    flipped: {"flipped"},
    halves_swapped: {"blocks permuted"},
    kernel_flipped: {"flipped"},
    cotangent_ignored: {"cotangent ignored"},
    ignored_and_mean_forgotten: {"cotangent ignored"},
    last_place_only: {"part of a sum"},
    loop_too_short: {"part of a sum"},
    overwritten: {"overwritten", "part of a sum"},
    operand_flipped: {"operand flipped", "flipped"},
    operand_shifted: {"operand shifted", "shifted"},
    operand_left_out: {"operand left out", "activation's derivative"},
    statistic_scaled: {"operand scaled", "constant factor", "wrong term"},
    operand_transposed: {"operand transposed", "transposed"},
    operand_mistaken: {"operand mistaken", "activation's derivative"},
    step_taken_first: {"parameters moved"},
    another_cotangent: {"another cotangent"},
    slope_of_sigmoid: {"activation's derivative"},
    slope_of_tanh: {"activation's derivative"},
    slope_missing: {"activation's derivative"},
    statistic_held_constant: {"held constant", "wrong term", "path cut", "off-diagonal terms"},
    term_dropped: {"wrong term", "path cut", "held constant", "off-diagonal terms"},
    term_with_the_wrong_sign: {"wrong term"},
    term_too_often: {"wrong term"},
    epsilon_left_out: {"epsilon"},
    epsilon_outside_the_root: {"epsilon"},
}


def broken(row, cause, made, seed=0):
    """Suspects of one cotangent that this cause makes wrong in every case, drawn at random; None if there is none."""
    names = list(made[0].trial.derivation.cotangents)
    for name in np.random.default_rng(seed).permutation(names):
        suspects = []
        for bench in made:
            try:
                with np.errstate(all="ignore"):
                    got = cause(bench, str(name), np.random.default_rng(seed))
            except InputError:  # this layer looks at what it is given
                break
            if got is None or not np.isfinite(got).all() or not np.any(got):
                break
            suspect = bench.suspect(str(name), got)
            right = suspect.got.shape == suspect.expected.shape and suspect.explained_by(suspect.expected)
            if right or not suspect.expected.any():
                break
            suspects.append(suspect)
        if len(suspects) == len(made):
            return suspects
    return None


def _batch(bench):
    """The first size that the layer has several of."""
    sizes = bench.suspect(next(iter(bench.trial.derivation.cotangents)), 0).sizes
    return next((length for length in sizes.values() if length > 2), 3)


def _only(cotangent, axis, place):
    alone = np.zeros_like(cotangent)
    at = (slice(None),) * axis + (place,)
    alone[at] = cotangent[at]
    return alone


def _drawn(table, rng):
    return str(rng.choice(sorted(table))) if table else None


def _with_slope(bench, name, slope):
    """The incoming cotangent times another slope, where the layer acts on every entry alone."""
    if len(bench.incoming) != 1 or len(bench.trial.derivation.cotangents) != 1:
        return None
    cotangent = next(iter(bench.incoming.values()))
    output = np.asarray(bench.trial.truth[bench.trial.outputs[0]].value)
    right = bench.run(name)
    if not right.ndim or not cotangent.shape == output.shape == right.shape:
        return None
    first = np.zeros_like(cotangent)
    first.flat[0] = 1.0
    if np.count_nonzero(bench.run(name, **{next(iter(bench.incoming)): first})) > 1:
        return None
    return cotangent * slope(output)
