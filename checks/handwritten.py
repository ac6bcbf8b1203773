"""What was written by hand for a layer: its NumPy source, and what that makes of numbers."""

import ast
import inspect
from collections.abc import Iterator, Mapping, Set
from itertools import groupby
from types import ModuleType
from typing import Any

from checks.adapters.functions import from_functions
from checks.suite import rows
from derivations import LAYERS

IMPORT, CONSTANT, FUNCTION = range(3)


def source_of(layer: str) -> str:
    """The source of a layer's forward and backward, with what they use of their module and what that imports.

    Raises ValueError for a layer that has no row in the suite.
    """
    row = rows([layer])[0]
    module = inspect.getmodule(inspect.unwrap(row.forward))
    assert module is not None, "what the suite names lies in a module"
    parts = sorted(_used(module, {row.forward.__name__, row.backward.__name__}), key=lambda part: part[0])
    blocks = []
    for kind, group in groupby(parts, key=lambda part: part[0]):
        blocks.append(("\n\n\n" if kind == FUNCTION else "\n").join(text for _, text in group))
    return "\n\n\n".join(blocks) + "\n"


def _used(module: ModuleType, names: Set[str]) -> Iterator[tuple[int, str]]:
    """The parts of a module that functions are made of, in the order of the module, and what kind each part is."""
    text = inspect.getsource(module)
    statements = ast.parse(text).body
    wanted, before = set(names), set[str]()
    while wanted != before:
        before = set(wanted)
        for statement in statements:
            if _defined(statement) & wanted:
                wanted |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            statement.names = [alias for alias in statement.names if _bound(alias) in wanted]
            if statement.names:
                yield IMPORT, ast.unparse(statement)
        elif _defined(statement) & wanted:
            kind = FUNCTION if isinstance(statement, ast.FunctionDef | ast.ClassDef) else CONSTANT
            yield kind, "\n".join(text.splitlines()[_first_line(statement) - 1 : statement.end_lineno])


def _defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)}


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _first_line(statement: ast.stmt) -> int:
    return min([statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", []))])


def computed(layer: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Run a layer's hand-written code: the outputs and what lies between, by name, of inputs and options.

    Where the output's cotangent is among the values, the cotangents of the inputs instead.
    Raises MisconductError for values that the code refuses, ValueError for a layer that has no row in the suite.
    """
    row, definition = rows([layer])[0], LAYERS[layer]
    code = from_functions(row.forward, row.backward, definition)
    cotangents = {f"d{name}" for name in definition.output_names}
    results = code.forward({name: value for name, value in values.items() if name not in cotangents})
    if cotangents <= set(values):
        return code.backward({**values, **results})
    return {name: value for name, value in results.items() if name in definition.by_name}
