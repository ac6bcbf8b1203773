"""A user's file: the backward that is named, and the forward that belongs to it."""

import ast
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.adapters.excerpts import Excerpt, defined_in, needed_by, read_python, without_import
from checks.adapters.notebooks import NotebookError, read_notebook
from checks.adapters.objects import is_object
from checks.adapters.packages import PackageError, specification_in_package
from checks.adapters.slopes import functions_of, is_slope, is_sloped, times_slope
from checks.implementation import trouble

LONGEST = 100_000_000  # bytes; notebooks keep their pictures
Pair = tuple[Callable[..., Any], Callable[..., Any]]
Tell = Callable[[str], None]


class FileError(ValueError):
    """A file or a function that cannot be had; the message is one line that says why."""


def _nobody(_: str) -> None:
    """Tell it to nobody."""


def load_implementation(target: str, forward: str | None = None, tell: Tell = _nobody) -> Any:
    """What `FILE:NAME` names, to be checked: the pair of a backward, or by itself what a framework differentiates.

    A name with `backward` in it is that of a backward, as is any whose forward is named. `sigmoid_prime`,
    `sigmoid_derivative` or `dsigmoid` beside `sigmoid` is the slope of a function of every entry: the backward is dY
    times that. `tell` hears, in a line, of a file of which not all was run. Raises FileError.
    """
    file, _, name = target.rpartition(":")
    both = "forward" in name and "backward" in name  # does both at once, as `forward_backward_prop`
    if forward is not None or ("backward" in name and not both) or not file:
        run, pull = load_pair(target, forward, tell)
        named = getattr(run, "__name__", "") in functions_of(getattr(pull, "__name__", ""))
        return run, times_slope(pull) if named and is_slope(pull, run) else pull
    guesses = functions_of(name)
    module = load_module(Path(file), [name, *guesses, *_forwards(name)], tell)
    found = _function(module, file, name)
    if not both:
        for forward_name in _forwards(name):
            if callable(run := _found(module, forward_name)):
                return run, found
    functions = [function for guess in guesses if callable(function := _found(module, guess))]
    if not functions:
        return found
    return functions[0], times_slope(found) if is_slope(found, functions[0]) else found


def load_pair(target: str, forward: str | None = None, tell: Tell = _nobody) -> Pair:
    """The forward and backward functions of `FILE:FUNCTION`, such as `mine.py:backward`.

    FUNCTION is the backward. Unless `forward` names it, the forward is the function of the same name with `backward`
    turned into `forward`, or left out: `lstm_backward` goes with `lstm_forward` or `lstm`.
    The file is run as a program is: whoever names it trusts it. Of a notebook, and of a file that does not run to its
    end, only that is run which the functions need. Raises FileError for a file that does not exist or does not run, and
    for functions that are not in it.
    """
    name, _, function = target.rpartition(":")
    if not name or not function:
        there = _there(_defined_in_file(Path(target)))
        raise FileError(f"{target!r} names no function: write FILE:FUNCTION, such as mine.py:backward{there}")
    module = load_module(Path(name), [function, *([forward] if forward else _forwards(function))], tell)
    backward = _function(module, name, function)
    if forward is not None:
        beside = f"{function.rpartition('.')[0]}.{forward}".lstrip(".")  # a method of the same object
        return _function(module, name, beside if _found(module, beside) is not None else forward), backward
    guesses = [guess for guess in _forwards(function) if guess and callable(_found(module, guess))]
    if not guesses:
        tried = " or ".join(guess for guess in _forwards(function) if guess)
        raise FileError(f"{name}: no function {tried} that {function} could belong to; name it with --forward")
    return _found(module, guesses[0]), backward


def load_module(path: Path, names: Iterable[str] = (), tell: Tell = _nobody) -> ModuleType:
    """Run a Python file, or what `names` need of a notebook, and return its module.

    A file that raises an exception is run again, but for what they do not need. Raises FileError, with the line, where
    that does not run either.
    """
    _require_source(path)
    wanted = [name.partition(".")[0] for name in names]
    module = f"file {path.stem}"  # which nothing imports: a file called random.py must not become Python's own random
    if path.suffix == ".ipynb":
        return _run_notebook(path, module, wanted)
    try:
        specification = specification_in_package(path) or importlib.util.spec_from_file_location(module, path)
    except PackageError as error:
        raise FileError(f"{path}: {error}") from None
    if specification is None:
        raise FileError(f"{path}: this is no Python file; expected a name that ends in .py, or .ipynb for a notebook")
    try:
        return _run(specification, path)
    except _StopError as stop:
        made = _run_excerpt(path, specification.name, wanted)
        if wanted and not hasattr(made, wanted[0]):
            raise stop.as_of(path) from stop
        tell(f"{stop.as_of(path)}; looked at with what {wanted[0]} needs of it alone")
        return made


def _run_excerpt(path: Path, module: str, wanted: list[str]) -> ModuleType:
    source, statements = read_python(path)
    return _run_statements(path, module, source, _needed(path, wanted, statements))


def _run_statements(path: Path, module: str, source: str, statements: list[ast.stmt]) -> ModuleType:
    """Run statements of a file; an import that fails is left out where another one imports the same name."""
    try:
        return _run(Excerpt(source, statements, str(path)).specification(module), path)
    except _StopError as stop:
        others = without_import(statements, stop.line)
        if others is None:
            raise stop.as_of(path) from stop
    return _run_statements(path, module, source, others)


