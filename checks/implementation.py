"""An implementation of a layer: any forward and backward, whoever wrote them, behind one pair of calls."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, Any]
USED = "object"  # under which a forward hands its object on; where it is given one, it uses that again


class MisconductError(Exception):
    """What an implementation did that leaves nothing to compare; it becomes a finding, never a traceback."""

    def __init__(self, kind: str, reason: str, *, ran: bool = True) -> None:
        """`kind` names the finding (raises, arity), `reason` is its sentence; it may not have `ran` at all."""
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.ran = ran


@dataclass(frozen=True)
class Implementation:
    """`forward(values)` gives the output, and whatever else the backward wants, by name.

    `backward(values)` takes the inputs, options, the forward's results and the output cotangents by name, and gives
    the cotangents by name (`{"dX": ...}`), None where it has none. Both raise MisconductError.
    `functions` are the callables behind them: what a certificate takes the digest of.
    `forward_again` is the forward without its look at the arguments, for those that it has accepted once.
    `sizes` are the sizes and options that the code has settled for itself, as a module does. `assumed` are the values
    of masks and options that it does not take. `guessed` are parameters that were given a tensor because of their place
    alone. `kept` are the inputs that an object keeps, which its forward does not take. `laid_out` gives values the
    layout in memory that the code is used to. `drawn` gives values the mask that the code draws for itself in a dtype.
    """

    name: str
    forward: Callable[[Values], dict[str, Any]]
    backward: Callable[[Values], dict[str, Any]]
    functions: tuple[Callable[..., Any], ...] = ()
    forward_again: Callable[[Values], dict[str, Any]] | None = None
    sizes: Mapping[str, float] = field(default_factory=dict)
    assumed: Mapping[str, int] = field(default_factory=dict)
    guessed: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    laid_out: Callable[[Values], dict[str, Any]] = dict
    drawn: Callable[[Values, np.dtype], dict[str, Any]] = lambda values, dtype: {**values}

    def behind(
        self, theirs: Callable[[Values], dict[str, Any]], ours: Callable[[Values], dict[str, Any]]
    ) -> "Implementation":
        """The same for values that are turned into `theirs` on their way in, and into `ours` on their way out."""
        again = self.forward_again
        return replace(
            self,
            forward=lambda values: ours(self.forward(theirs(values))),
            backward=lambda values: ours(self.backward(theirs(values))),
            forward_again=None if again is None else lambda values: ours(again(theirs(values))),
        )


def call(function: Callable[..., Any], positional: list[tuple[str, Any]], named: Values) -> Any:
    """Call somebody's function. Raises MisconductError, with the call that shows it, whatever the function raises.

    What NumPy warns of is seen in the numbers themselves; some BLAS raise the flags without a reason, too.
    """
    try:
        with np.errstate(all="ignore"):
            return function(*(value for _, value in positional), **named)
    except MisconductError:
        raise
    except (Exception, SystemExit) as error:  # code under test may raise anything at all, and that is a finding
        refused = isinstance(error, TypeError) and (error.__traceback__ is None or error.__traceback__.tb_next is None)
        told = f"{shown(function, positional, named)} raises {trouble(error)}"
        raise MisconductError("raises", told, ran=not refused) from error


def trouble(error: BaseException) -> str:
    """Somebody's exception in one line, which Python puts together: its own `__str__` may raise another."""
    message = traceback.TracebackException(type(error), error, None, lookup_lines=False)
    return " ".join(f"{type(error).__name__}: {message}".split())


def as_numbers(name: str, value: Any) -> NDArray[np.float64]:
    """What an implementation returned as `name`, in float64. Raises MisconductError for what is no real array."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "cOSU":
            return array.astype(np.float64)
    except (ValueError, TypeError, RuntimeError):  # ragged lists; a dtype that holds no numbers; tensors in a list
        raise MisconductError("dtype", f"{name} is no array of real numbers") from None
    raise MisconductError("dtype", f"{name} has dtype {array.dtype}, which holds no real numbers")


def numbers_in(results: Values) -> dict[str, NDArray[np.float64]]:
    """All that an implementation returned, in float64, without what is None. Raises MisconductError as above."""
    return {name: as_numbers(name, value) for name, value in results.items() if value is not None}


def shown(function: Callable[..., Any], positional: list[tuple[str, Any]], named: Values) -> str:
    """A call as a reader would write it: `backward(dY[3, 5], X[3, 4], eps=0.1)`."""
    arguments = [_shown(name, value) for name, value in [*positional, *named.items()]]
    return f"{getattr(function, '__name__', type(function).__name__)}({', '.join(arguments)})"


def _shown(name: str, value: Any) -> str:
    if isinstance(value, int | float):
        return f"{name}={value}"
    shape = getattr(value, "shape", None)
    return f"{name}{list(shape)}" if isinstance(shape, tuple) and shape else name
