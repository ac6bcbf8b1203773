"""The code under check, and all that was told of it: its names, the order of its axes, its sizes and numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.adapters.axes import TRANSPOSED, orders_of, reordered, reordered_layer, with_transposes
from checks.adapters.complements import complemented, with_complements
from checks.adapters.frameworks import adapt, parameters_of
from checks.adapters.modules import usual_parameters
from checks.adapters.value_and_gradient import with_told_cotangent
from checks.implementation import Implementation
from derivations import Layer, Tensor

Pair = tuple[Callable[..., Any], Callable[..., Any]]


@dataclass(frozen=True)
class Subject:
    """What a user hands in as `layer`, of which the cotangents `wanted` are asked for.

    `sizes` are those of the layer, with options and with dL where they are told; `own` are numbers for parameters that
    the code alone has. `complements` are options of which it has 1 less.
    """

    made: Any
    layer: Layer
    wanted: Sequence[str]
    names: Mapping[str, str]
    complements: Sequence[str]
    axes: Mapping[str, str]
    sizes: Mapping[str, float]
    own: Mapping[str, float]
    device: str
    framework: str | None

    @classmethod
    def told(
        cls,
        made: Implementation | Pair | Callable[..., Any],
        layer: Layer,
        wanted: Sequence[str],
        names: Mapping[str, str],
        axes: Mapping[str, str],
        sizes: Mapping[str, float],
        device: str,
        framework: str | None,
    ) -> "Subject":
        """From what a user tells, transposes and complements included. Raises ValueError where that tells nothing."""
        told = {name.removesuffix(TRANSPOSED) for name in names.values()}
        usual = usual_parameters(made, layer).items()
        names = {**{yours: name for yours, name in usual if name.removesuffix(TRANSPOSED) not in told}, **names}
        names, axes = with_transposes(names, axes)
        names, complements = with_complements(names, layer)
        own = _own_settings(made, layer, sizes)
        sizes = {name: n for name, n in sizes.items() if name not in own}
        return cls(made, layer, wanted, names, complements, axes, sizes, own, device, framework)

    def adapted(self, axes: Mapping[str, str] | None = None) -> Implementation:
        """The Implementation, with its axes as told, or in another order. Raises ValueError as the adapters do."""
        orders = orders_of(self.layer, self.axes if axes is None else axes, self.sizes)
        whole = {
            name: int(n) for name, n in self.sizes.items() if name in self.layer.size_names and float(n).is_integer()
        }
        known: dict[str, Any] = {**self.names, **whole, **self.own}
        theirs = reordered_layer(self.layer, orders)
        implementation = adapt(self.made, theirs, known, self.device, self.framework, self.wanted)
        implementation = complemented(implementation, self.complements)
        return reordered(with_told_cotangent(implementation, self.layer, self.sizes), orders)

    @property
    def axes_shown(self) -> dict[str, str]:
        """Tensors whose axes were told: as the layer declares them, as the code has them."""
        theirs = reordered_layer(self.layer, orders_of(self.layer, self.axes, self.sizes)).by_name
        return {str(self.layer.by_name[name]): _shown(theirs[name], order) for name, order in self.axes.items()}


def _own_settings(made: Any, layer: Layer, sizes: Mapping[str, float]) -> dict[str, float]:
    """Numbers that are told for parameters of the code's own, of which the layer knows nothing: whole ones as such."""
    known = {
        *layer.size_names,
        *(option.name for option in layer.options),
        *(f"d{each.name}" for each in layer.outputs),
    }
    theirs = parameters_of(made) - {*layer.by_name}
    own = {name: value for name, value in sizes.items() if name not in known and name in theirs}
    return {name: int(value) if float(value).is_integer() else float(value) for name, value in own.items()}


def _shown(theirs: Tensor, axes: str) -> str:
    """A tensor as the code has it; in the axes of a square one it does not show that it is transposed."""
    return f"{theirs} transposed" if axes.strip() == TRANSPOSED and len({*theirs.sizes}) == 1 else str(theirs)
