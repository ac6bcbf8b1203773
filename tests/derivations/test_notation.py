"""The parser reads what is in the notation, and refuses everything else, at its place and in one line."""

import string
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations import LAYERS, DerivationError, NotationError, derive, layer, read_equation, read_layer
from derivations.lines import LONGEST_LINE, logical_lines
from derivations.notation import Reader
from derivations.scope import FUNCTIONS
from tests.strategies import CONVOLUTIONS, layers, recurrences

DECLARED = "X[N] Y[N]\n"


def refusal(text: str) -> NotationError:
    with pytest.raises(NotationError) as caught:
        read_layer(text)
    return caught.value


def right(text: str) -> str:
    """The right side of Y, as it was read."""
    return read_layer(f"{DECLARED}Y[n] = {text}").equations[-1].text.partition(" = ")[2]


# what it reads


def test_declarations_say_what_is_given_and_what_is_computed():
    read = read_layer(
        "X[N, D] W[D, C]\nT[N] in 0..C-1 lam >= 0, a > 0; P[N, C]\nP[n, c] = sum[d](X[n, d]*W[d, c])*a*lam"
    )
    assert [str(t) for t in read.inputs] == ["X[N, D]", "W[D, C]", "T[N] in 0..C - 1"]
    assert [str(option) for option in read.options] == ["lam >= 0", "a > 0"]
    assert [t.name for t in read.outputs] == ["P"]
    assert read.size_names == ("N", "D", "C")


def test_outputs_stand_behind_an_arrow():
    rotated = "U[n] = c*X[n] - Y[n]\nV[n] = X[n] + c*Y[n]"
    assert [t.name for t in read_layer(f"X[N] Y[N] c > 0 U[N] V[N]\n{rotated}").outputs] == ["V"]
    both = read_layer(f"X[N] Y[N] c > 0 -> V[N] U[N]\n{rotated}")
    assert [t.name for t in both.outputs] == ["V", "U"]
    assert derive(both).cotangents["dX"].text == "dX[n] = c*dU[n] + dV[n]"
    named = layer("named", tensors="X[N] Y[N] c > 0 -> U[N] V[N]", equations=rotated, outputs="U")
    assert [t.name for t in named.outputs] == ["U"]
    assert (
        "the output 'W' is defined by no equation" in refusal(f"X[N] Y[N] c > 0 U[N] V[N] -> W[N]\n{rotated}").message
    )


@pytest.mark.parametrize("name", ["linear", "batch_norm", "softmax", "l2_normalization"])
def test_the_tensors_of_a_layer_can_be_read_as_they_are_printed(name):
    known = LAYERS[name]
    given, inner, outputs = (
        "  ".join(map(str, parts)) for parts in ((*known.inputs, *known.options), known.intermediates, known.outputs)
    )
    equations = "\n".join(equation.text for equation in known.equations)
    read = read_layer(f"{inner}\n{given}  ->  {outputs}\n{equations}")
    assert {tensor.name for tensor in read.inputs} == {tensor.name for tensor in known.inputs}
    assert [tensor.name for tensor in read.outputs] == [tensor.name for tensor in known.outputs]


def test_options_may_be_negative_and_are_not_taken_for_positive():
    shifted = read_layer("k in -2..2\nX[N] Y[N]\nY[n] = X[n + k]")
    assert shifted.equations[0].text == "Y[n] = X[k + n]*[0 <= k + n <= N - 1]"


@pytest.mark.parametrize(
    ("declared", "printed", "most"),
    [("0 < keep <= 1", "0 < keep <= 1", 1), ("0<=keep<=12", "0 <= keep <= 12", 12), ("keep > 0", "keep > 0", None)],
)
def test_an_option_may_have_an_upper_end(declared, printed, most):
    read = read_layer(f"X[N]  {declared}  Y[N]\nY[n] = X[n]*keep")
    (option,) = read.options
    assert str(option) == printed
    assert option.high == most
    assert not option.integer
    drawn = {read.random_inputs({"N": 1}, np.random.default_rng(seed))["keep"] for seed in range(30)}
    assert len(drawn) > 9
    assert all(0 < number <= (most or 2) for number in drawn)


