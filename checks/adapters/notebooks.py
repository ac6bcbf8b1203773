"""A Jupyter notebook: the code of its cells, without what IPython alone understands."""

import ast
import json
import re
from dataclasses import dataclass
from importlib.abc import InspectLoader
from pathlib import Path
from typing import Any

# Of a cell that starts with one of these, the rest is Python.
_AROUND_PYTHON = ("time", "timeit", "capture", "prun")
_AROUND = re.compile(r"\A(?P<before>\s*\n)?[ \t]*%%(?P<name>\w+).*")
_IPYTHON = re.compile(r"^(\s*)(?:[%!?].*|[\w.,* ]+=\s*[%!].*|[^#\n]*\?\s*)$", re.MULTILINE)


class NotebookError(ValueError):
    """No notebook of Python; the message is one line that says why."""


@dataclass(frozen=True)
class Notebook:
    """All cells as one text, `source`, its statements with the lines of that text, and which cell each line is of.

    Cells of code that are no Python are `left_out`, by their numbers.
    """

    source: str
    statements: tuple[ast.stmt, ...]
    lines: tuple[tuple[int, int], ...]
    left_out: tuple[int, ...] = ()

    def place(self, line: int) -> str:
        """A line of the source as the reader of the notebook finds it; cells of code and of text are counted."""
        cell, its_line = self.lines[line - 1]
        return f"cell {cell}, line {its_line}"


def read_notebook(path: Path) -> Notebook:
    """The notebook in the file `path`. A cell that is no Python is left out, as it runs in none.

    Raises NotebookError for a file that is no notebook of Python.
    """
    source = ""
    statements: list[ast.stmt] = []
    lines: list[tuple[int, int]] = []
    left_out: list[int] = []
    for number, cell in enumerate(_cells(path), start=1):
        text = _code(cell)
        tree = _parsed(text) if text is not None else None
        if tree is None:
            left_out += [number] if text is not None else []
            continue
        text, module = tree
        ast.increment_lineno(module, len(lines))
        statements += module.body
        source += text + "\n"
        lines += [(number, line) for line in range(1, text.count("\n") + 2)]
    return Notebook(source, tuple(statements), tuple(lines), tuple(left_out))


def _cells(path: Path) -> list[Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):  # of which wrong letters, wrong JSON and too long a number are
        raise NotebookError("this is no notebook: it is not written in JSON") from None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise NotebookError("this is no notebook as Jupyter writes them since 2015: it has no list of cells")
    told = document.get("metadata")
    language = told.get("language_info") if isinstance(told, dict) else None
    name = language.get("name") if isinstance(language, dict) else None
    if isinstance(name, str) and name != "python":
        raise NotebookError(f"the notebook's language is {name}; expected python")
    return cells


def _code(cell: Any) -> str | None:
    """The text of a cell of code; None where it is of another kind, or malformed."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    text = cell.get("source")
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text if isinstance(text, str) else None


def _parsed(text: str) -> tuple[str, ast.Module] | None:
    """A cell that is Python, or is it without its lines for IPython, and its statements; else None."""
    around = _AROUND.match(text)
    if around and around["name"] not in _AROUND_PYTHON:
        return None
    text = _AROUND.sub(r"\g<before>pass", text)
    for attempt in (text, _IPYTHON.sub(r"\1pass", text)):
        try:
            tree = ast.parse(attempt)
            InspectLoader.source_to_code(tree, "cell")  # which finds more: a `return` outside of a function
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # a null byte is a ValueError in some versions
            continue
        return attempt, tree
    return None
