"""Layers that nobody should write get an answer or one clear line, and never a traceback or an endless wait."""

import pytest

from backproof import main
from derivations import derive, read_layer


def nested(before: str, after: str, depth: int, core: str = "X[n]") -> str:
    return before * depth + core + after * depth


def over(tensors: str, right: str) -> str:
    return f"{tensors}  Y[N]\nY[n] = {right}"


TOO_LARGE = {
    "nested sums": ("X[N]  Y\nY = " + "".join(f"sum[i{k}](X[i{k}]*" for k in range(30)) + nested("", ")", 30, "1")),
    "nested maxima": ("X[N]  Y\nY = " + "".join(f"max[i{k}](X[i{k}] + " for k in range(20)) + nested("", ")", 20, "1")),
    "a product of sums": over("X[N]  V[N]", "*".join(f"(X[n] + {k}*V[n])" for k in range(1, 40))),
    "many tensors": " ".join(f"a{k}[N]" for k in range(40))
    + "\n"
    + "\n".join(f"a{k}[n] = tanh({' + '.join(f'a{j}[n]' for j in range(k))})" for k in range(1, 40)),
    "a line of 10,000 characters": over("X[N]", " + ".join(["X[n]"] * 2000)),
    "brackets without end": over("X[N]", nested("(", ")", 60)),
    "a number without end": over("X[N]", "X[n]*" + "9" * 5000),
    "a power without end": over("X[N]", nested("(", ")**64", 3)),
    "a size without end": "X[999999999]  Y[999999999]\nY[n] = X[n]**2",
    "a size that is hardly read": "X[999999999]  Y\nY = X[0]**2",
    "a sum over too much": "X[1000, N]  Y[1000, N]\nY[n, d] = sum[k](X[k, d]*X[n, d])",
}


@pytest.mark.parametrize("text", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_said_in_one_line(text, tmp_path, capsys):
    file = tmp_path / "layer.txt"
    file.write_text(text)
    with pytest.raises(SystemExit) as stop:
        main(["derive", "--file", str(file), "--result"])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert err.startswith("backproof: ")
    assert err.count("\n") == 1


LARGE = {
    "nested functions": over("X[N]", nested("tanh(", ")", 45)),
    "nested exponentials": over("X[N]", nested("exp(", ")", 40)),
    "nested branches": over("X[N]", nested("where(X[n] > 0, ", ", 2*X[n])", 20)),
    "a high power of many": over(
        "X[N] V[N] W[N] A[N] B[N]", "(X[n] + V[n] + W[n] + A[n] + B[n])**64/(X[n] + V[n])**63"
    ),
    "a product of many": over(" ".join(f"x{k}[N]" for k in range(20)), "*".join(f"x{k}[n]" for k in range(20))),
    "many terms": over("X[N]", " + ".join(f"sin({k}*X[n])" for k in range(1, 200))),
    "many indices": "X[{0}]  Y\nY = sum[{1}](X[{1}]**2)".format(
        ", ".join(f"A{k}" for k in range(20)), ", ".join(f"i{k}" for k in range(20))
    ),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_what_is_large_is_derived_all_the_same(text):
    derivation = derive(read_layer(text))
    assert all(equation.rhs != 0 for equation in derivation.cotangents.values())