@pytest.mark.parametrize(
    "declared", ["0 < keep < 1", "0 < keep <= 1.5", "0 < keep", "1 < keep <= 3", "0 < keep <= 0", "0 < keep[N] <= 1"]
)
def test_another_upper_end_is_refused(declared):
    refusal(f"X[N]  {declared}  Y[N]\nY[n] = X[n]*keep")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("X[n] + 1", "1 + X[n]"),
        ("X[n]/4*0.5", "X[n]/8"),
        ("1e-3*X[n]", "X[n]/1000"),
        ("2*X[n]**2 - 1_000", "2*X[n]**2 - 1000"),
        ("(X[n] #first\n + 2) # second", "2 + X[n]"),
        ("sqrt(X[n])", "sqrt(X[n])"),
        ("[n = 0]*X[n]", "X[n]*[n = 0]"),
        ("[n == 0 and X[n] > 1]", "[n = 0]*[X[n] > 1]"),
        ("where(0 < n <= 2, X[n], 1)", "where(0 < n <= 2, X[n], 1)"),
        ("sum[k](X[k])*X[n]", "X[n]*sum[k](X[k])"),
        ("mean[k](X[k])", "mean[k](X[k])"),
        ("max[k](X[k])", "max[k](X[k])"),
        ("X[n - 1]", "X[n - 1]*[n - 1 >= 0]"),
        ("X[n//2]", "X[n//2]"),
        ("pi", "pi"),
        ("--X[n]", "X[n]"),
    ],
)
def test_equations_are_read_as_they_are_meant(written, read):
    assert right(written) == read


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do_anywhere(end):
    assert read_layer(f"X[N]\tY[N]{end}\tY[n]\t=\tX[n]{end}").equations[0].text == "Y[n] = X[n]"


def test_what_ends_a_line_does_not_run_into_what_starts_the_next():
    assert "expression" in refusal(f"{DECLARED}Y[n] = (X[n]*2\n3)").message


def test_a_boundary_starts_a_recurrence():
    read = read_layer("x[T] h0 h[T]\nh[t] = h[t-1] + x[t]\nh[-1] = h0")
    assert read.equations[0].text == "h[t] = h[t - 1]*[t - 1 >= 0] + h0*[t = 0] + x[t]"


def test_a_recurrence_may_start_along_any_axis_and_at_several_steps():
    read = read_layer("x[N, T] h0[N] h[N, T]\nh[n, t] = h[n, t-2] + x[n, t]\nh[n, -2] = h0[n]\nh[n, -1] = 2*h0[n]")
    right = "h[n, t - 2]*[t - 2 >= 0] + 2*h0[n]*[t - 1 = 0] + h0[n]*[t = 0] + x[n, t]"
    assert read.equations[0].text == f"h[n, t] = {right}"
    assert [boundary.text for boundary in read.boundaries] == ["h[n, -2] = h0[n]", "h[n, -1] = 2*h0[n]"]


@pytest.mark.parametrize("text", CONVOLUTIONS)
def test_strided_padded_dilated_and_grouped_indices_are_read(text):
    assert read_layer(text).equations


# what it refuses, and where