def _run_notebook(path: Path, module: str, wanted: list[str]) -> ModuleType:
    try:
        notebook = read_notebook(path)
    except NotebookError as error:
        raise FileError(f"{path}: {error}") from None
    excerpt = Excerpt(notebook.source, _needed(path, wanted, notebook.statements), f"the cells of {path}")
    try:
        made = _run(excerpt.specification(module), path)
    except _StopError as stop:
        raise stop.as_of(path, notebook.place) from stop
    if wanted and not hasattr(made, wanted[0]):
        cells = ", ".join(map(str, notebook.left_out))
        unread = f" (no Python, and left out: cell {cells})" if cells else ""
        raise FileError(f"{path}: no function {wanted[0]!r} in it{_there(defined_in(notebook.statements))}{unread}")
    return made


def _require_source(path: Path) -> None:
    """Raise FileError for what holds no code, before Python reads it to the end that it may not have."""
    if not path.is_file():
        raise FileError(f"{path}: {'this is no regular file' if path.exists() else 'there is no such file'}")
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > LONGEST:
        raise FileError(f"{path} is longer than {LONGEST} bytes; name the file that holds the code")
    if path.suffix == ".py" and b"\0" in content:  # as UTF-16 has them, and compiled modules
        raise FileError(f"{path} is no text in UTF-8: it holds null bytes; save it as UTF-8")


def _needed(path: Path, wanted: list[str], statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    try:
        return needed_by(wanted, statements)
    except RecursionError:  # a sum of a thousand terms is a tree of a thousand levels
        raise FileError(f"{path}: an expression in it is too long to tell what {wanted[0]} needs; split it") from None


class _StopError(Exception):
    """Running a file raised an exception, in a line of it, or where nobody knows."""

    def __init__(self, line: int | None, told: str) -> None:
        super().__init__(told)
        self.line, self._told = line, told

    def as_of(self, path: Path, place: Callable[[int], str] = "line {}".format) -> FileError:
        """The same in one line, for the user."""
        where = place(self.line) if self.line else "line ?"
        return FileError(f"{path}, {where}: running it raises {self._told}")


def _run(specification: ModuleSpec | None, path: Path) -> ModuleType:
    """Run a module. Raises FileError for what is no Python, _StopError where it raises."""
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    folder = path.resolve().parent
    # So that the file finds its neighbours, as when it is run, and what is beside its folder, as from a project's root.
    before, sys.path[:] = [*sys.path], [str(folder), *sys.path, str(folder.parent)]
    try:
        specification.loader.exec_module(module)
    except SyntaxError as error:
        raise FileError(f"{path}, line {error.lineno or '?'}: {error.msg}") from None
    except (Exception, SystemExit) as error:  # a user's file may raise anything at all, and that is what we report
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in reversed(frames) if frame.filename == specification.origin]
        raise _StopError(next(iter(lines), None), trouble(error)) from error
    finally:
        sys.path[:] = before
    return module


_PAIRED = {"Backward": "Forward", "bwd": "fwd", "bprop": "fprop", "back": "forward", "vjp": "forward"}


def _forwards(backward: str) -> tuple[str, ...]:
    """What the forward of a backward may be called: `linear_forward`, `linear_fwd` or `linear`."""
    if "backward" in backward:
        return backward.replace("backward", "forward"), backward.replace("_backward", "").replace("backward", "")
    for theirs, forward in _PAIRED.items():
        if re.search(rf"(^|_){theirs}(_|$)" if theirs.islower() else rf"{theirs}$", backward):
            left = re.sub(rf"_?{theirs}$|^{theirs}_", "", backward)
            return backward.replace(theirs, forward), left
    return ()


def _found(module: ModuleType, name: str) -> Any:
    """What a module has under a name, as it stands or with dots; None where there is nothing."""
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _function(module: ModuleType, file: str, name: str) -> Any:
    found, (owner_name, _, part) = _found(module, name), name.rpartition(".")
    owner = _found(module, owner_name) if owner_name else module
    if inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, part, None)):
        raise FileError(
            f"{file}: {name} is a method without its object; make one in the file, and name it: object.{part}"
        )
    if not callable(found) and not is_object(found) and not is_sloped(found):
        if found is not None and hasattr(found, "__dict__"):
            methods = f"{name}.BACKWARD --forward FORWARD"
            raise FileError(f"{file}: {name} is {_described(found)}; name two of its methods: {methods}")
        functions = [
            n
            for n, v in vars(module).items()
            if (callable(v) or is_object(v)) and getattr(v, "__module__", "") == module.__name__
        ]
        raise FileError(f"{file}: no function {name!r} in it{_there(functions)}")
    return found


def _described(made: Any) -> str:
    """What an object is, and which methods it has."""
    own = [each for kind in type(made).__mro__[:-1] for each, value in vars(kind).items() if inspect.isfunction(value)]
    methods = [each for each in dict.fromkeys(own) if not each.startswith("__")]
    told = f", whose methods are {', '.join(methods)}" if methods else ", which has no methods"
    return f"an object of class {type(made).__name__}{told}, and none of them is a forward and a backward by its name"


def _defined_in_file(path: Path) -> list[str]:
    """The functions and classes of a file or a notebook, as it is written; none where it cannot be read."""
    if not path.is_file():
        return []
    if path.suffix != ".ipynb":
        return defined_in(read_python(path)[1])
    try:
        return defined_in(read_notebook(path).statements)
    except NotebookError:
        return []


def _there(functions: list[str]) -> str:
    return f"; it has {', '.join(functions)}" if functions else ""
