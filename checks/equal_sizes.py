"""Does the code take sizes for equal that may differ, a square image or kernel, or for multiples of something?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, pairwise

from checks.adapters.assumptions import smallest_of
from checks.diagnosis import Diagnosis
from checks.outputs import outputs_agree, outputs_of
from checks.trial import Trial, trial_at
from derivations import Layer

Sizes = Mapping[str, int]
MOST_TRIES = 60
EQUAL = (3, 2)  # what sizes are that are made equal: a kernel has a middle then, a pooling window is halved
IMAGE, SMALLEST_WINDOW = 6, 2


def equal_sizes(trial: Trial, fixed: Mapping[str, float]) -> tuple[Diagnosis, ...]:
    """That a forward agrees once two sizes, or two pairs of them, are equal or multiples; nothing where it does not.

    `trial` is one of those in which it does not agree; `fixed` are the sizes and options that are not drawn. Raises
    nothing: sizes that the layer cannot have are none.
    """
    if outputs_agree(trial, outputs_of(trial)):  # few digits let pass what more of them have shown
        return ()
    for equal in islice(_choices(trial.derivation.layer, fixed), MOST_TRIES):
        if _agrees(trial, {**fixed, **equal}):
            found = _multiples(trial, fixed, equal) if _agrees_unequal(trial, fixed, equal) else _equal(trial, equal)
            if found:
                return found
    return ()


def _equal(trial: Trial, equal: Sizes) -> tuple[Diagnosis, ...]:
    same = " and ".join(" = ".join(names) for names in _together(equal))
    sentence = f"it takes {same} for granted: with {_told(equal)} the forward agrees"
    return (Diagnosis(trial.outputs[0], "sizes taken for equal", same, sentence, 1, 1),)


def _agrees_unequal(trial: Trial, fixed: Mapping[str, float], equal: Sizes) -> bool:
    """Whether two sizes need not be equal, but may be multiples of what they were."""
    turned = dict(zip(equal, reversed(_unequal(equal).values()), strict=True))
    return len(equal) == 2 and all(_agrees(trial, {**fixed, **sizes}) for sizes in (_unequal(equal), turned))


def _unequal(equal: Sizes) -> dict[str, int]:
    return {name: times * size for times, (name, size) in enumerate(equal.items(), start=2)}


def _multiples(trial: Trial, fixed: Mapping[str, float], equal: Sizes) -> tuple[Diagnosis, ...]:
    """Which of two sizes have to be multiples of what they were, as where windows fill an image: others will not do."""
    sizes, number = _unequal(equal), next(iter(equal.values()))
    off = {name: _with_sizes(trial, {**fixed, **sizes, name: sizes[name] + 1}) for name in sizes}
    needed = [name for name, there in off.items() if there and not outputs_agree(there, outputs_of(there))]
    if not needed:
        return ()
    what = f"{' and '.join(needed)} for {'multiples' if len(needed) > 1 else 'a multiple'} of {number}"
    sentence = f"it takes {what}: with {_told({name: sizes[name] for name in needed})} the forward agrees"
    return (Diagnosis(trial.outputs[0], "sizes taken for multiples", what, sentence, 1, 1),)


def _told(sizes: Sizes) -> str:
    return " ".join(f"--set {name}={size}" for name, size in sizes.items())


def _agrees(trial: Trial, sizes: Mapping[str, float]) -> bool:
    there = _with_sizes(trial, sizes)
    return there is not None and outputs_agree(there, outputs_of(there))


def squared(trial: Trial, fixed: Mapping[str, float]) -> Iterator[Trial]:
    """The trial with square images and kernels, and no padding, stride or dilation; none where nothing is square.

    Sizes that stand side by side wherever one of them stands are made equal.
    """
    layer = trial.derivation.layer
    plainest = {option.name: smallest_of(option) for option in layer.options if option.integer}
    fixed = {**{name: low for name, low in plainest.items() if low is not None}, **fixed}
    shapes = _shapes(layer)
    for equal in EQUAL:
        sizes: dict[str, int] = {}
        for one, other in _beside(layer, fixed):
            if one != shapes[0][0] and [one in shape for shape in shapes] == [other in shape for shape in shapes]:
                sizes[one] = sizes.get(one, equal if sizes else IMAGE)  # images before kernels
                sizes[other] = sizes[one]
        there = _with_sizes(trial, {**fixed, **sizes}) if sizes else None
        if there is not None:
            yield there


def _choices(layer: Layer, fixed: Mapping[str, float]) -> Iterator[Sizes]:
    """Equal sizes for two that stand side by side in a tensor; then for two such pairs; then for any other two.

    What is fixed, a window or its stride, may have to divide them.
    """
    free = [name for name in layer.size_names if name not in fixed]
    pairs = _beside(layer, fixed)
    windows = sorted({int(n) for n in fixed.values() if float(n).is_integer() and SMALLEST_WINDOW <= n <= IMAGE})
    for equal in dict.fromkeys((*EQUAL, *windows)):
        yield from (dict.fromkeys(pair, equal) for pair in pairs)
    for equal in EQUAL:
        for one, other in combinations(pairs, 2):
            if not {*one} & {*other}:
                yield {**dict.fromkeys(one, IMAGE), **dict.fromkeys(other, equal)}
    yield from (dict.fromkeys(pair, EQUAL[0]) for pair in combinations(free, 2) if pair not in pairs)


def _beside(layer: Layer, fixed: Mapping[str, float]) -> list[tuple[str, str]]:
    """The sizes that stand side by side in an input, or that none shows, and are drawn."""
    free = {name for name in layer.size_names if name not in fixed}
    pairs = dict.fromkeys(pair for shape in _shapes(layer) for pair in pairwise(shape))
    return [pair for pair in pairs if {*pair} <= free]


def _shapes(layer: Layer) -> list[list[str]]:
    """The sizes of every input; and together those that no input shows, such as a pooling window's."""
    return [*([str(size) for size in tensor.sizes] for tensor in layer.inputs), list(layer.hidden_sizes)]


def _together(equal: Sizes) -> Iterator[Sequence[str]]:
    """The names that have the same size."""
    for size in dict.fromkeys(equal.values()):
        yield [name for name, own in equal.items() if own == size]


def _with_sizes(trial: Trial, sizes: Mapping[str, float]) -> Trial | None:
    """The trial at other sizes; None where the layer cannot have them."""
    try:
        return trial_at(trial, sizes)
    except ValueError:
        return None