REFUSED = [
    ("X[N] Y[N]\nY[n] = X[n] +", 2, 13, "not a complete expression"),
    ("X[N] Y[N]\nY[n] =", 2, 6, "missing"),
    ("X[N] Y[N]\nY[n] = X[n] = 3", 2, 13, "one `=`"),
    ("X[N] Y[N]\nY[n] = X[n", 2, 9, "never closed"),
    ("X[N] Y[N]\nY[n] = X[n)]", 2, 11, "closes nothing"),
    ("X[N] Y[N]\nY[n] = Z[n]", 2, 8, "'Z' is used but not declared"),
    ("X[N] Y[N]\nY[n] = X[n] + 2*Z", 2, 17, "'Z' is used but not declared"),
    ("X[N]\nY[n] = X[n]", 2, 1, "'Y' is used but not declared"),
    ("X[N] Y[N]\nY[n] = X[m]", 2, 10, "'m' is neither an index in scope nor declared"),
    ("X[N] Y[N]\nY[n] = X[n, n]", 2, 8, "1 index, but used with 2"),
    ("X[N, D] W[C, D] Y[N]\nY[n] = sum[d](X[n, d]*W[d, d])", 2, 25, "runs over D in X[n, d], but over C in W[d, d]"),
    ("X[N, 2*D] Y[N, D]\nY[n, d] = X[n, d]", 2, 16, "write 0 + d for the first D of these"),
    ("X[N, G] Y[N, D]\nG = 4*D\nY[n, d] = X[n, d]", 3, 16, "write 0 + d for the first D of these"),
    ("X[N] Y[N]\nY[n] = X[n]\nY[n] = 2", 3, 1, "assigned twice"),
    ("X[N] X[M] Y[N]\nY[n] = X[n]", 1, 6, "declared twice"),
    ("exp[N] Y[N]\nY[n] = exp[n]", 1, 1, "function or constant"),
    ("X[N] N Y[N]\nY[n] = X[n]", 1, 6, "'N' is a size already"),
    ("X[N] n Y[N]\nY[n] = X[n]", 2, 3, "'n' is taken already"),
    ("X[N] Y[N]\nY[n] = sum[n](X[n])", 2, 12, "in use already"),
    ("X[N] Y[N]\nY[n] = sum[i](2)", 2, 12, "the range of the index 'i' is unknown"),
    ("X[N] Y[N]\nY[n] = foo(X[n])", 2, 8, "no function 'foo'"),
    ("X[N] Y[N]\nY[n] = exp", 2, 8, "'exp' is a function"),
    ("X[N] Y[N]\nY[n] = exp(X[n], 2)", 2, 8, "exp takes 1 argument, got 2"),
    ("X[N] Y[N]\nY[n] = sum(X[n])", 2, 8, "sum needs its indices"),
    ("X[N] Y[N]\nY[n] = max(X[n], 0)", 2, 8, "max needs its indices: max[d](...); of two values: maximum(a, b)"),
    ("X[N] Y[N]\nY[n] = X[n] < 1", 2, 8, "where(condition, a, b)"),
    ("X[N] Y[N]\nY[n] = where(X[n], 1, 2)", 2, 14, "expected a condition"),
    ("X[N] Y[N]\nY[n] = [n = 0, n = 1]", 2, 8, "one condition"),
    ("X[N] Y[N]\nY[n] = [X[n]]", 2, 9, "expected a condition"),
    ("X[N] Y[N]\nY[n] = X[n]/0", 2, 13, "division by zero"),
    ("X[N] Y[N]\nY[n] = X[n]/(X[n] - X[n])", 2, 14, "division by zero"),
    ("X[N] Y[N]\nY[n] = X[n]//2", 2, 8, "// and % are for indices"),
    ("X[N] Y[N]\nY[n] = X[n//0]", 2, 13, "positive for sure"),
    ("X[N] Y[N]\nY[n] = X[n%(0-2)]", 2, 13, "positive for sure"),
    ("X[N] Y[N]\nY[n] = sum[k](X[n//k]*X[k])", 2, 20, "positive for sure"),
    ("X[N] Y[N]\nY[n] = sqrt(-1)*X[n]", 2, 8, "root of a negative number"),
    ("X[N] Y[N]\nY[n] = X[n] + sqrt(-N)", 2, 15, "root of a negative number"),
    ("X[N] Y[N]\nY[n] = (-2)**0.3", 2, 8, "root of a negative number"),
    ("X[N] Y[N]\nY[n] = 0**-1", 2, 8, "zero has no power"),
    ("X[N] Y[N]\nY[n] = (X[n] - X[n])**(-X[n])", 2, 8, "no number at all"),
    ("X[N] Y[N]\nY[n] = log(0)", 2, 8, "no logarithm"),
    ("X[N] Y[N]\nY[n] = X[n]**65", 2, 14, "exponents beyond 64"),
    ("X[N] Y[N]\nY[n] = (X[n]**64)**64", 2, 8, "exponents beyond 64"),
    ("X[N] Y[N]\nY[n] = 2**(2**(2**10))", 2, 16, "exponents beyond 64"),
    ("X[N] Y[N]\nY[n] = (3**64)**64*X[n]", 2, 8, "too large to be written out"),
    ("X[N] Y[N]\nY[n] = 1e999", 2, 8, "too large or too small"),
    ("X[N] Y[N]\nY[n] = 1e-99999999", 2, 8, "too large or too small"),
    ("X[N] Y[N]\nY[n] = " + "9" * 5000, 2, 8, "too long"),
    ("X[N] Y[N]\nY[n] = 12345678901234567890123", 2, 8, "too large"),
    ("X[N] Y[N]\nY[n] = X[0.5]", 2, 10, "an index is a whole number"),
    ("X[N] Y[N]\nY[n] = __import__('os')", 2, 19, '"\'" is not in the notation'),
    ("X[N] Y[N]\nY[n] = __import__(X)", 2, 8, "no function '__import__'"),
    ("X[N] Y[N]\nY[n] = X.T", 2, 8, "attributes"),
    ("X[N] Y[N]\nY[n] = (lambda: 1)()", 2, 15, "':' is not in the notation"),
    ("X[N] Y[N]\nY[n] = [x for x in X]", 2, 8, "'listcomp' is not in the notation"),
    ("X[N] Y[N]\nY[n] = (z := 2)", 2, 11, "':' is not in the notation"),
    ("X[N] Y[N]\nY[n] = X[n] if n else 2", 2, 8, "if/else"),
    ("X[N] Y[N]\nY[n] = X[n], 2", 2, 7, "a tuple"),
    ("X[N] Y[N]\nY[n] = True", 2, 8, "True is not a number"),
    ("X[N] Y[N]\nY[n] = 1j*X[n]", 2, 8, "1j is not a number"),
    ("X[N] Y[N]\nY[n] = X[n]^2", 2, 12, "'^' is not in the notation"),
    ("X[N] Y[N]\nY[n] = Х[n]", 2, 8, "CYRILLIC CAPITAL LETTER HA"),
    ("X[N] Y[N]\nY[n] = X[n]\0", 2, 12, "U+0000"),
    ("X[N] Y[N]\nY[n] = X[n]\x0b+ 1", 2, 12, "U+000B"),
    ("X[N] Y[N]\nY[n] = X[n]\u2028+ 1", 2, 12, "LINE SEPARATOR"),
    ("X[N] Y[N]\nY[n] = " + "(" * 60 + "X[n]" + ")" * 60, 2, 58, "nested deeper"),
    ("X[N] Y[N]\nY[n] = " + "-" * 5000 + "X[n]", 2, 7, "nested too deeply"),
    ("X[N] lambda Y[N]\nY[n] = X[n]", 1, 6, "'lambda' is a word of Python"),
    ("X[N] if Y[N]\nY[n] = X[n]", 1, 6, "'if' is a word of Python"),
    ("X[0] Y[N]\nY[n] = 1", 1, 1, "a size is at least 1"),
    ("X[N-N] Y[N]\nY[n] = 1", 1, 1, "a size is at least 1"),
    ("X[N//0] Y[N]\nY[n] = 1", 1, 6, "not positive"),
    ("X[2.5] Y[N]\nY[n] = 1", 1, 3, "whole numbers and names"),
    ("T[N] in 5..2 Y[N]\nY[n] = T[n]", 1, 9, "nothing in it"),
    ("X[N]Y[N]\nY[n] = X[n]", 1, 5, "expected a blank"),
    ("X(N) Y[N]\nY[n] = X[n]", 1, 2, "expected a blank"),
    ("X[N] ! Y[N]\nY[n] = X[n]", 1, 6, "expected a declaration"),
    ("T[N] in 0..3 Y\nT[n] = 2", 2, 1, "integer tensor"),
    ("X[N] Y[N]\nY[n + 1] = X[n]", 2, 3, "plain indices"),
    ("X[N] Y[N]\nY[0] = X[0]", 2, 3, "starts a recurrence"),
    ("X[N] Y[N]\nX[n] + Y[n] = X[n]", 2, 1, "one tensor"),
    ("X[N] Y[N]\nY[n] = X[n] + Y[n-1]\nY[-1] = 0\nY[-1] = 1", 4, 1, "'Y' starts twice at -1"),
    ("X[N] Y[N]\nY[n] = X[n] + Y[n-1]\nY[-1] = 0\nY[-2] = 1", 4, 1, "no equation reads 'Y' before its first step"),
    ("X[N] Y[N, N]\nY[n, i] = Y[n-1, i] + X[i]\nY[-1, i] = 0\nY[n, -1] = 0", 4, 1, "starts along two axes"),
    ("X[N] Y[N, N]\nY[n, i] = Y[n-1, i] + X[i]\nY[-1, -1] = 0", 3, 7, "starts a recurrence"),
    ("X[N] Y[N]\nY[-1] = 0", 1, 1, "no equation"),
    ("X[N] Y[N]\nY[n] = X[n]\nY[-1] = 0", 3, 1, "no equation reads 'Y' before its first step"),
    ("X[N] Y[N]\nY[n] = Y[n] + X[n]", 2, 1, "defined by itself"),
    ("X[N] A[N] B[N]\nA[n] = B[n]\nB[n] = A[n]", 3, 1, "defined by each other at the same step: A, B"),
    ("X[N] dX[N] Y[N]\nY[n] = X[n]", 1, 1, "'dX' is the cotangent of 'X'"),
    ("", 1, 1, "no equation"),
    ("# nothing\n\n  # but comments", 1, 1, "no equation"),
    ("X[N] Y[N]", 1, 1, "no equation"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), REFUSED, ids=range(len(REFUSED)))
