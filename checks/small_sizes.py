"""Where a case is of full size, the same code at small sizes: there a mistake can be looked for."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from checks.diagnosis import Diagnosis
from checks.outputs import outputs_agree, outputs_of
from checks.trial import Trial, trial_at
from checks.verdict import Finding
from derivations import Layer

SMALL = 4  # sizes up to that are left as they are: kernels, heads


def at_small_sizes(trial: Trial, fixed: Mapping[str, float]) -> Trial | None:
    """A case of full size with small sizes in the place of those that were `fixed`; None where the code takes none.

    Options, and the sizes that the code itself has, stay. Sizes at which the forward agrees come first.
    """
    found = [there for there in _trials(trial, fixed) if there.drawn is None and outputs_of(there)]
    return next((there for there in found if outputs_agree(there, outputs_of(there))), found[0] if found else None)


def _trials(trial: Trial, fixed: Mapping[str, float]) -> Iterator[Trial]:
    own, layer = {**trial.implementation.sizes}, trial.derivation.layer
    for sizes in _smaller(layer, {name: n for name, n in fixed.items() if name not in own}):
        with suppress(ValueError):  # sizes that the layer cannot have
            yield trial_at(trial, {**sizes, **own})


def _smaller(layer: Layer, told: Mapping[str, float]) -> Iterator[dict[str, float]]:
    """Sizes in the same order and all different; then those equal that were; then any at all."""
    options = {name: n for name, n in told.items() if name not in layer.size_names}
    sizes = sorted((n, name) for name, n in told.items() if name in layer.size_names)
    large = [name for n, name in sizes if n > SMALL]
    kept = {**options, **{name: n for n, name in sizes if n <= SMALL}}
    yield {**kept, **{name: SMALL + place for place, name in enumerate(large, start=1)}}
    values = sorted({told[name] for name in large})
    yield {**kept, **{name: SMALL + 1 + values.index(told[name]) for name in large}}
    yield options


def right_when_small(large: Sequence[Finding], small: Sequence[Finding]) -> Iterator[Diagnosis]:
    """Of everything that is wrong at full size, and is not at small sizes: that it is."""
    wrong = {finding.cotangent for finding in small if finding.verdict == "disagree"}
    looked_at = {finding.cotangent: finding.case for finding in small}
    for name in dict.fromkeys(finding.cotangent for finding in large if finding.verdict == "disagree"):
        if name in looked_at.keys() - wrong:
            sentence = f"{name} is right at small sizes: only larger ones bring it out"
            yield Diagnosis(name, "larger sizes", "right when small", sentence, 1, 1, looked_at[name])
