"""Small examples that chapters carry through: a layer or a chain of layers, and numbers to put into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from derivations.backward import Derivation, derive
from derivations.compose import compose, part
from derivations.fields import boxed
from derivations.layer import Layer

Code = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Part:
    """One layer of a chain, by its name in the catalogue; `names` renames its tensors and sizes, as `part` does."""

    layer: str
    names: Mapping[str, str] = field(default_factory=dict, hash=False)

    def named(self, name: str) -> str:
        """What the chain calls a tensor of the layer, or its cotangent."""
        return f"d{self.named(name[1:])}" if name[:1] == "d" and name[1:] in self.names else self.names.get(name, name)


@dataclass(frozen=True)
class Example:
    """A chain of layers with numbers.

    `given` maps inputs, options and output cotangents to numbers or nested lists of them; a text such as "1/3" is a
    fraction. `claims` are what is said of the chain as a whole, with what it is called.
    """

    name: str
    chain: tuple[Part, ...]
    given: Mapping[str, Any] = field(hash=False)
    claims: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def layer(self) -> Layer:
        """The chain as one layer."""
        from derivations import LAYERS

        if len(self.chain) == 1 and not self.chain[0].names:
            return LAYERS[self.chain[0].layer]
        parts = [part(LAYERS[each.layer], **each.names) for each in self.chain]
        return compose(self.name, "", *parts, claims=self.claims)

    @property
    def derivation(self) -> Derivation:
        """How the chain's cotangents follow."""
        return derive(self.layer)

    @cached_property
    def exact(self) -> dict[str, Any]:
        """The given numbers: arrays of Fractions, integer arrays for labels, plain numbers for options."""
        options = {option.name for option in self.layer.options}
        return {name: value if name in options else self._array(name, value) for name, value in self.given.items()}

    def _array(self, name: str, value: Any) -> np.ndarray:
        tensor = self.layer.by_name.get(name)
        if tensor is not None and tensor.integer:
            return np.array(value, dtype=np.int64)
        return boxed(np.frompyfunc(Fraction, 1, 1)(np.array(value, dtype=object)))


def carried(example: Example, code: Code) -> dict[str, Any]:
    """The example's numbers, carried forwards and backwards through code in float64: nested lists by name.

    `code(layer, values)` runs one layer: with inputs alone it returns the outputs by name; with output cotangents among
    the values, the cotangents of the inputs. What comes back to a tensor from several sides is added up.
    """
    values = {name: _as_float(value) for name, value in example.exact.items()}
    for each in example.chain:
        values |= {each.named(name): np.asarray(value) for name, value in code(each.layer, _of(each, values)).items()}
    for each in reversed(example.chain):
        for name, value in code(each.layer, _of(each, values, backward=True)).items():
            whole = each.named(name)
            values[whole] = values[whole] + value if whole in values else np.asarray(value)
    return {name: np.asarray(value).tolist() for name, value in values.items()}


def _as_float(value: Any) -> Any:
    return value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype == object else value


def _of(each: Part, values: Mapping[str, Any], *, backward: bool = False) -> dict[str, Any]:
    """What a layer of the chain asks for, by its own names."""
    from derivations import LAYERS

    layer = LAYERS[each.layer]
    wanted = [*(tensor.name for tensor in layer.inputs), *(option.name for option in layer.options)]
    if backward:
        wanted += [f"d{name}" for name in layer.output_names]
    return {name: values[each.named(name)] for name in wanted}