def test_mistakes_are_named_at_their_place(text, line, column, words):
    error = refusal(text)
    assert (error.line, error.column) == (line, column)
    assert words in error.message
    assert str(error) == f"line {line}, column {column}: {error.message}"
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_tensor_and_no_index_shadows_a_function(name):
    assert repr(name) in refusal(f"{name}[N] Y[N]\nY[n] = 1").message
    assert repr(name) in refusal(f"X[N] Y[N]\nY[n] = sum[{name}](X[{name}])").message


def test_python_warns_of_nothing_behind_our_back():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(NotationError):
            read_layer("X[N] Y[N]\nY[n] = 1if X[n] else 2")
    assert caught == []


def test_claims_are_read_with_the_cotangents_and_keep_their_labels():
    made = layer("l", tensors="X[N] Y[N]", equations="Y[n] = X[n]**2", claims="dX[n] = 2*X[n]*dY[n]    # by hand")
    assert [(claim.text, claim.label) for claim in made.claims] == [("dX[n] = 2*dY[n]*X[n]", "by hand")]


@pytest.mark.parametrize("text", ["", "dX[n] = 1\ndX[n] = 2", "dX[n]", "dX[n] = 1 = 2", "dX[n] == 2"])
def test_one_equation_is_one_equation(text):
    with pytest.raises(NotationError):
        read_equation(text, read_layer(f"{DECLARED}Y[n] = X[n]"))


