"""`backproof doctor` and `backproof mutate`, as a user meets them."""

import json

import pytest

from backproof import main

RIGHT = '{"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(axis=0)}'
WRONG = '{"dX": dY @ W.T, "dW": -X.T @ dY, "db": dY.sum(axis=0)}'


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command in this process, in an empty folder, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(list(arguments))
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return run


def mine(folder, backward):
    (folder / "mine.py").write_text(
        f"def forward(X, W, b):\n    return X @ W + b\n\ndef backward(dY, X, W, b):\n    return {backward}\n"
    )


def test_the_doctor_finds_nothing_where_nothing_is_wrong(run, tmp_path):
    mine(tmp_path, RIGHT)
    code, out, err = run("doctor", "mine.py:backward", "--against", "linear", "--dtype", "float32")
    assert (code, err) == (0, "")
    assert "✓ agree" in out


def test_the_doctor_says_what_is_wrong(run, tmp_path):
    mine(tmp_path, WRONG)
    code, out, _ = run("doctor", "mine.py:backward", "--against", "linear")
    assert code == 1
    assert "dW is wrong in the backward" in out
    assert "sign" in out


def test_the_doctor_takes_a_layer_in_a_text_of_ones_own(run, tmp_path):
    (tmp_path / "cube.txt").write_text("X[N]  Y[N]\nY[n] = X[n]**3\n")
    (tmp_path / "cube.py").write_text(
        "def forward(X):\n    return X**3\n\ndef backward(dY, X):\n    return {'dX': 3 * X**2 * dY}\n"
    )
    assert run("doctor", "cube.py:backward", "--file", "cube.txt")[0] == 0


LOSS = """import numpy as np

def ridge(w):
    return 0.25 * (w * w).sum(), 0.5 * w
"""


def test_the_doctor_takes_a_loss_with_its_gradient_and_sets_an_option(run, tmp_path):
    (tmp_path / "mine.py").write_text(LOSS)
    code, _, _ = run("doctor", "mine.py:ridge", "--against", "l2_penalty")
    assert code == 1
    assert run("doctor", "mine.py:ridge", "--against", "l2_penalty", "--set", "lam=0.5")[0] == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("lam", "--set 'lam' says nothing: write NAME=NUMBER, such as N=5 or margin=0.5"),
        ("lam=much", "--set 'lam=much' sets nothing"),
        ("lam=-1", "lam = -1 is out of place: l2_penalty has lam >= 0"),
        ("lamb=1", "l2_penalty has no size or option 'lamb'"),
    ],
)
def test_a_setting_that_cannot_be_is_one_clear_line(run, tmp_path, setting, message):
    (tmp_path / "mine.py").write_text(LOSS)
    code, out, err = run("doctor", "mine.py:ridge", "--against", "l2_penalty", "--set", setting)
    assert (code, out) == (2, "")
    assert err.startswith(f"backproof: {message}")
    assert err.count("\n") == 1


def test_one_array_is_the_cotangent_that_was_asked_for(run, tmp_path):
    (tmp_path / "mine.py").write_text("def forward(X, W, b): return X @ W + b\ndef backward(dY, X): return X.T @ dY\n")
    assert run("doctor", "mine.py:backward", "--against", "linear", "--wrt", "W")[0] == 0
    assert run("doctor", "mine.py:backward", "--against", "linear", "--wrt", "X")[0] == 1


def test_the_doctor_looks_at_one_cotangent_alone(run, tmp_path):
    mine(tmp_path, WRONG)
    assert run("doctor", "mine.py:backward", "--against", "linear", "--wrt", "X", "--wrt", "b")[0] == 0
    assert run("doctor", "mine.py:backward", "--against", "linear", "--wrt", "W")[0] == 1


CLASS = """
class Layer:
    def __init__(self):
        import numpy as np
        self.weights, self.b = np.ones((4, 3)), np.ones(3)

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.b

    def backward(self, dout):
        self.grads = [self.x.T @ dout, dout.sum(axis=0)]
        return dout @ self.weights.T

layer = Layer()
"""


def test_the_doctor_takes_a_class_and_names(run, tmp_path):
    (tmp_path / "mine.py").write_text(CLASS)
    code, out, err = run("doctor", "mine.py:layer", "--against", "linear", "--name", "weights=W")
    assert (code, err) == (0, ""), out
    code, out, err = run("doctor", "mine.py:layer", "--against", "linear", "--name", "weights")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "write YOURS=NAME" in err


TRANSPOSED = """
import numpy as np

class Dense:
    def __init__(self, n_inputs, n_outputs):
        self.weights, self.biases = np.ones((n_outputs, n_inputs)), np.ones((1, n_outputs))

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = inputs @ self.weights.T + self.biases

    def backward(self, dvalues):
        self.dweights, self.dbiases = dvalues.T @ self.inputs, dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights
"""


