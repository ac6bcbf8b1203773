"""Functions of every entry that come with their slope instead of a backward: the backward is dY times that."""

import copy
import functools
import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from checks.adapters.arguments import names_of_parameters

Function = Callable[..., Any]

# What tutorials call the two methods of an activation, or of a cost.
_FUNCTIONS = ("forward", "__call__", "fn", "function", "func", "activation", "activate", "loss")
_SLOPES = ("gradient", "grad", "derivative", "derivate", "deriv", "prime")
# And the slope that stands beside a function.
_ENDS = ("_prime", "_derivative", "_deriv", "_gradient", "_grad", "_slope", "_d")
_BETWEEN = ("_grad_", "_gradient_")  # `dense_grad_W`
_STARTS = ("d_", "d")


def functions_of(slope: str) -> list[str]:
    """What the function may be called whose slope has such a name."""
    behind = [slope.removesuffix(end) for end in _ENDS if slope.endswith(end)]
    behind += [slope.partition(end)[0] for end in _BETWEEN if end in slope]
    named = [name + more for name in dict.fromkeys(behind) for more in ("", "_loss", "_cost", "_forward")]
    return [*named, *(slope[len(start) :] for start in _STARTS if slope.startswith(start))]


def is_slope(slope: Function, function: Function) -> bool:
    """Whether it asks for no more than the function whose slope it may be: a backward asks for a cotangent as well.

    What a builtin function asks for may not be told: that is one number.
    """
    asked, by_the_function = (names_of_parameters(each, required=True) for each in (slope, function))
    return len(asked) <= max(len(by_the_function), 1)


def times_slope(slope: Function) -> Function:
    """The backward of a function of every entry, which takes what its slope takes."""

    @functools.wraps(slope)
    def backward(dY: Any, *values: Any, **named: Any) -> Any:
        return _times(dY, slope(*values, **named))

    backward.__signature__ = _after(["dY"], slope)  # type: ignore[attr-defined]
    return backward


def _times(dY: Any, slope: Any) -> Any:
    """The product, with each of several slopes; a list of numbers is one of them."""
    if isinstance(slope, list) and all(isinstance(each, Real) for each in slope):
        return dY * np.array(slope)
    if isinstance(slope, tuple | list):
        return type(slope)(_times(dY, each) for each in slope)
    return {key: _times(dY, each) for key, each in slope.items()} if isinstance(slope, dict) else dY * slope


def is_sloped(made: Any) -> bool:
    """Whether it is a class, or an object, with methods for a function and for its slope."""
    return _methods(made) is not None


def with_backward(made: Any) -> Any:
    """A class, or an object, that is sloped, with a `forward` and a `backward`. Raises ValueError for any other."""
    methods = _methods(made)
    if methods is None:
        raise ValueError("it has no method for a slope")
    run, slope = methods
    owner: Any = made if isinstance(made, type) else type(made)
    written = getattr(owner, slope)

    @functools.wraps(written)
    def backward(self: Any, dY: Any, *values: Any, **named: Any) -> Any:
        return _times(dY, getattr(self, slope)(*values, **named))

    takes_object = inspect.isfunction(inspect.getattr_static(owner, slope))
    backward.__signature__ = _after(["self", "dY"], written, skip=int(takes_object))  # type: ignore[attr-defined]
    members = {"__slots__": (), "forward": inspect.getattr_static(owner, run), "backward": backward}
    sloped = type(owner.__name__, (owner,), members)
    if isinstance(made, type):
        return sloped
    twin = copy.copy(made)
    twin.__class__ = sloped
    return twin


def _methods(made: Any) -> tuple[str, str] | None:
    """What a class, or an object, calls a function and its slope, where it has both."""
    classes = (made if isinstance(made, type) else type(made)).__mro__
    members = [member for each in classes for member in vars(each).items()]
    own = {name for name, value in members if inspect.isfunction(getattr(value, "__func__", value))}
    run, slope = (next((name for name in names if name in own), None) for names in (_FUNCTIONS, _SLOPES))
    return (run, slope) if run and slope else None


def _after(names: list[str], function: Function, skip: int = 0) -> inspect.Signature:
    """The signature of a function behind these parameters, without the first so many of its own."""
    first = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
    return inspect.Signature([*first, *list(inspect.signature(function).parameters.values())[skip:]])
