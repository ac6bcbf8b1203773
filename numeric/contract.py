"""What a layer accepts, declared once beside its code: `@contract("X[N, D] W[D, C] b[C] -> Y[N, C]")`.

A tensor is a name and its sizes; a size that occurs twice must be the same number both times, and every size is at
least 1. `T[N] in 0..C-1` declares integers and their range, `v[D] > 0` a bound. A tensor without brackets is a scalar.
All other tensors are real, and share one dtype. A bare name with a bound is an option: `eps > 0`, `stride in 1..`.
A size may be an expression, `X[N, 2*D]`, `Y[N, D + E]`; one that has no inverse is given as a formula beside the
declaration: `P="(H + 2*pad - R)//stride + 1"`.

`inspect.unwrap(layer)` is the bare function, for a caller that has looked at its arrays already.
"""

import ast
import functools
import inspect
import numbers
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from numeric.errors import InputError

Function = TypeVar("Function", bound=Callable[..., Any])

_TENSOR = re.compile(
    r"(?P<name>\w+)(?:\[(?P<sizes>[\w, +*-]*)\])?"
    r"(?: +in +(?P<low>\d)\.\.(?P<last>\w+(?: *- *1)?)?)?(?: +(?P<sign>>=?) +0)?"
)
_REAL = (np.dtype(np.float32), np.dtype(np.float64))
_ANALYTIC = (*_REAL, np.dtype(np.complex128))


@dataclass(frozen=True)
class Tensor:
    """A declared tensor; `last` is the largest label (`C-1`, or a number) of an integer tensor, None for a real one.

    `sign` is `>` or `>=` where every entry must be so, compared with 0.
    """

    name: str
    sizes: tuple[str, ...]
    last: str | None = None
    sign: str | None = None

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
    """The inputs, outputs and options of one function, and the dtypes that its real tensors may have.

    `formulas` are the sizes that follow from others, each after those that it needs.
    """

    layer: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    dtypes: tuple[np.dtype, ...]
    options: dict[str, Option]
    formulas: dict[str, str] = field(default_factory=dict)

    def check(self, arguments: dict[str, Any]) -> None:
        """Raise InputError, naming layer, tensor, and expected and given, at the first argument that breaks it."""
        for name, option in self.options.items():
            if not option.accepts(arguments[name]):
                raise self._error(f"{name} = {arguments[name]!r}; expected {option.expected}")
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
                self._check_sign(tensor, value)
        self._check_expressions(arguments, sizes)
        self._check_scalars_fit(arguments, dtype_of)
        self._check_formulas(arguments, sizes)

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
            if size == 0:
                raise self._error(f"{tensor.name} has shape {value.shape}; expected {tensor} with {name} at least 1")
            if not name.isidentifier():
                continue  # an expression: its turn comes when all plain sizes are known
            expected, source = sizes.setdefault(name, (size, tensor))
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

    def _check_sign(self, tensor: Tensor, value: np.ndarray) -> None:
        if tensor.sign is None:
            return
        outside = np.argwhere(~(value.real > 0 if tensor.sign == ">" else value.real >= 0))
        if outside.size:
            where = ", ".join(map(str, outside[0]))
            raise self._error(
                f"{tensor.name}[{where}] = {value[tuple(outside[0])]}; expected {_BOUNDS[tensor.sign]} everywhere"
            )

    def _check_expressions(self, arguments: dict[str, Any], sizes: dict[str, tuple[int, Tensor]]) -> None:
        """Sizes such as D + E: where one name in it is not known yet, the shape says what it must be."""
        sized = [(tensor, axis, text) for tensor in self.inputs for axis, text in enumerate(tensor.sizes)]
        for tensor, axis, text in sized:
            if text.isidentifier():
                continue
            shape = arguments[tensor.name].shape
            size = shape[axis]
            tree = _parsed(text)
            known = {name: number for name, (number, _) in sizes.items()}
            known |= {name: arguments[name] for name in self.options}
            unknown = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(known)
            if len(unknown) == 1:
                (name,) = unknown
                start, end = (_value(tree, known | {name: number}) for number in (0, 1))
                known[name], rest = divmod(size - start, end - start)
                if rest or known[name] < 1:
                    raise self._error(
                        f"{tensor.name} has shape {shape}; expected {tensor} with {name} a whole number, at least 1"
                    )
                sizes[name] = (known[name], tensor)
            expected = _value(tree, known)
            if size != expected:
                raise self._error(f"{tensor.name} has shape {shape}; expected {tensor} with {text} = {expected}")

    def _check_formulas(self, arguments: dict[str, Any], sizes: dict[str, tuple[int, Tensor]]) -> None:
        known = {name: size for name, (size, _) in sizes.items()}
        known |= {name: arguments[name] for name in self.options}
        for name, formula in self.formulas.items():
            size = _value(_parsed(formula), known)
            if size < 1:
                raise self._error(f"{name} = {formula} is {size}; expected at least 1")
            if known.setdefault(name, size) != size:
                _, tensor = sizes[name]
                shape = arguments[tensor.name].shape
                raise self._error(
                    f"{tensor.name} has shape {shape}; expected {tensor} with {name} = {formula} = {size}"
                )

    def _error(self, trouble: str) -> InputError:
        return InputError(f"{self.layer}: {trouble}")


