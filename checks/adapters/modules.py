"""What PyTorch's modules call their parameters, `weight` and `bias`, by the names of a layer."""

import sys
from typing import Any

from derivations import Layer

_WEIGHTS, _BIASES = ("gamma", "W", "K"), ("beta", "b")


def usual_parameters(made: Any, layer: Layer) -> dict[str, str]:
    """`{"weight": "W.T", "bias": "b"}` of `torch.nn.Linear`, `{"weight": "gamma"}` of a norm.

    A matrix is W or W.T, as its bias or its kind shows. Nothing of what is no module, and of what may be either.
    """
    torch = sys.modules.get("torch")  # who hands in a module has imported it
    if torch is None or not isinstance(made, torch.nn.Module):
        return {}
    shapes = {name: tuple(parameter.shape) for name, parameter in made.named_parameters() if name not in layer.by_name}
    inputs = [tensor.name for tensor in layer.inputs]
    weight, bias = (next((name for name in usual if name in inputs), None) for usual in (_WEIGHTS, _BIASES))
    found = {"bias": bias} if bias and "bias" in shapes else {}
    if weight and "weight" in shapes:
        kept = _as_kept(made, weight, shapes["weight"], shapes.get("bias"), torch) if weight == "W" else weight
        found |= {"weight": kept} if kept else {}
    return found


def _as_kept(made: Any, weight: str, shape: tuple[int, ...], bias: tuple[int, ...] | None, torch: Any) -> str | None:
    """The weight, or its transpose: of a bias of C, W is [D, C]."""
    if isinstance(made, torch.nn.Embedding):
        return weight
    if isinstance(made, torch.nn.Linear):
        return f"{weight}.T"
    if bias is None or len(shape) != 2 or shape[0] == shape[1]:
        return None
    return weight if shape[1:] == bias else f"{weight}.T" if shape[:1] == bias else None
