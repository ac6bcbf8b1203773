"""What was written by hand is shown whole, and computes what NumPy does."""

import ast
import builtins

import numpy as np
import pytest

from checks.handwritten import computed, source_of
from checks.suite import SUITE


def names(source):
    """The names that a source defines, and those that it reads."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {alias.asname or alias.name.partition(".")[0] for node in nodes
                if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip
    defined |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    found = [node for node in nodes if isinstance(node, ast.Name)]
    stored = {node.id for node in found if not isinstance(node.ctx, ast.Load)}
    return defined | stored, {node.id for node in found if isinstance(node.ctx, ast.Load)}


@pytest.mark.parametrize("layer", dict.fromkeys(row.layer for row in SUITE))
def test_a_source_lacks_nothing_that_it_uses(layer):
    defined, read = names(source_of(layer))
    assert read <= defined | set(dir(builtins))
    assert {layer, f"{layer}_backward"} <= defined


def test_a_source_has_nothing_of_its_neighbours():
    source = source_of("tanh")
    assert source.startswith("import numpy as np\nfrom numeric.contract import contract\n\n\n@contract(")
    assert names(source)[0] >= {"tanh", "tanh_backward"}
    assert "relu" not in source


def test_a_name_that_is_missing_would_be_noticed():
    defined, read = names("def f(x):\n    return g(x)\n")
    assert read - defined == {"g"}


def test_the_code_computes_forwards_and_backwards():
    X, W, b = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5])
    assert computed("linear", {"X": X, "W": W, "b": b})["Y"].tolist() == [[11.5]]
    back = computed("linear", {"X": X, "W": W, "b": b, "dY": np.array([[2.0]])})
    assert {name: value.tolist() for name, value in back.items()} == {
        "dX": [[6.0, 8.0]], "dW": [[2.0], [4.0]], "db": [2.0]
    }  # fmt: skip


def test_what_lies_between_is_there_and_caches_are_not():
    rng = np.random.default_rng(0)
    found = computed("causal_attention", {name: rng.normal(size=(1, 2, 3)) for name in "QKV"})
    assert set(found) == {"O", "P"}


def test_a_layer_that_nobody_wrote_is_one_clear_line():
    with pytest.raises(ValueError, match="no implementation answers to 'tan'"):
        source_of("tan")
