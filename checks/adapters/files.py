"""A user's file: the backward that is named, and the forward that belongs to it."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.adapters.objects import is_object
from checks.adapters.slopes import functions_of, is_sloped, times_slope

Pair = tuple[Callable[..., Any], Callable[..., Any]]


class FileError(ValueError):
    """A file or a function that cannot be had; the message is one line that says why."""


def load_implementation(target: str, forward: str | None = None) -> Any:
    """What `FILE:NAME` names, to be checked: the pair of a backward, or by itself what a framework differentiates.

    A name with `backward` in it is that of a backward, as is any whose forward is named. `sigmoid_prime`,
    `sigmoid_derivative` or `dsigmoid` beside `sigmoid` is the slope of a function of every entry: the backward is dY
    times that. Raises FileError.
    """
    file, _, name = target.rpartition(":")
    if forward is not None or "backward" in name or not file:
        return load_pair(target, forward)
    module = load_module(Path(file))
    found = _function(module, file, name)
    functions = [getattr(module, guess, None) for guess in functions_of(name)]
    return next(((function, times_slope(found)) for function in functions if callable(function)), found)


def load_pair(target: str, forward: str | None = None) -> Pair:
    """The forward and backward functions of `FILE:FUNCTION`, such as `mine.py:backward`.

    FUNCTION is the backward. Unless `forward` names it, the forward is the function of the same name with `backward`
    turned into `forward`, or left out: `lstm_backward` goes with `lstm_forward` or `lstm`.
    The file is run as a program is: whoever names it trusts it. Raises FileError for a file that does not exist or
    does not run, and for functions that are not in it.
    """
    name, _, function = target.rpartition(":")
    if not name or not function:
        raise FileError(f"{target!r} names no function: write FILE:FUNCTION, such as mine.py:backward")
    module = load_module(Path(name))
    backward = _function(module, name, function)
    if forward is not None:
        return _function(module, name, forward), backward
    guesses = [guess for guess in _forwards(function) if guess and callable(getattr(module, guess, None))]
    if not guesses:
        tried = " or ".join(guess for guess in _forwards(function) if guess)
        raise FileError(f"{name}: no function {tried} that {function} could belong to; name it with --forward")
    return getattr(module, guesses[0]), backward


def load_module(path: Path) -> ModuleType:
    """Run a Python file and return its module. Raises FileError, with the line, where it does not run."""
    if not path.is_file():
        raise FileError(f"{path}: there is no such file")
    name = f"file {path.stem}"  # which nothing imports: a file called random.py must not become Python's own random
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise FileError(f"{path}: this is no Python file; expected a name that ends in .py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent.resolve()))  # so that the file finds its neighbours, as when it is run
    try:
        specification.loader.exec_module(module)
    except SyntaxError as error:
        raise FileError(f"{path}, line {error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:  # a user's file may raise anything at all, and that is what we report
        line = next(
            (
                f.lineno
                for f in reversed(traceback.extract_tb(error.__traceback__))
                if f.filename == specification.origin
            ),
            "?",
        )
        trouble = " ".join(f"{type(error).__name__}: {error}".split())
        raise FileError(f"{path}, line {line}: running it raises {trouble}") from error
    finally:
        sys.path.pop(0)
    return module


def _forwards(backward: str) -> tuple[str, ...]:
    return backward.replace("backward", "forward"), backward.replace("_backward", "").replace("backward", "")


def _function(module: ModuleType, file: str, name: str) -> Any:
    found: Any = module
    owner: Any = None
    for part in name.split("."):
        found, owner = getattr(found, part, None), found
    if inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, part, None)):
        raise FileError(
            f"{file}: {name} is a method without its object; make one in the file, and name it: object.{part}"
        )
    if not callable(found) and not is_object(found) and not is_sloped(found):
        functions = [
            n
            for n, v in vars(module).items()
            if (callable(v) or is_object(v)) and getattr(v, "__module__", "") == module.__name__
        ]
        there = f"; it has {', '.join(functions)}" if functions else ""
        raise FileError(f"{file}: no function {name!r} in it{there}")
    return found