# whatever comes

MEGABYTES = [
    "a" * 3_000_000,
    "X[N]\n" * 200_000,
    "\n" * 1_000_000,
    "(\n" * 100_000,
    f"{DECLARED}Y[n] = (\n" + "+ 1\n" * 500_000,
    f"{DECLARED}Y[n] = " + " + ".join(["X[n]"] * 100_000),
    f"{DECLARED}Y[n] = " + "exp(" * 100_000,
    f"{DECLARED}Y[n] = X" + "[n]" * 100_000,
    f"{DECLARED}Y[n] = " + "not " * 2_000 + "n",
    f"{DECLARED}Y[n] = X[n]" + "**1" * 3_000,
    f"{DECLARED}Y[n] = X[n]" + "*9**64" * 1_500,
    " ".join(f"A{k}[N]" for k in range(2_000)),
]


@pytest.mark.parametrize("text", MEGABYTES, ids=range(len(MEGABYTES)))
def test_megabytes_are_refused_soon(text):
    refusal(text)


def test_a_long_sum_is_read():
    assert right(" + ".join(["X[n]"] * ((LONGEST_LINE - 10) // 7))) == f"{(LONGEST_LINE - 10) // 7}*X[n]"


WORDS = [
    *("X", "Y", "T", "N", "n", "k", "d", "dX", "g", "lambda", "if", "in", "not", "and", "True", "__import__", "_"),
    *("sum", "mean", "max", "exp", "log", "sqrt", "where", "maximum", "pi", "argmax"),
    *("[", "]", "(", ")", "[n]", "[k](", ",", "=", "==", "<", "+", "-", "*", "/", "//", "%", "**", ".", "..", ":", ";"),
    *("0", "1", "2", "64", "1e9", "0.5", "-1", "\n", " ", "\t", "#", "'", '"', "{", "}", "@", "\\", "é", "\0", "->"),
]


def refused(text: str) -> NotationError | None:
    try:
        read_layer(text)
    except NotationError as error:
        return error
    return None


def is_read_or_refused(text: str) -> None:
    error = refused(text)
    if error is not None:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= max(len(line) for line in lines) + 2
        assert "\n" not in str(error)


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
def test_any_words_are_read_or_refused(words):
    is_read_or_refused(f"X[N, D] T[N] in 0..2 Y[N]\nY[n] = {words}")


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
def test_any_declarations_are_read_or_refused(words):
    is_read_or_refused(f"{words}\nY[n] = X[n]")


@given(st.text(alphabet=string.printable + "ХП\0\u2028", max_size=80))
def test_any_text_is_read_or_refused(text):
    is_read_or_refused(text)


@given(layers() | recurrences(), st.data())
def test_a_layer_with_a_character_changed_is_read_or_refused(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    is_read_or_refused(text[:place] + data.draw(st.sampled_from([*WORDS, ""])) + text[place + 1 :])


@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
def test_whatever_is_read_is_derived_or_refused_in_one_line(words):
    text = f"X[N, D] T[N] in 0..2 Y[N]\nY[n] = X[n, T[n]]*({words})"
    if refused(text) is None:
        derivation = derive(read_layer(text))
        assert derivation.cotangents["dX"].text
        assert source_or_reason(derivation)


def source_or_reason(derivation) -> str:
    try:
        return derivation.numpy()
    except DerivationError as error:
        return str(error).replace("\n", "")


@pytest.mark.parametrize("operator", [">", "<", "!=", ">=", "<=", "=="])
def test_a_comparison_with_itself_is_decided(operator):
    text = f"X[N]  A[N]  Y[N]\nA[n] = tanh(X[n])\nY[n] = where(A[n] {operator} A[n], 2*A[n], A[n])"
    expected = "2*A[n]" if "=" in operator and operator != "!=" else "A[n]"
    assert read_layer(text).equations[-1].text == f"Y[n] = {expected}"


@pytest.mark.parametrize("name", LAYERS)
def test_declarations_are_read_as_they_are_printed(name):
    of = LAYERS[name]
    reader = Reader()
    for line in logical_lines("  ".join(map(str, (*of.options, *of.tensors)))):
        reader.declare(line)
    assert reader.tensors == of.by_name
    read = {option.name: (option.integer, option.high, option.symbol) for option in reader.options.values()}
    assert read == {option.name: (option.integer, option.high, option.symbol) for option in of.options}


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("T[N] in 0..C - 1", "0", "C - 1"),
        ("T[N] in 0..C-1", "0", "C - 1"),
        ("T[N] in 0..2*C - 1  X[N, C]", "0", "2*C - 1"),
        ("T[N] in 0 .. C - 1, X[N, C]", "0", "C - 1"),
        ("T[N] in 0..min(C, D) - 1 -> Y[N]", "0", "min(C, D) - 1"),
        ("T[N] in 0..C**2 - 1", "0", "C**2 - 1"),
    ],
)
def test_a_bound_may_have_blanks_in_it(text, low, high):
    reader = Reader()
    (line,) = logical_lines(text)
    reader.declare(line)
    assert str(reader.tensors["T"]) == f"T[N] in {low}..{high}"


def test_a_number_that_is_not_declared_is_told_from_a_size():
    with pytest.raises(NotationError, match=r"^line 2, .*\(L is not declared, and so taken for a size: .*declare L\)$"):
        read_layer("X[N]\nL = sum[n](X[n])")
