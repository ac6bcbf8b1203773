"""Classes whose methods take a context that the forward leaves things in, as those of small autograd engines do."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

Method = Callable[..., Any]
_NAMES = ("ctx", "context")


class Context:
    """What a forward saves for its backward: by `save_for_backward`, or as attributes of any name."""

    def __init__(self) -> None:
        """Nothing is saved."""
        self.saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *values: Any) -> None:
        """Keep values; they come back as `saved_tensors`, or `saved_values`."""
        self.saved_tensors = values

    @property
    def saved_values(self) -> tuple[Any, ...]:
        """The same under the name that MiniTorch has for them."""
        return self.saved_tensors


def takes_context(made: Any, methods: tuple[str, str]) -> bool:
    """Whether it is a class both of whose methods take a context first, and no object."""
    return isinstance(made, type) and all(_first(getattr(made, method)) in _NAMES for method in methods)


def with_own_context(made: type, methods: tuple[str, str]) -> type:
    """The same class with a context of its own in every object, which its methods are given.

    It is one that the file of the class makes, if it has a class called so, `Context` or `Ctx`.
    """
    forward, backward = (getattr(made, method) for method in methods)
    namespace = getattr(inspect.unwrap(forward), "__globals__", {})
    theirs = next((kind for name in ("Context", "Ctx") if isinstance(kind := namespace.get(name), type)), Context)

    def begin(self: Any) -> None:
        self.context = theirs()

    members = {"__init__": begin, methods[0]: _given(forward), methods[1]: _given(backward)}
    return type(made.__name__, (), {**members, "__module__": made.__module__})


def _first(method: Method) -> str | None:
    return next(iter(inspect.signature(method).parameters), None) if inspect.isroutine(method) else None


def _given(method: Method) -> Method:
    """The method of an object, which gives its context to the method of the class."""

    @functools.wraps(method)
    def with_context(self: Any, *positional: Any, **named: Any) -> Any:
        return method(self.context, *positional, **named)

    # The context's place is the object's: it is never given.
    with_context.__signature__ = inspect.signature(method)  # type: ignore[attr-defined]
    return with_context