def contract(
    declaration: str, *, analytic: bool = True, **options_and_formulas: Option | str
) -> Callable[[Function], Function]:
    """Decorate a layer's forward or backward so that it refuses, with InputError, what `declaration` does not allow.

    The parameters of the function carry the names of the tensors. An `analytic` function accepts complex128 beside
    float32 and float64, which is what the complex step needs.
    """
    left, right = declaration.split("->")
    formulas = {name: value for name, value in options_and_formulas.items() if isinstance(value, str)}
    options = _options(left) | {n: value for n, value in options_and_formulas.items() if isinstance(value, Option)}
    inputs = tuple(tensor for tensor in _tensors(left) if tensor.name not in options)

    def decorate(function: Function) -> Function:
        dtypes = _ANALYTIC if analytic else _REAL
        terms = Contract(function.__name__, inputs, _tensors(right), dtypes, options, formulas)
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            terms.check(bound.arguments)
            return function(*args, **kwargs)

        # Also on the bare function: who runs it knows what it gives and takes.
        checked.contract = function.contract = terms  # type: ignore[attr-defined]  # types of functions carry none
        return checked  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see

    return decorate


def contract_of(function: Callable[..., Any]) -> Contract:
    """The contract that a function was decorated with."""
    return function.contract  # type: ignore[attr-defined]  # set by the decorator


def without_contract(function: Callable[..., Any]) -> Callable[..., Any]:
    """The bare function behind a contract, for a caller that has looked at its arrays already; any other as it is."""
    return inspect.unwrap(function) if hasattr(function, "contract") else function


def _tensors(side: str) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(
            found["name"],
            tuple(size.strip() for size in found["sizes"].split(",")) if found["sizes"] else (),
            found["last"],
            found["sign"],
        )
        for found in _TENSOR.finditer(side)
    )


def _options(side: str) -> dict[str, Option]:
    """The bare names that have a bound."""
    options = {}
    for found in _TENSOR.finditer(side):
        if found["sizes"] is None and found["sign"]:
            options[found["name"]] = Option(_BOUNDS[found["sign"]], functools.partial(_is_bounded, found["sign"]))
        elif found["sizes"] is None and found["low"]:
            low = int(found["low"])
            options[found["name"]] = Option(f"a whole number, at least {low}", functools.partial(_is_whole, low))
    return options


_BOUNDS = {">": "a number above 0", ">=": "a number, at least 0"}


def _is_bounded(sign: str, value: Any) -> bool:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_number and bool(0 < value < np.inf if sign == ">" else 0 <= value < np.inf)


def _is_whole(low: int, value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= low)


@functools.cache
def _parsed(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


def _value(node: ast.expr, known: dict[str, int]) -> int:
    """A formula of sizes: whole numbers, names, + - * // and brackets."""
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, known), _value(node.right, known))
    return known[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)


_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv}


def _last_label(last: str, sizes: dict[str, int]) -> int:
    if last.isdigit():
        return int(last)
    name, _, _ = last.partition("-")
    return sizes[name.strip()] - 1
