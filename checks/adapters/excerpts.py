"""A part of a file, run by itself: the statements that say what its names are, and whatever those need in turn.

The rest, which loads data, trains and draws, is left out.
"""

import ast
import builtins
import importlib.util
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType

_SETTING_UP = {"sys", "os", "random", "numpy", "torch", "jax"}  # what is set here holds for all code
_GIVEN = {*vars(builtins), "__file__"}


class Excerpt(InspectLoader):
    """Runs `statements` of `source` as a module; `origin` is what tracebacks call the file."""

    def __init__(self, source: str, statements: Sequence[ast.stmt], origin: str) -> None:
        self._source, self._statements, self._origin = source, list(statements), origin

    def get_source(self, fullname: str) -> str:
        """All of the text, of which the statements have their line numbers."""
        return self._source

    def get_code(self, fullname: str) -> CodeType:
        """The statements alone."""
        return self.source_to_code(ast.Module(self._statements, []), self._origin)

    def specification(self, module: str) -> ModuleSpec | None:
        """How the import system makes a module of it."""
        return importlib.util.spec_from_loader(module, self, origin=self._origin)


def read_python(path: Path) -> tuple[str, list[ast.stmt]]:
    """The text of a Python file, and its statements; no statements where it cannot be read."""
    try:
        source = importlib.util.decode_source(path.read_bytes())
        return source, ast.parse(source).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # running it says what the matter is
        return "", []


def needed_by(names: Iterable[str], statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Those of a module's `statements`, in their order, that say what `names` are, and those that they need in turn.

    A statement belongs to a name that it binds, `W = ...` or `def W`, and to one whose object it alters, `W[0] = ...`
    or `net.add(...)`. What a star imports may be any name, and settings of what computes are meant for all code:
    `sys.path.append("..")`, `np.random.seed(0)`.
    """
    looked_at = [_Statement(statement) for statement in statements]
    imported = {name: package for each in looked_at for name, package in each.imports.items()}
    wanted, chosen = set(names), set()
    while True:
        new = {
            n
            for n, each in enumerate(looked_at)
            if n not in chosen and (each.is_star or each.sets_up(imported) or each.says(imported) & wanted)
        }
        if not new:
            return [statement for n, statement in enumerate(statements) if n in chosen]
        chosen |= new
        wanted.update(*(looked_at[n].uses for n in new))


def without_import(statements: Sequence[ast.stmt], line: int | None) -> list[ast.stmt] | None:
    """The statements without the import at a line, where others import all of its names as well; None for any other."""
    here = [each for each in statements if line is not None and each.lineno <= line <= (each.end_lineno or line)]
    others = [each for each in statements if each not in here]
    elsewhere = {name for each in others for name in _Statement(each).imports}
    names = {name for each in here for name in _Statement(each).imports}
    return others if names and names <= elsewhere else None


def defined_in(statements: Sequence[ast.stmt]) -> list[str]:
    """The functions and classes of a module, in their order."""
    return [each.name for each in statements if isinstance(each, ast.FunctionDef | ast.ClassDef)]


@dataclass(frozen=True)
class _Statement:
    """A statement of a module, and which of the module's names it has to do with."""

    node: ast.stmt

    @property
    def is_star(self) -> bool:
        return isinstance(self.node, ast.ImportFrom) and self.node.names[0].name == "*"

    @cached_property
    def imports(self) -> dict[str, str]:
        """Names that it imports, each with the package that it is from."""
        match self.node:
            case ast.Import(names=names):
                return {each.asname or each.name.partition(".")[0]: each.name.partition(".")[0] for each in names}
            case ast.ImportFrom(module=module, names=names):
                return {each.asname or each.name: (module or "").partition(".")[0] for each in names}
        return {}

    def sets_up(self, imported: dict[str, str]) -> bool:
        """Whether it alters what is imported, in a way that depends on nothing of this module."""
        return any(imported.get(name) in _SETTING_UP for name in self._altered) and self.uses <= {*imported, *_GIVEN}

    def says(self, imported: dict[str, str]) -> set[str]:
        """The names that it binds, and those of this module whose objects it alters."""
        return self._bound | {name for name in self._altered if name not in imported}

    @cached_property
    def uses(self) -> set[str]:
        """The names of the module that it reads, in functions and classes too."""
        return {name for table, name in self._symbols if table.lookup(name).is_referenced()}

    @cached_property
    def _bound(self) -> set[str]:
        symbols = [(table.lookup(name), name) for table, name in self._symbols]
        return {name for symbol, name in symbols if symbol.is_assigned() or symbol.is_imported()}

    @cached_property
    def _altered(self) -> set[str]:
        return {name for node in _run_at_once(self.node) for name in _owners(node)}

    @cached_property
    def _symbols(self) -> list[tuple[symtable.SymbolTable, str]]:
        """The names in it that are those of the module, and not of a function or a class."""
        found: list[tuple[symtable.SymbolTable, str]] = []
        pending = [symtable.symtable(ast.unparse(self.node), "statement", "exec")]
        while pending:
            table = pending.pop()
            pending += table.get_children()
            is_module = table.get_type() == "module"
            found += [(table, name) for name in table.get_identifiers() if is_module or table.lookup(name).is_global()]
        return found


def _run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and its parts, without what waits for a call."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        for part in ast.iter_child_nodes(node):
            yield from _run_at_once(part)


def _owners(node: ast.AST) -> list[str]:
    """The names whose objects a part of a statement alters: `W[0] = 1`, `net.rate = 1`, `net.add(layer)`."""
    places: list[ast.expr] = []
    match node:
        case ast.Assign(targets=targets):
            places = targets
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            places = [target]
        case ast.Expr(value=ast.Call(func=function)):
            places = [function]
    return [name for place in places if (name := _owner(place))]


def _owner(place: ast.expr) -> str | None:
    """`net` of `net.layers[0].W`; None where there is nothing but a name, or no name at its beginning."""
    inner = place
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    return inner.id if inner is not place and isinstance(inner, ast.Name) else None
