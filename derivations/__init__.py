"""What the mathematics says: layers as equations, and their derivatives, proved.

from derivations import derive, layer, LAYERS
d = derive("linear")
d.cotangents["dW"].text    # 'dW[d, c] = sum[n](X[n, d]*dY[n, c])'
"""

from collections.abc import Iterator, Mapping

from derivations.backward import Derivation, Step, derive
from derivations.layer import Claim, DerivationError, Equation, Layer, Option, Tensor
from derivations.notation import NotationError, layer, read_equation, read_layer
from derivations.proof import Counterexample, Proof

__all__ = [
    "LAYERS",
    "Claim",
    "Counterexample",
    "Derivation",
    "DerivationError",
    "Equation",
    "Layer",
    "NotationError",
    "Option",
    "Proof",
    "Step",
    "Tensor",
    "derive",
    "layer",
    "read_equation",
    "read_layer",
]

_FAMILIES = (
    "linear",
    "activations",
    "losses",
    "penalties",
    "normalization",
    "rectifiers",
    "hard_activations",
    "gated_activations",
    "regression_losses",
    "margin_losses",
    "dropout",
    "structure",
    "recurrent",
    "linear_recurrence",
    "attention",
)


class _Catalogue(Mapping[str, Layer]):
    """The layers of all families by name; a family is read when the first layer is asked for."""

    def __init__(self) -> None:
        self._layers: dict[str, Layer] = {}

    def _read(self) -> dict[str, Layer]:
        if not self._layers:
            from importlib import import_module

            families = [import_module(f"derivations.{family}") for family in _FAMILIES]
            found = [value for family in families for value in vars(family).values() if isinstance(value, Layer)]
            self._layers.update({layer.name: layer for layer in found})
        return self._layers

    def __getitem__(self, name: str) -> Layer:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


LAYERS: Mapping[str, Layer] = _Catalogue()
