"""What the mathematics says: layers as equations, and their derivatives, proved.

from derivations import derive, layer, LAYERS
d = derive("linear")
d.cotangents["dW"].text    # 'dW[d, c] = sum[n](X[n, d]*dY[n, c])'
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from derivations.backward import Derivation, Step, derive
from derivations.hessian import SecondOrder, second_order
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
    "SecondOrder",
    "Step",
    "Tensor",
    "derive",
    "layer",
    "read_equation",
    "read_layer",
    "second_order",
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
    "convolution",
    "grouped_convolution",
    "transposed_convolution",
    "pooling",
    "fused_convolution",
    "composite",
)


class _Catalogue(Mapping[str, Layer]):
    """The layers of all families by name; families are read one after the other, until the layer is found."""

    def __init__(self) -> None:
        self._layers: dict[str, Layer] = {}
        self._families: dict[str, list[str]] = {}
        self._unread = list(reversed(_FAMILIES))

    def _read_family(self) -> None:
        name = self._unread.pop()
        family = import_module(f"derivations.{name}")
        public = {name: value for name, value in vars(family).items() if not name.startswith("_")}
        found = {value.name: value for value in public.values() if isinstance(value, Layer)}
        self._families[name] = [layer for layer in found if layer not in self._layers]
        self._layers |= found

    def _all(self) -> dict[str, Layer]:
        while self._unread:
            self._read_family()
        return self._layers

    @property
    def families(self) -> Mapping[str, list[str]]:
        """The names of the layers of each family; a family is named like the module that it lies in."""
        self._all()
        return self._families

    def __getitem__(self, name: str) -> Layer:
        while name not in self._layers and self._unread:
            self._read_family()
        return self._layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


LAYERS = _Catalogue()
