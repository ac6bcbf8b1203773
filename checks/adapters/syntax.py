"""How a function is written: what it calls the values that it returns, and what it looks up words in."""

import ast
import inspect
import textwrap
import tokenize
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

Names = tuple["str | Names", ...]


def names_returned(function: Callable[..., Any]) -> tuple[str, ...]:
    """What a function calls the values of the tuple that it returns; "" for what has no name.

    Nothing where it returns no tuple, or tuples of several lengths, or calls one value by two names.
    """
    return _one([tuple("" if isinstance(name, tuple) else name for name in names) for names in _returned(function)])


def names_returned_in_all(function: Callable[..., Any]) -> tuple[str, ...]:
    """The same, with what is in the tuples that such a tuple holds: `loss, (dW, db)` is three values."""
    return _one([tuple(flat(names)) for names in _returned(function)])


def flat(nested: Sequence[Any]) -> Iterator[Any]:
    """What tuples hold, and what is in the tuples that they hold."""
    for each in nested:
        yield from flat(each) if isinstance(each, tuple) else (each,)


def parameters_with_keys(function: Callable[..., Any]) -> frozenset[str]:
    """The names that a function looks up words in, as in `params["W1"]`."""
    return frozenset(_with_keys(code)) if (code := _code(function)) is not None else frozenset()


def tree_of(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """A function as it is written; None for what is none, or whose text nobody has."""
    code = _code(function) if inspect.isfunction(function) else None
    tree = None if code is None else _tree(code)
    return tree if isinstance(tree, ast.FunctionDef) else None


def _one(told: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What all tell together; nothing where they contradict each other."""
    names = [{*each} - {""} for each in zip(*told, strict=True)] if len({*map(len, told)}) == 1 else []
    return tuple(each.pop() if each else "" for each in names) if all(len(each) < 2 for each in names) else ()


def _returned(function: Callable[..., Any]) -> tuple[Names, ...]:
    code = _code(function)
    return () if code is None else _returned_by(code)


def _code(function: Callable[..., Any]) -> CodeType | None:
    return getattr(inspect.unwrap(function), "__code__", None)


@lru_cache(maxsize=32)  # code is adapted again for every order of axes that is tried
def _returned_by(code: CodeType) -> tuple[Names, ...]:
    returned = [node.value for node in _within(_tree(code)) if isinstance(node, ast.Return)]
    return tuple(_names_in(node) if isinstance(node, ast.Tuple) else () for node in returned)


def _names_in(values: ast.Tuple) -> Names:
    return tuple(_names_in(each) if isinstance(each, ast.Tuple) else getattr(each, "id", "") for each in values.elts)


@lru_cache(maxsize=32)
def _with_keys(code: CodeType) -> tuple[str, ...]:
    looked_up = [node for node in _within(_tree(code)) if isinstance(node, ast.Subscript) and _is_word(node.slice)]
    return tuple(node.value.id for node in looked_up if isinstance(node.value, ast.Name))


def _is_word(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _tree(code: CodeType) -> ast.AST:
    """A function as it is written; an empty module where nobody has its text: typed at a prompt, part of a line."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code))).body[0]
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):
        return ast.Module([], [])


def _within(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions that are defined in it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _within(node)
