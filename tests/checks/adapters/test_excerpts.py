"""What names need of a file is found by what its statements bind, alter and read."""

import ast

import pytest

from checks.adapters.excerpts import defined_in, needed_by


def needed(source, *names):
    return [ast.unparse(statement) for statement in needed_by(names, ast.parse(source).body)]


def test_a_function_needs_what_it_reads_and_what_that_reads_in_turn():
    source = """
import numpy as np
import pandas
a = 1
b = a + 1
c = 3
def f(x): return np.exp(g(x))
def g(x): return x * b
"""
    assert needed(source, "f") == [
        "import numpy as np",
        "a = 1",
        "b = a + 1",
        "def f(x):\n    return np.exp(g(x))",
        "def g(x):\n    return x * b",
    ]
    assert needed(source, "c") == ["c = 3"]
    assert needed(source, "nothing") == []


def test_names_of_a_function_are_not_those_of_the_module():
    assert needed("x = load()\nW = load()\ndef f(x):\n    W = x\n    return W", "f") == [
        "def f(x):\n    W = x\n    return W"
    ]
    assert needed("x = 1\nclass A:\n    y = x\n    z = 2", "A") == ["x = 1", "class A:\n    y = x\n    z = 2"]
    assert len(needed("x = 1\ndef f():\n    def g():\n        return x\n    return g", "f")) == 2
    assert len(needed("def reset():\n    global rate\n    rate = 1\ndef f(): return rate", "f")) == 2


def test_an_object_needs_what_alters_it():
    source = "net = Net()\nclass Net: pass\nnet.add(3)\nnet.layers[0].W = 1\nnet.rate += 1\nother.add(4)\nother = Net()"
    assert needed(source, "net") == [
        "net = Net()",
        "class Net:\n    pass",
        "net.add(3)",
        "net.layers[0].W = 1",
        "net.rate += 1",
    ]
    assert needed("rate = 1\ndef alter():\n    rate.x = 2\nfor i in range(3): rate.y = i", "rate") == [
        "rate = 1",
        "for i in range(3):\n    rate.y = i",
    ]


def test_settings_of_what_computes_are_meant_for_all():
    source = """
import sys, os
import numpy as np
from jax import config
import matplotlib.pyplot as plt
sys.path.append('..')
os.environ['JAX_PLATFORMS'] = 'cpu'
np.random.seed(0)
config.update('jax_enable_x64', True)
np.save('W.npy', W)
plt.figure()
W = train()
def f(): pass
"""
    found = needed(source, "f")
    assert found[-1] == "def f():\n    pass"
    assert [line for line in found if "import" not in line and "def" not in line] == [
        "sys.path.append('..')",
        "os.environ['JAX_PLATFORMS'] = 'cpu'",
        "np.random.seed(0)",
        "config.update('jax_enable_x64', True)",
    ]
    assert "import matplotlib.pyplot as plt" not in found


@pytest.mark.parametrize(
    "binding",
    [
        *("x = 1", "x, y = 1, 2", "x: int = 1", "(x := 1)", "def x(): pass", "class x: pass"),
        *("import x", "import x.y", "from y import x", "from y import z as x", "from y import *"),
        *("for x in y: pass", "with y as x: pass", "if y:\n    x = 1"),
        "try:\n    import x\nexcept ImportError:\n    x = None",
    ],
)
def test_whatever_binds_a_name_says_what_it_is(binding):
    assert needed(binding + "\nunused = 1", "x") == [ast.unparse(ast.parse(binding))]


def test_functions_and_classes_are_listed():
    assert defined_in(ast.parse("def f(): pass\nclass A: pass\nx = 1").body) == ["f", "A"]
