"""Does the code have its axes in another order: images with channels first, examples in columns, weights transposed?"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, islice, product

import numpy as np
from numpy.typing import NDArray

from checks.adapters.axes import TRANSPOSED, as_rows, classes_of
from checks.diagnosis import Diagnosis
from checks.implementation import Implementation
from checks.outputs import outputs_agree, outputs_of
from checks.trial import Trial
from derivations import Layer, Tensor
from derivations.render.plain import plain

Axes = Mapping[str, str]
MOST_CASES, MOST_TRIES = 2, 300
MUCH_NEARER, LARGEST_ERROR = 0.1, 1e300


def another_order(trials: Sequence[Trial], adapted_with: Callable[[Axes], Implementation]) -> tuple[Diagnosis, ...]:
    """That a forward agrees, in every case that is looked at, once its axes are told; nothing where it does not.

    If no order makes it agree, one that gives its outputs the right shapes is told, where they have not got them: the
    first, or one that comes much nearer, as where a loss is right but for a small number in its logarithm.
    `adapted_with` makes the Implementation that has its axes like that. Raises nothing: an order that does not suit the
    code is none.
    """
    looked_at = trials[:MOST_CASES]
    if not _how_far_off(looked_at):  # few digits let pass what more of them have shown
        return ()
    nearest: Axes = {}
    least = math.inf
    for axes in (*islice(_orders(trials[0]), MOST_TRIES), *_usual_ways(trials[0].derivation.layer)):
        try:
            implementation = adapted_with(axes)
        except ValueError:
            continue
        off = _how_far_off([trial.with_implementation(implementation) for trial in looked_at])
        if not off:
            return (_diagnosis(looked_at, axes, "the forward agrees"),)
        if off < least * MUCH_NEARER:
            nearest, least = axes, off
    if not nearest or all(outputs_of(trial) for trial in looked_at):
        return ()
    return (_diagnosis(looked_at, nearest, "its outputs have their shapes"),)


def _how_far_off(trials: Sequence[Trial]) -> float:
    """0 where outputs agree, else by which share of their largest entry they are off; infinite without their shapes."""
    worst = 0.0
    for trial in trials:
        outputs = outputs_of(trial)
        if not outputs:
            return math.inf
        if not outputs_agree(trial, outputs):
            worst = max(worst, *(_relative_error(got, trial.truth[name].value) for name, got in outputs.items()))
    return worst


def _relative_error(got: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    with np.errstate(all="ignore"):
        error = float(np.max(np.abs(got - truth)) / np.max(np.abs(truth)))
    return LARGEST_ERROR if np.isnan(error) else min(error, LARGEST_ERROR)


def _diagnosis(trials: Sequence[Trial], axes: Axes, then: str) -> Diagnosis:
    told = " ".join(f"--axes {name}={order}" for name, order in axes.items())
    sentence = f"its axes come in another order: with {told} {then}"
    return Diagnosis(trials[0].outputs[0], "axes in another order", told, sentence, len(trials), len(trials))


def _orders(trial: Trial) -> Iterator[Axes]:
    """Orders of the axes of inputs and outputs, those first that change the fewest tensors."""
    layer = trial.derivation.layer
    others = {tensor.name: _usual(tensor) for tensor in (*layer.inputs, *layer.outputs) if tensor.sizes}
    for count in range(1, len(others) + 1):
        for changed in combinations(others, count):
            for orders in product(*(others[name] for name in changed)):
                yield dict(zip(changed, orders, strict=True))


def _usual(tensor: Tensor) -> list[str]:
    """The other orders that such a tensor has elsewhere: channels or the batch first, the kernels of PyTorch.

    A vector may be a column or a row, or lie like the channels of an image; labels may be rows or columns of 0 and 1.
    """
    sizes = [plain(size) for size in tensor.sizes]
    if classes_of(tensor) is not None:
        *places, classes = map(plain, as_rows(tensor).sizes)
        return [_joined([*places, classes]), _joined([classes, *places])]
    *places, channels = sizes
    if not places:
        orders = [[channels, "1"], ["1", channels], ["1", "1", "1", channels]]
    else:
        orders = [[places[0], channels, *places[1:]], [channels, places[-1], *places[:-1]]]
        orders += [[places[1], places[0], *places[2:], channels]] if len(places) > 1 else [[channels, *places]]
    return [order for order in dict.fromkeys(map(_joined, orders)) if order != _joined(sizes)]


def _usual_ways(layer: Layer) -> Iterator[Axes]:
    """What changes many tensors in one way: rows are one sequence of a batch; examples are columns, and all goes so."""
    rows = layer.inputs[0].sizes[:1]
    inside = [tensor for tensor in (*layer.inputs, *layer.outputs) if rows and tensor.sizes[:1] == rows]
    yield {tensor.name: _joined(["1", *map(plain, tensor.sizes)]) for tensor in inside}
    turned = {tensor.name: _turned(tensor) for tensor in layer.tensors if len(tensor.sizes) > 1}
    vectors = [tensor for tensor in layer.inputs if len(tensor.sizes) == 1 and not tensor.integer]
    columns = {tensor.name: _joined([plain(tensor.sizes[0]), "1"]) for tensor in vectors}
    labels = {
        tensor.name: _joined([*map(plain, as_rows(tensor).sizes)][::-1])
        for tensor in layer.inputs
        if classes_of(tensor)
    }
    yield {**turned, **columns, **labels}
    yield {**turned, **labels}
    if labels:
        yield {**turned, **columns}
        yield turned


def _turned(tensor: Tensor) -> str:
    """The axes of a tensor in reverse: examples are last then."""
    sizes = [plain(size) for size in tensor.sizes]
    return TRANSPOSED if len(sizes) == 2 and sizes[0] == sizes[1] else _joined(sizes[::-1])


def _joined(sizes: Sequence[str]) -> str:
    return ("" if all(len(size) == 1 for size in sizes) else ",").join(sizes)
