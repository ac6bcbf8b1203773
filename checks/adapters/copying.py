"""Copies of an object, whatever it has: what cannot be copied, a module or a lock, all of them share."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from checks.implementation import MisconductError, call


def copied(made: Any) -> Any:
    """An object like another, with the same modules, locks and open files. Raises MisconductError without one."""
    try:
        return _deep_copy(made)
    except MisconductError:
        return _deep_copy(made, {id(part): part for part in parts_of(made) if not _can_be_copied(part)})


def _deep_copy(made: Any, shared: dict[int, Any] | None = None) -> Any:
    return call(copy.deepcopy, [(type(made).__name__, made)], {"memo": shared} if shared else {})


def parts_of(made: Any) -> Iterator[Any]:
    """What an object has that has no parts itself, in attributes, dictionaries and lists."""
    pending, seen = [made], set()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        inner = _inner(part)
        if inner is None:
            yield part
        pending += inner or ()


def _inner(made: Any) -> list[Any] | None:
    """What something consists of; None where that is nothing but itself."""
    if isinstance(made, Mapping):
        return list(made.values())
    if isinstance(made, list | tuple | set | frozenset):
        return list(made)
    return list(vars(made).values()) if type(made).__module__ != "builtins" and hasattr(made, "__dict__") else None


def _can_be_copied(part: Any) -> bool:
    try:
        _deep_copy(part)
    except MisconductError:
        return False
    return True
