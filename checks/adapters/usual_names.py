"""What courses and libraries call the inputs and the sizes of a layer, where its own names are not theirs."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from checks.adapters.arguments import names_of_parameters
from derivations import Layer

_PREDICTION = re.compile(r"pred|hat|prob|logit|output|score", re.IGNORECASE)
_TARGET = re.compile(r"true|target|label|actual|expected|^(y|t|gt)$", re.IGNORECASE)
_SEEN = re.compile(r"^(input|image|feature|data|example)s?(_list|_data)?$", re.IGNORECASE)
_WINDOW = re.compile(r"(kernel|filter|pool|window)_?(size|shape)?|k?size|f|k")
_HEIGHT = re.compile(r"(kernel|filter|pool|window)_?(h|height)|kh|ph|hh")
_WIDTH = re.compile(r"(kernel|filter|pool|window)_?(w|width)|kw|pw|ww")


def with_usual_names(functions: Iterable[Callable[..., Any]], layer: Layer, names: Mapping[str, Any]) -> dict[str, Any]:
    """Names with what parameters of `functions`, a forward first, mean that are called as usual.

    Those that are told, or are the layer's own, stay as they are.
    """
    found: dict[str, Any] = {}
    for number, function in enumerate(functions):
        parameters = [name for name in names_of_parameters(function) if name not in names]
        asked = [name for name in names_of_parameters(function, required=True) if name not in names]
        found |= _window(asked, layer) | (_data(parameters, layer) if number == 0 else {})
    if "A1" in layer.by_name and "A0" not in layer.by_name and not layer.inputs[0].integer:
        found["dA0"] = f"d{layer.inputs[0].name}"  # of a network: what the first layer reads
    return {**found, **names}


def _data(parameters: list[str], layer: Layer) -> dict[str, str]:
    """Of a loss of two inputs `y_pred` is the first, and `y` or `labels` the second, where parameters say both.

    Of a network's loss `inputs` are X, and `labels` T.
    """
    if any(tensor.sizes for tensor in layer.outputs):
        return {}
    if len(layer.inputs) != 2:
        usual = {"X": _SEEN, "T": _TARGET}
        known = {name for name in usual if name in layer.by_name}
        found = {name: [each for each in parameters if usual[name].search(each)] for name in known}
        return {
            each[0]: name for name, each in found.items() if len(each) == 1 and not {name, name.lower()} & {*parameters}
        }
    prediction, target = (tensor.name for tensor in layer.inputs)
    predictions = [name for name in parameters if _PREDICTION.search(name)]
    targets = [name for name in parameters if _TARGET.search(name) and name not in predictions]
    told = len(predictions) == len(targets) == 1 and not {prediction, target} & {*parameters}
    return {predictions[0]: prediction, targets[0]: target} if told else {}


def _window(parameters: list[str], layer: Layer) -> dict[str, str]:
    """A `pool_size` is how high a window is, where no input shows that; `pool_w` is how wide."""
    known = {*layer.by_name, *(option.name for option in layer.options), *layer.size_names}
    usual = {"R": (_HEIGHT, _WINDOW), "S": (_WIDTH,)}
    return {
        name: size
        for size, patterns in usual.items()
        if size in layer.hidden_sizes
        for name in parameters
        if name not in known and any(pattern.fullmatch(name.lower()) for pattern in patterns)
    }
