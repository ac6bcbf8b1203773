"""A user's file: its functions are found, and whatever is wrong with it is one line."""

import inspect
import json
import os
import re
import sys

import pytest

from checks import gradcheck
from checks.adapters import files
from checks.adapters.files import FileError, load_implementation, load_pair

MINE = """
import numpy as np

def forward(X, W, b):
    return X @ W + b

def backward(dY, X, W, b):
    return {"dX": dY @ W.T, "dW": X.T @ dY / len(X), "db": dY.sum(axis=0)}

def linear(X, W, b):
    return X @ W + b

def linear_backward(dY, X, W, b):
    return {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(axis=0)}
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_a_pair_is_found_by_its_names_and_can_be_checked(mine):
    assert [function.__name__ for function in load_pair(f"{mine}:backward")] == ["forward", "backward"]
    pair = load_pair(f"{mine}:linear_backward")
    assert [function.__name__ for function in pair] == ["linear", "linear_backward"]
    assert gradcheck(pair, against="linear", sizes={"N": 3, "D": 4, "C": 2}).verdict == "agree"
    wrong = gradcheck(load_pair(f"{mine}:backward"), against="linear", sizes={"N": 3, "D": 4, "C": 2})
    assert wrong.verdict == "disagree"
    assert "1/N" in wrong.diagnoses[0].mistake


def test_the_forward_can_be_named(mine):
    forward, _ = load_pair(f"{mine}:backward", forward="linear")
    assert forward.__name__ == "linear"


def test_what_a_framework_differentiates_is_found_by_itself(tmp_path, mine):
    assert load_implementation(f"{mine}:linear").__name__ == "linear"
    assert [function.__name__ for function in load_implementation(f"{mine}:linear_backward")] == [
        "linear",
        "linear_backward",
    ]
    with pytest.raises(FileError, match="names no function"):
        load_implementation(str(mine))
    with pytest.raises(ValueError, match="nothing shows who differentiates linear"):
        gradcheck(load_implementation(f"{mine}:linear"), against="linear")


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (MINE, "{path}", "mine.py:backward; it has forward, backward, linear, linear_backward"),
        (MINE, "{path}x:backward", "no such file"),
        (MINE, "{path}:nothing", "no function 'nothing' in it; it has forward, backward"),
        ("def backward(dY): return dY", "{path}:backward", "could belong to; name it with --forward"),
        ("def backward(dY:\n  pass", "{path}:backward", "line 1"),
        ("x = 1\nraise KeyError('oh')", "{path}:backward", "line 2: running it raises KeyError: 'oh'"),
        ("import sys\n\nsys.exit('done')", "{path}:backward", "line 3: running it raises SystemExit: done"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path, source, target, message):
    path = tmp_path / "mine.py"
    path.write_text(source)
    with pytest.raises(FileError) as caught:
        load_pair(target.format(path=path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["random", "checks", "numpy", "linear"])
def test_a_file_may_be_called_like_a_module(tmp_path, name):
    known = sys.modules.get(name)
    (tmp_path / f"{name}.py").write_text(MINE)
    assert gradcheck(load_pair(f"{tmp_path}/{name}.py:linear_backward"), against="linear").verdict == "agree"
    assert sys.modules.get(name) is known


def test_the_line_is_told_of_a_file_in_the_folder_that_one_is_in(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("x = 1\n\nimport nothing_of_that_name\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=r"^mine.py, line 3: running it raises ModuleNotFoundError"):
        load_implementation("mine.py:backward")


def test_a_file_is_run_without_arguments(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(f"import sys\nARGUMENTS = [*sys.argv]\n{MINE}")
    monkeypatch.setattr(sys, "argv", ["backproof", "doctor"])
    forward, _ = load_pair(f"{path}:backward")
    assert forward.__globals__["ARGUMENTS"] == [str(path)]
    assert sys.argv == ["backproof", "doctor"]


SLOPES = """
import numpy as np

def sigmoid(z):
    return 1/(1 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z)*(1 - sigmoid(z))

def dsigmoid(y):
    return y*(1 - y)

def sigmoid_derivative(z, *, scale=2):
    return scale*sigmoid_prime(z)

def d_tanh(x):
    return 1 - x
