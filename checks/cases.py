"""At which sizes to look: those at which a mistake cannot hide."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.precision import Format
from derivations import Derivation, DerivationError, Layer, kinks

# Below 3 too much coincides: at N = 2 the factor 2/N is 1, and a sum over one entry is no sum.
SMALLEST = 3
# Two assignments of sizes, so that a factor can be told from a number that happens to equal it.
GENERAL_CASES = 2
# How much larger than the drawn inputs, of about 1, those of a case far out are.
FAR = 4
FARTHER = (16, 64, 256)
# Options (strides, paddings, kernel sizes) are drawn; not every draw leaves an output.
ATTEMPTS = 500
# Seven sizes that all differ, as a convolution has, can make large tensors: of several draws the smallest is kept.
MANY_SIZES = 5
CANDIDATES = 5
# In float64 that is a gigabyte, and every answer is computed several times.
MOST_ENTRIES = 2**27


@dataclass(frozen=True)
class Case:
    """Inputs and options of a layer, rounded to a dtype; `label` tells its sizes."""

    label: str
    sizes: Mapping[str, float]
    values: Mapping[str, Any]


def with_constants(case: Case, constants: Mapping[str, float]) -> Case:
    """The same case with these tensors all of one number."""
    filled = {name: np.full_like(case.values[name], number) for name, number in constants.items()}
    return replace(case, values={**case.values, **filled})


def all_cases(
    derivation: Derivation, fixed: Mapping[str, float], format: Format, rng: np.random.Generator
) -> tuple[Case, ...]:
    """The cases that `draw_cases` draws; where the layer has kinks, some beyond them, and one on them."""
    drawn = draw_cases(derivation.layer, fixed, format, rng)
    found = [*drawn, *filter(None, [far_case(derivation, drawn[0]), kinked_case(derivation, drawn[0])])]
    return (*found, *farther_cases(derivation, found))


def draw_cases(layer: Layer, fixed: Mapping[str, float], format: Format, rng: np.random.Generator) -> tuple[Case, ...]:
    """Cases for the sizes (and options) that `fixed` leaves open.

    Twice all different and above 2, with every padding, stride and dilation at work first, then with none; then each
    size 1 in turn; then all of them 2, and what an option adds left out. Raises ValueError for a size or option that
    the layer does not have, or not with that value, and where no choice of the open ones fits, or fits into memory.
    """
    fixed = {name: _possible(layer, name, value) for name, value in fixed.items()}
    free = [name for name in layer.size_names if name not in fixed]
    used, unused, without = _counts(layer, above=1), _counts(layer, above=0), _weights_left_out(layer)
    general = [used, unused][: GENERAL_CASES if free or used else 1]
    edges: list[dict[str, float]] = [{**dict.fromkeys(free, 2), **unused, **without}] if free or without else []
    ones: list[dict[str, float]] = [{name: 1} for name in free]
    cases: list[Case] = []
    for pinned in [*general, *ones, *edges]:
        taken = {case.label for case in cases}
        case = _draw(layer, {**pinned, **fixed}, format, rng, taken)
        if case is None:  # not every size has room for every option
            case = _draw(layer, {**{n: v for n, v in pinned.items() if n in free}, **fixed}, format, rng, taken)
        if case is not None:
            cases.append(case)
        elif not cases:
            raise ValueError(f"{layer.name}: no choice of the open sizes fits {dict(fixed)}")
    return tuple(cases)


def _possible(layer: Layer, name: str, value: float) -> float:
    """The value, 5 where 5.0 is given for a size. Raises ValueError unless the layer may have it."""
    options = {option.name: option for option in layer.options}
    if name not in layer.size_names and name not in options:
        there = f"it has {', '.join(layer.size_names)}" + (f" and {', '.join(options)}" if options else "")
        raise ValueError(f"{layer.name} has no size {'or option ' * bool(options)}{name!r}; {there}")
    number = float(value) if isinstance(value, Real) else np.nan
    if name not in options:
        possible, allowed = number.is_integer() and number >= 1, f"{name} is a size: a whole number from 1"
    else:
        option = options[name]
        low = None if option.low is None else float(option.low) if option.low.is_number else -np.inf
        above = number >= low if low is not None else number > 0 if option.positive else number >= 0
        below = option.high is None or not option.high.is_number or number <= float(option.high)
        possible = np.isfinite(number) and above and below and (number.is_integer() or not option.integer)
        allowed = f"{layer.name} has {option}" + ", a whole number" * option.integer
    if not possible:
        shown = f"{number:.15g}" if isinstance(value, Real) else value
        raise ValueError(f"{name} = {shown} is out of place: {allowed}")
    return int(value) if name not in options or options[name].integer else value


def _counts(layer: Layer, *, above: int) -> dict[str, float]:
    """Every option that counts (a padding, a stride), so much above its least value: none at work, or each of them.

    Those that nothing bounds all differ, so that no two can be mistaken for each other.
    """
    counts = [option for option in layer.options if option.integer]
    return {
        option.name: above * (1 + place) if option.low is None else int(option.low) + above
        for place, option in enumerate(counts)
        if option.low is None or option.low.is_Integer
    }


def _weights_left_out(layer: Layer) -> dict[str, float]:
    """Zero for every option that weighs something (a penalty, a smoothing), where it may be zero."""
    return {option.name: 0.0 for option in layer.options if not option.integer and not option.positive}


def kinked_case(derivation: Derivation, case: Case) -> Case | None:
    """The case with whole numbers for inputs, if that puts something on a kink or a tie: random inputs never are."""
    scaled = [_changed(derivation.layer, case, partial(_whole_multiple, by)) for by in range(1, 2 * FAR)]
    hits = [_kinks_hit(derivation, values) for values in scaled]
    best = hits.index(max(hits))
    return Case(f"{case.label}, on a kink", case.sizes, scaled[best]) if any(hits[best]) else None


def far_case(derivation: Derivation, case: Case) -> Case | None:
    """The case with larger inputs, where that may lie beyond another kink: beyond 3, say, for a hard sigmoid.

    A kink whose distance grows as the inputs do, as that of a ReLU at 0, is passed by small inputs as well.
    """
    values = _changed(derivation.layer, case, lambda value: FAR * value)
    near, far = derivation.kinks(case.values), derivation.kinks(values)
    if all(np.allclose(there, FAR * here) for (_, here), (_, there) in zip(near, far, strict=True)):
        return None
    return Case(f"{case.label}, far out", case.sizes, values)


def farther_cases(derivation: Derivation, cases: Sequence[Case]) -> Iterator[Case]:
    """The first case with inputs so large that they lie on sides of kinks on which no other case has any: beyond 30."""
    layer, first = derivation.layer, cases[0]
    open_sides = {(label, side) for label in kinks.sides(layer, first.values) for side in (1, -1)}
    for case in cases:
        open_sides -= _sides(layer, case.values)
    for scale in FARTHER if open_sides else ():
        values = _changed(layer, first, partial(np.multiply, scale))
        if all(np.isfinite(value).all() for value in values.values()) and open_sides & (seen := _sides(layer, values)):
            open_sides -= seen
            yield Case(f"{first.label}, {scale} times as far out", first.sizes, values)


def _sides(layer: Layer, values: Mapping[str, Any]) -> set[tuple[str, int]]:
    return {(label, side) for label, found in kinks.sides(layer, values).items() for side in found}


def _changed(layer: Layer, case: Case, change: Callable[[NDArray], NDArray]) -> dict[str, Any]:
    """The values of a case, its real inputs changed; those that must be positive stay so."""
    values = dict(case.values)
    for tensor in layer.inputs:
        if not tensor.integer:
            changed = change(np.asarray(values[tensor.name]))
            values[tensor.name] = np.maximum(changed, 1.0) if tensor.positive else changed
    return values


def _whole_multiple(by: int, value: NDArray) -> NDArray:
    return np.round(by * value)


def _kinks_hit(derivation: Derivation, values: Mapping[str, Any]) -> tuple[int, int]:
    """On how many kinks something lies, and how many entries do."""
    zeros = [int((distances == 0).sum()) for _, distances in derivation.kinks(values)]
    return sum(map(bool, zeros)), sum(zeros)


def given_case(layer: Layer, inputs: Mapping[str, Any], format: Format) -> Case:
    """The one case that the caller's own inputs and options make.

    Raises ValueError for a name that the layer does not have; the first evaluation says what is missing.
    """
    known = {tensor.name for tensor in layer.inputs} | {option.name for option in layer.options}
    known |= {f"d{tensor.name}" for tensor in layer.outputs} | set(layer.size_names)
    unknown = set(inputs) - known
    if unknown:
        raise ValueError(f"{layer.name} has no input {min(unknown)!r}; it has {', '.join(sorted(known))}")
    shapes = [f"{name}{list(np.shape(value))}" for name, value in inputs.items() if np.ndim(value)]
    return Case(" ".join(shapes), {}, rounded(layer, inputs, format))


def rounded(layer: Layer, values: Mapping[str, Any], format: Format) -> dict[str, Any]:
    """The values as a program of this dtype sees them: float64 arrays, integer labels, plain numbers for options."""
    integer = {tensor.name for tensor in layer.inputs if tensor.integer}
    real = {tensor.name for tensor in layer.inputs} - integer | {f"d{tensor.name}" for tensor in layer.outputs}
    result: dict[str, Any] = {}
    for name, value in values.items():
        if name in real:
            result[name] = format.round(value)
        elif name in integer:
            result[name] = np.asarray(value)
        else:
            result[name] = int(value) if isinstance(value, int | np.integer) else float(format.round(value))
    return result


def _draw(
    layer: Layer, fixed: Mapping[str, float], format: Format, rng: np.random.Generator, taken: set[str]
) -> Case | None:
    """One case that is not among those taken, or None where no draw gives every tensor a shape."""
    free = [name for name in layer.size_names if name not in fixed]
    pool = [n for n in range(SMALLEST, SMALLEST + len(layer.size_names) + 2) if n not in fixed.values()]
    shapes = [[str(size) for size in tensor.sizes] for tensor in layer.inputs]
    drawn: list[Case] = []
    for _ in range(ATTEMPTS):
        chosen = dict(zip(free, (int(n) for n in rng.permutation(pool)), strict=False))
        sizes = {name: {**fixed, **chosen}[name] for name in layer.size_names}
        options = {name: value for name, value in fixed.items() if name not in sizes}
        label = " ".join(f"{name}={size}" for name, size in sizes.items())
        if label in taken:
            continue
        entries = sum(math.prod(sizes.get(size, 1) for size in shape) for shape in shapes)
        if entries > MOST_ENTRIES:
            raise ValueError(f"{layer.name} at {label}: inputs of {entries:.0e} entries are too many to check")
        try:
            values = layer.random_inputs({**sizes, **options}, rng)
            for tensor in layer.tensors:
                layer.shape(tensor.name, {**sizes, **_whole(values)})
        except DerivationError:
            continue
        drawn.append(Case(label, sizes, rounded(layer, _telling(layer, values, rng), format)))
        if len(drawn) == (CANDIDATES if len(free) >= MANY_SIZES else 1):
            break
    return min(drawn, key=_entries, default=None)


def _telling(layer: Layer, values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The values, made to hide less.

    Real numbers get all their digits: short ones multiply exactly even in float32; they move towards 0, so that what
    lay between 0 and 1 still does. Labels get a repeat: where all are different, `dW[T] = dY` is as good as adding up.
    """
    telling = dict(values)
    for tensor in layer.inputs:
        value = np.array(values[tensor.name])
        if tensor.integer and value.size:
            value.flat[-1] = value.flat[0]
        telling[tensor.name] = value if tensor.integer else value * rng.uniform(0.875, 1.0, value.shape)
    return telling


def _entries(case: Case) -> int:
    return sum(np.size(value) for value in case.values.values())


def _whole(values: Mapping[str, Any]) -> dict[str, int]:
    return {name: value for name, value in values.items() if isinstance(value, int)}
