"""Who may import whom, what no wing may call, and what lies at the top."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {"derivations": set(), "numeric": set(), "checks": {"derivations", "numeric"}}
OURS = {*MAY_IMPORT, "backproof", "tests"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "sympify", "parse_expr", "lambdify"}
MAY_CALL = {"checks/mutants.py": {"compile"}}  # it breaks our own code on purpose, and runs it
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "base", "common", "misc"}
TOP = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "backproof.py",
    "checks",
    "derivations",
    "numeric",
    "pyproject.toml",
    "tests",
}
FILES = [path.relative_to(ROOT) for wing in MAY_IMPORT for path in sorted((ROOT / wing).rglob("*.py"))]


def imported(tree):
    """The top-level names of all modules that a file imports, or asks import_module for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "a relative import" if node.level else node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and name_of(node.func) == "import_module":
            start = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            if isinstance(start, ast.Constant):
                yield start.value.partition(".")[0]


def called(tree):
    """The names of all functions that a file calls, but for re.compile, which is no danger."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) != "re.compile":
            yield name_of(node.func)


def name_of(function):
    return getattr(function, "attr", None) or getattr(function, "id", None)


def violations(path, source):
    """What a file of a wing does against the rules of the house."""
    tree, wing = ast.parse(source), path.parts[0]
    allowed = MAY_IMPORT[wing] | {wing} | ({"backproof"} if path.name == "__main__.py" else set())
    foreign = (OURS - allowed) | FORBIDDEN_MODULES | {"a relative import"}
    found = [f"{path} imports {name}" for name in sorted(foreign.intersection(imported(tree)))]
    forbidden = FORBIDDEN_CALLS - MAY_CALL.get(path.as_posix(), set())
    found += [f"{path} calls {name}" for name in sorted(forbidden.intersection(called(tree)))]
    return found + ([f"{path} has a name that says nothing"] if path.stem in SAYS_NOTHING else [])


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_keeps_to_the_rules(path):
    assert violations(path, (ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source", "violation"),
    [
        ("numeric/linear.py", "from checks import gradcheck", "numeric/linear.py imports checks"),
        ("derivations/proof.py", "def f():\n    import numeric.linear", "derivations/proof.py imports numeric"),
        ("derivations/a.py", "import_module(f'checks.{name}')", "derivations/a.py imports checks"),
        ("checks/suite.py", "import backproof", "checks/suite.py imports backproof"),
        ("checks/suite.py", "from . import report", "checks/suite.py imports a relative import"),
        ("numeric/checkpoint.py", "import pickle", "numeric/checkpoint.py imports pickle"),
        ("derivations/notation.py", "sp.sympify(text)", "derivations/notation.py calls sympify"),
        ("derivations/notation.py", "eval(text)", "derivations/notation.py calls eval"),
        ("numeric/utils.py", "", "numeric/utils.py has a name that says nothing"),
    ],
)
def test_a_file_that_breaks_a_rule_is_noticed(path, source, violation):
    assert violations(Path(path), source) == [violation]


def test_what_is_allowed_is_not_taken_for_a_violation():
    assert violations(Path("checks/suite.py"), "import numeric.linear\nfrom derivations import derive") == []
    assert violations(Path("checks/__main__.py"), "from backproof import main") == []
    assert violations(Path("derivations/notation.py"), "import re\nre.compile('a')") == []


def test_the_top_holds_what_it_should_and_nothing_else():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what belongs to the project is not known")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name.partition("/")[0] for name in listed.splitlines()} == TOP