"""


@pytest.mark.parametrize(
    ("name", "verdict"), [("sigmoid_prime", "agree"), ("dsigmoid", "agree"), ("sigmoid_derivative", "disagree")]
)
def test_a_slope_beside_its_function_makes_a_backward(tmp_path, name, verdict):
    (tmp_path / "mine.py").write_text(SLOPES)
    report = gradcheck(load_implementation(f"{tmp_path / 'mine.py'}:{name}"), "sigmoid")
    assert report.verdict == verdict
    assert report.cotangents == ("dX",)


def test_a_slope_without_its_function_is_what_it_is(tmp_path):
    (tmp_path / "mine.py").write_text(SLOPES)
    found = load_implementation(f"{tmp_path / 'mine.py'}:d_tanh")
    assert found.__name__ == "d_tanh"


def test_a_method_without_its_object_is_one_line(tmp_path):
    (tmp_path / "mine.py").write_text("class Net:\n    def loss(self, X):\n        return 0, X\n\nnet = Net()\n")
    assert load_implementation(f"{tmp_path / 'mine.py'}:net.loss")(3) == (0, 3)
    with pytest.raises(FileError, match=r"mine.py: Net.loss is a method without its object; .*: object.loss$"):
        load_implementation(f"{tmp_path / 'mine.py'}:Net.loss")


SCRIPT = """import numpy as np
images = np.load("nowhere.npy")
def forward(X):
    return np.tanh(X)

def backward(dY, X):
    return dY * (1 - np.tanh(X)**2) * SCALE
SCALE = 1.0
train(images)
"""


def test_of_a_file_that_does_not_run_to_its_end_what_is_needed_is_run(tmp_path):
    path, told = tmp_path / "script.py", []
    path.write_text(SCRIPT)
    pair = load_pair(f"{path}:backward", tell=told.append)
    assert gradcheck(pair, against="tanh", sizes={"N": 3, "D": 4}).verdict == "agree"
    assert inspect.getsource(pair[0]).startswith("def forward(X):")
    (line,) = told
    assert "script.py, line 2: running it raises FileNotFoundError" in line
    assert "what backward needs of it alone" in line


ABSENT = """import numpy as np
from nothing_of_that_name import *
from nothing_of_that_name import decay, momentum as speed

def forward(X, decayed=False):
    return np.tanh(X) * decay(X) if decayed else np.tanh(X)

def backward(dY, X, decayed=False):
    return dY * (1 - np.tanh(X)**2)

def slow_forward(X):
    return X * speed.of(X)

def slow_backward(dY, X):
    return dY

class Layer(speed):
    pass

