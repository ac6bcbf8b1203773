"""What a layer accepts, declared once beside its code: `@contract("X[N, D] W[D, C] b[C] -> Y[N, C]")`.

A tensor is a name and its sizes; a size that occurs twice must be the same number both times, and every size is at
least 1. `T[N] in 0..C-1` declares integers and their range. A tensor without brackets is a scalar. All other tensors
are real, and share one dtype.

`inspect.unwrap(layer)` is the bare function, for a caller that has looked at its arrays already.
"""

import functools
import inspect
import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from numeric.errors import InputError

Function = TypeVar("Function", bound=Callable[..., Any])

_TENSOR = re.compile(r"(?P<name>\w+)(?:\[(?P<sizes>[\w, ]*)\])?(?: +in +0\.\.(?P<last>\w+(?: *- *1)?))?")
_REAL = (np.dtype(np.float32), np.dtype(np.float64))
_ANALYTIC = (*_REAL, np.dtype(np.complex128))


@dataclass(frozen=True)
class Tensor:
    """A declared tensor; `last` is the largest label (`C-1`, or a number) of an integer tensor, None for a real one."""

    name: str
    sizes: tuple[str, ...]
    last: str | None = None

    def __str__(self) -> str:
        """As it was declared: `X[N, D]`."""
        return f"{self.name}[{', '.join(self.sizes)}]" if self.sizes else self.name


@dataclass(frozen=True)
class Option:
    """A setting that is no tensor: which values it may take, in words and as a test."""

    expected: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True)
class Contract:
    """The inputs, outputs and options of one function, and the dtypes that its real tensors may have."""

    layer: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    dtypes: tuple[np.dtype, ...]
    options: dict[str, Option]

    def check(self, arguments: dict[str, Any]) -> None:
        """Raise InputError, naming layer, tensor, and expected and given, at the first argument that breaks it."""
        sizes: dict[str, tuple[int, Tensor]] = {}
        dtype_of: dict[np.dtype, str] = {}
        for tensor in self.inputs:
            value = arguments[tensor.name]
            if not tensor.sizes:
                self._check_scalar(tensor, value)
                continue
            self._check_shape(tensor, value, sizes)
            if tensor.last is not None:
                self._check_labels(tensor, value, {name: size for name, (size, _) in sizes.items()})
            else:
                self._check_dtype(tensor, value, dtype_of)
        self._check_scalars_fit(arguments, dtype_of)
        for name, option in self.options.items():
            if not option.accepts(arguments[name]):
                raise self._error(f"{name} = {arguments[name]!r}; expected {option.expected}")

    def _check_scalar(self, tensor: Tensor, value: Any) -> None:
        is_number = isinstance(value, numbers.Number) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, np.ndarray) and value.shape == () and value.dtype in self.dtypes):
            given = f"shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            raise self._error(f"{tensor} is a scalar, given {given}; expected one number")

    def _check_scalars_fit(self, arguments: dict[str, Any], dtype_of: dict[np.dtype, str]) -> None:
        for dtype, first in dtype_of.items():
            for tensor in self.inputs:
                if not tensor.sizes and np.iscomplexobj(arguments[tensor.name]) and dtype.kind != "c":
                    raise self._error(f"{tensor.name} is complex; expected a real number, because {first} is {dtype}")

    def _check_shape(self, tensor: Tensor, value: Any, sizes: dict[str, tuple[int, Tensor]]) -> None:
        if type(value) is not np.ndarray:  # a subclass may redefine what * means
            raise self._error(f"{tensor.name} is a {type(value).__name__}; expected a NumPy array {tensor}")
        if value.ndim != len(tensor.sizes):
            raise self._error(
                f"{tensor.name} has shape {value.shape}; expected {len(tensor.sizes)} dimensions, {tensor}"
            )
        for name, size in zip(tensor.sizes, value.shape, strict=True):
            expected, source = sizes.setdefault(name, (size, tensor))
            if size == 0:
                raise self._error(f"{tensor.name} has shape {value.shape}; expected {tensor} with {name} at least 1")
            if size != expected:
                origin = "itself" if source is tensor else str(source)
                raise self._error(
                    f"{tensor.name} has shape {value.shape}; expected {tensor} with {name} = {expected}, as in {origin}"
                )

    def _check_dtype(self, tensor: Tensor, value: np.ndarray, dtype_of: dict[np.dtype, str]) -> None:
        if value.dtype not in self.dtypes:
            allowed = ", ".join(str(dtype) for dtype in self.dtypes)
            raise self._error(f"{tensor.name} has dtype {value.dtype}; expected one of {allowed}")
        dtype_of.setdefault(value.dtype, tensor.name)
        if len(dtype_of) > 1:
            (dtype, first), *_ = dtype_of.items()
            raise self._error(
                f"{tensor.name} has dtype {value.dtype}; expected {dtype}, as {first} has: convert one of them"
            )

    def _check_labels(self, tensor: Tensor, value: np.ndarray, sizes: dict[str, int]) -> None:
        if value.dtype.kind not in "iu":
            raise self._error(f"{tensor.name} has dtype {value.dtype}; expected integers 0..{tensor.last}")
        last = _last_label(str(tensor.last), sizes)
        outside = np.argwhere((value < 0) | (value > last))
        if outside.size:
            where = ", ".join(map(str, outside[0]))
            raise self._error(f"{tensor.name}[{where}] = {value[tuple(outside[0])]}; expected labels 0..{last}")

    def _error(self, trouble: str) -> InputError:
        return InputError(f"{self.layer}: {trouble}")


def contract(declaration: str, *, analytic: bool = True, **options: Option) -> Callable[[Function], Function]:
    """Decorate a layer's forward or backward so that it refuses, with InputError, what `declaration` does not allow.

    The parameters of the function carry the names of the tensors. An `analytic` function accepts complex128 beside
    float32 and float64, which is what the complex step needs.
    """
    inputs, outputs = (_tensors(side) for side in declaration.split("->"))

    def decorate(function: Function) -> Function:
        terms = Contract(function.__name__, inputs, outputs, _ANALYTIC if analytic else _REAL, options)
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            terms.check(bound.arguments)
            return function(*args, **kwargs)

        checked.contract = terms  # type: ignore[attr-defined]  # functions carry attributes, their types do not
        return checked  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see

    return decorate


def contract_of(function: Callable[..., Any]) -> Contract:
    """The contract that a function was decorated with."""
    return function.contract  # type: ignore[attr-defined]  # set by the decorator


def _tensors(side: str) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(
            found["name"],
            tuple(size.strip() for size in found["sizes"].split(",")) if found["sizes"] else (),
            found["last"],
        )
        for found in _TENSOR.finditer(side)
    )


def _last_label(last: str, sizes: dict[str, int]) -> int:
    if last.isdigit():
        return int(last)
    name, _, _ = last.partition("-")
    return sizes[name.strip()] - 1