def test_the_doctor_takes_a_class_that_is_made_from_sizes_with_axes_of_its_own(run, tmp_path):
    (tmp_path / "mine.py").write_text(TRANSPOSED)
    code, out, err = run("doctor", "mine.py:Dense", "--against", "linear", "--axes", "W=CD")
    assert (code, err) == (0, ""), out
    assert "entries are those of W[D, C]; in the code these are W[C, D]" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine.py:backward"], "either --against LAYER or --file FILE"),
        (["mine.py:backward", "--against", "linaer"], "did you mean linear"),
        (["mine.py", "--against", "linear"], "names no function"),
        (["mine.py:nothing", "--against", "linear"], "no function 'nothing'"),
        (["yours.py:backward", "--against", "linear"], "no such file"),
        (["mine.py:backward", "--against", "linear", "--dtype", "float12"], "float12"),
        (["mine.py:backward", "--against", "linear", "--wrt", "V"], "no input 'V'"),
        (["mine.py:backward", "--file", "nowhere.txt"], "cannot read nowhere.txt"),
        (["mine.py:backward", "--against", "linear", "--axes", "W"], "write NAME=SIZES"),
        (
            ["mine.py:backward", "--against", "linear", "--axes", "W=CD", "--axes", "W=DC"],
            "two things of 'W': CD and DC",
        ),
        (["mine.py:backward", "--against", "linear", "--set", "N=3", "--set", "N=4"], "two things of 'N': 3 and 4"),
        (["mine.py:backward", "--against", "linear", "--axes", "W=DE"], "'DE' is no order of the axes of W[D, C]"),
    ],
)
def test_bad_usage_is_one_line(run, tmp_path, arguments, message):
    mine(tmp_path, RIGHT)
    code, out, err = run("doctor", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_mutants_are_counted(run):
    code, out, _ = run("mutate", "l2_penalty")
    assert code == 0
    assert "l2_penalty: " in out
    assert "100.0% of the mutants" in out


def test_mutating_an_unknown_layer_is_one_line(run):
    code, _, err = run("mutate", "l2_penalti")
    assert code == 2
    assert "did you mean l2_penalty" in err


NOISY = """
import warnings

def forward(X):
    print("a shape", X.shape)
    warnings.warn("slow")
    return X + 0

def backward(dY):
    print("back")
    return dY + 0
"""


def test_the_doctor_tells_once_what_code_prints_and_warns_of(run, tmp_path):
    (tmp_path / "mine.py").write_text(NOISY)
    code, out, err = run("doctor", "mine.py:backward", "--against", "identity")
    assert code == 0
    assert not err
    assert "a shape" not in out
    assert out.endswith("what the code prints is left out\nthe code warns: UserWarning: slow (mine.py, line 6)\n")


def test_code_that_ends_python_is_a_finding(run, tmp_path):
    (tmp_path / "mine.py").write_text("def forward(X):\n    raise SystemExit(3)\n\n\nbackward = forward\n")
    code, out, _ = run("doctor", "mine.py:backward", "--forward", "forward", "--against", "identity")
    assert code == 1
    assert "raises SystemExit: 3" in out


RELU = "import numpy as np\ndef forward(X): return np.maximum(X, 0)\ndef backward(dY, X): return dY * (X >= 0)\n"


def test_another_convention_on_a_kink_may_be_meant(run, tmp_path):
    (tmp_path / "relu.py").write_text(RELU)
    code, out, _ = run("doctor", "relu.py:backward", "--against", "relu")
    assert code == 1
    assert "where that is meant: --kinks any" in " ".join(out.split())
    code, out, _ = run("doctor", "relu.py:backward", "--against", "relu", "--kinks", "any")
    assert code == 0
    assert "on a kink, another one of the slopes there" in out
    code, _, err = run("doctor", "relu.py:backward", "--against", "relu", "--kinks", "all")
    assert (code, err) == (2, "backproof: kinks is 'all'; expected stated or any\n")


def test_code_that_cannot_be_called_is_no_wrong_answer(run, tmp_path):
    (tmp_path / "mine.py").write_text(
        "class Layer:\n    def __init__(self, one, two, three, four): pass\n"
        "    def forward(self, X): return X\n    def backward(self, dY): return dY\n"
        "class Net:\n    def fit(self): pass\n    def guess(self): pass\nnet = Net()\n"
    )
    code, out, err = run("doctor", "mine.py:Layer", "--against", "tanh")
    assert (code, out) == (2, "")
    assert err.startswith("backproof: Layer cannot be looked at as tanh: Layer() raises TypeError")
    assert "make an object in the file" in err
    code, _, err = run("doctor", "mine.py:net", "--against", "tanh")
    assert code == 2
    assert "net is an object of class Net, whose methods are fit, guess" in err
    assert "net.BACKWARD --forward FORWARD" in err


def test_two_methods_of_an_object_may_be_named(run, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nclass Net:\n    W = np.ones((3, 2))\n    b = np.zeros(2)\n"
        "    def guess(self, X):\n        self.X = X\n        return X @ self.W + self.b\n"
        "    def slopes(self, dY):\n"
        "        return {'dX': dY @ self.W.T, 'dW': self.X.T @ dY, 'db': dY.sum(axis=0)}\nnet = Net()\n"
    )
    assert run("doctor", "mine.py:net.slopes", "--forward", "guess", "--against", "linear")[0] == 0


def test_a_function_of_a_notebook_is_looked_at(run, tmp_path):
    cells = ["%matplotlib inline\nimport numpy as np", "data = np.load('nowhere.npy')", RELU.replace(">=", ">")]
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4}
    (tmp_path / "relu.ipynb").write_text(json.dumps(notebook))
    assert run("doctor", "relu.ipynb:backward", "--against", "relu")[0] == 0


def test_what_a_file_does_not_come_to_is_told(run, tmp_path):
    (tmp_path / "relu.py").write_text(RELU.replace(">=", ">") + "open('nowhere.txt')\n")
    code, out, _ = run("doctor", "relu.py:backward", "--against", "relu")
    assert code == 0
    assert "relu.py, line 4: running it raises FileNotFoundError" in out
    assert "looked at with what backward needs of it alone" in out