Y = decay
"""


def test_an_import_that_fails_is_done_without_as_long_as_nobody_needs_it(tmp_path):
    path, told = tmp_path / "mine.py", []
    path.write_text(ABSENT)
    pair = load_implementation(f"{path}:backward", tell=told.append)
    assert gradcheck(pair, against="tanh", sizes={"N": 3, "D": 4}).verdict == "agree"
    assert "mine.py, line 2: running it raises ModuleNotFoundError" in told[0]
    (finding, *_) = gradcheck(load_implementation(f"{path}:slow_backward"), against="tanh").findings
    assert not finding.ran
    assert re.search(r"it needs speed, which is not there: .*mine.py, line 3: running it raises", finding.reason)


@pytest.mark.parametrize("name", ["Layer", "decay", "momentum", "Y"])
def test_what_is_made_of_an_import_that_fails_is_not_there(tmp_path, name):
    (tmp_path / "mine.py").write_text(ABSENT)
    with pytest.raises(FileError, match=r"mine.py, line [23]: running it raises ModuleNotFoundError"):
        load_implementation(f"{tmp_path / 'mine.py'}:{name}")


def test_an_import_that_fails_is_left_out_where_another_one_serves(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(f"import numpy as np\nimport numpie as np\n{MINE.replace('import numpy as np', '')}")
    told = []
    assert gradcheck(load_implementation(f"{path}:linear_backward", tell=told.append), "linear").verdict == "agree"
    assert "line 2: running it raises ModuleNotFoundError" in told[0]
    path.write_text(f"import numpie as np\n{MINE.replace('import numpy as np', '')}\nrows = np.ones(3)")
    with pytest.raises(FileError, match="line 1: running it raises ModuleNotFoundError"):
        load_implementation(f"{path}:rows")


def test_what_cannot_run_by_itself_is_told_as_it_was(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("x = 1\nraise KeyError('oh')\ndef backward(dY, X): return dY")
    with pytest.raises(FileError, match="no function forward that"):
        load_pair(f"{path}:backward")
    with pytest.raises(FileError, match="line 2: running it raises KeyError"):
        load_pair(f"{path}:nothing")
    path.write_text("W = 1/0\ndef forward(X): return X\ndef backward(dY, X, W=W): return dY")
    with pytest.raises(FileError, match="line 1: running it raises ZeroDivisionError"):
        load_pair(f"{path}:backward")


def notebook(path, *cells):
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}))
    return path


def test_of_a_notebook_what_is_needed_is_run(tmp_path):
    parts = SCRIPT.split("\n", 2)
    path = notebook(tmp_path / "net.ipynb", "%matplotlib inline\n" + parts[0], *parts[1:])
    pair = load_pair(f"{path}:backward")
    assert gradcheck(pair, against="tanh", sizes={"N": 3, "D": 4}).verdict == "agree"
    assert inspect.getsource(pair[1]).startswith("def backward(dY, X):")


def test_what_is_wrong_with_a_notebook_is_one_line(tmp_path):
    path = notebook(
        tmp_path / "net.ipynb", "def forward(X): return X", "y = 1\nx = y/0\ndef backward(dY, X=x): return dY"
    )
    with pytest.raises(FileError, match="cell 2, line 2: running it raises ZeroDivisionError: division by zero"):
        load_pair(f"{path}:backward")
    with pytest.raises(FileError, match=r"no function 'nothing' in it; it has forward, backward$"):
        load_implementation(f"{path}:nothing")
    path.write_text("[]")
    with pytest.raises(FileError, match=r"net\.ipynb: this is no notebook"):
        load_pair(f"{path}:backward")


def test_cells_that_are_no_python_are_told_where_a_name_is_missing(tmp_path):
    path = notebook(tmp_path / "net.ipynb", "def forward(X): return X", "def backward(dY:")
    with pytest.raises(
        FileError, match=r"no function 'backward' in it; it has forward \(no Python, and left out: cell 2\)"
    ):
        load_pair(f"{path}:backward")


@pytest.mark.parametrize("source", [b"x = " + b"(" * 5000 + b")" * 5000, b"x = '\xff'"])
def test_a_file_that_python_cannot_read_is_one_line(tmp_path, source):
    path = tmp_path / "mine.py"
    path.write_bytes(source)
    for target in (f"{path}:backward", str(path)):
        with pytest.raises(FileError, match="mine") as caught:
            load_pair(target)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", [b"x = 1\x00", MINE.encode("utf-16")])
def test_a_file_in_another_encoding_is_told_so(tmp_path, source):
    path = tmp_path / "mine.py"
    path.write_bytes(source)
    with pytest.raises(FileError, match=r"^[^\n]*mine\.py is no text in UTF-8[^\n]*$"):
        load_pair(f"{path}:backward")


def test_what_is_no_file_or_has_no_end_is_not_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.py")
    for place in (tmp_path / "pipe.py", "/dev/zero"):
        with pytest.raises(FileError, match="this is no regular file"):
            load_pair(f"{place}:backward")
        with pytest.raises(FileError, match="names no function"):
            load_pair(str(place))
    monkeypatch.setattr(files, "LONGEST", 100)
    (tmp_path / "mine.py").write_text(MINE)
    with pytest.raises(FileError, match="longer than 100 bytes"):
        load_pair(f"{tmp_path / 'mine.py'}:backward")


def test_an_expression_that_is_too_long_to_be_looked_at_is_one_line(tmp_path):
    path, long = tmp_path / "mine.py", "1" + "+1" * 500
    path.write_text(f"raise ValueError\nx = {long}\n{MINE}")
    for each in (path, notebook(tmp_path / "net.ipynb", f"x = {long}", MINE)):
        with pytest.raises(FileError, match=r"^[^\n]*: an expression in it is too long to tell what backward needs"):
            load_pair(f"{each}:backward")


def test_an_exception_that_cannot_say_what_it_is_is_one_line(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("class Mute(Exception):\n    def __str__(self): raise RuntimeError\nraise Mute")
    with pytest.raises(FileError, match=r"line 3: running it raises Mute: <exception str.. failed>"):
        load_pair(f"{path}:backward")


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        ("f_fwd", "f_bwd"),
        ("f", "f_bwd"),
        ("fprop", "bprop"),
        ("f", "f_vjp"),
        ("fForward", "fBackward"),
        ("f", "f_back"),
    ],
)
def test_a_backward_may_be_called_otherwise(tmp_path, forward, backward):
    source = f"def {forward}(X, W):\n    return X @ W\ndef {backward}(dY, X, W):\n    return dY @ W.T, X.T @ dY\n"
    (tmp_path / "mine.py").write_text(source)
    pair = load_implementation(f"{tmp_path}/mine.py:{backward}")
    assert [function.__name__ for function in pair] == [forward, backward]
