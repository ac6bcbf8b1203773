"""What was typed is read, or pointed at."""

import pytest

from derivations import NotationError, layer
from derivations.practice import formula_problem, grade, layer_problem
from derivations.practice.reading import AnswerReader
from derivations.practice.spelling import MOST_CHARACTERS, MOST_LINES, typed_lines
from derivations.render.plain import plain
from tests.derivations.practice import answers

SINE = formula_problem("a", "calculus", "", layer("f", tensors="x y", equations="y = sin(x**2)"), "x")
LINEAR = layer_problem("linear", "dW")


@pytest.mark.parametrize(("answer", "column"), answers.UNREADABLE_FORMULAS)
def test_a_formula_that_cannot_be_read_is_pointed_at(answer, column):
    verdict = grade(SINE, answer)
    assert (verdict.status, verdict.column) == ("unreadable", column), verdict
    assert "\n" not in verdict.sentence


@pytest.mark.parametrize(("answer", "column"), answers.UNREADABLE_EQUATIONS)
def test_an_equation_that_cannot_be_read_is_pointed_at(answer, column):
    verdict = grade(LINEAR, answer)
    assert (verdict.status, verdict.column) == ("unreadable", column), verdict


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("1/2x", "write .../(2*x) or (.../2)*x"),
        ("x^2x", "write ...**(2*x) or (...**2)*x"),
        ("x/-2 x", "write .../(2*x) or (.../2)*x"),
        ("1/+2(x + 1)", "write .../(2*(...)) or (.../2)*(...)"),
        ("2e-3x", "may have Euler's number in it: write 2*e - 3, or digits"),
        ("2e+1", "may have Euler's number in it"),
        ("2½", "5/2"),
        ("x²³", "is written x^23"),
        ("x⁵", "write a power as x^5"),
        ("dy/dx = ∂y/∂x", "is written out"),
        ("2,5*x", "a decimal number has a point"),
        ("cosx", "write cos(x)"),
        ("(x + 1)(x - 1)", "a product needs its sign"),
        ("(x + 1) x", "write ...)*x"),
        ("x(x + 1)", "a product needs its sign"),
        ("x y", "write x*y"),
        ("2if x", "write 2*if"),
        ("0x10", "write 0*x10"),
        ("√x", "sqrt(x)"),
        ("arctan(x)", "there is no function 'arctan'"),
        ("t + 1", "there are x, y"),
        ("3*sin x", "a function needs its brackets: write sin(x)"),
        ("sin^2(x)", "write sin(...)**2"),
        ("exp[2 - x]", "'exp' is a function: write exp(...)"),
    ],
)
def test_a_hint_says_what_to_write(answer, hint):
    assert hint in grade(SINE, answer).sentence


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("x^2", "x**2"),
        ("2·x²", "2*x**2"),
        ("2x", "2*x"),
        ("1 - 2 x", "1 - 2*x"),
        ("1.5x + 3(x + 1)", "1.5*x + 3*(x + 1)"),
        ("½x + ¼(x + 1)", "x/2 + (x + 1)/4"),
        ("2cos(3x)", "2*cos(3*x)"),
        ("½*x", "x/2"),
        ("E**x", "exp(x)"),
        ("x³ − x", "x**3 - x"),
        ("x × x", "x*x"),
        ("π*x", "pi*x"),
        ("tan(x)", "sin(x)/cos(x)"),
        ("ln(1 + x^2)", "log(1 + x**2)"),
        ("e**x + e", "exp(x) + exp(1)"),
        ("sinh(x)", "(exp(x) - exp(-x))/2"),
        ("  x  # a remark", "x"),
        ("(x\n + 1)", "x + 1"),
        ("y' = x", "x"),
        ("dy/dx = x", "x"),
        ("∂y/∂x = x", "x"),
        ("d y / d x = x".replace(" ", ""), "x"),
    ],
)
def test_spellings_of_the_same_thing(typed, meant):
    (one,), (other,) = AnswerReader(SINE).read(typed), AnswerReader(SINE).read(meant)
    assert one.expression == other.expression


@pytest.mark.parametrize("left", ["dW[d, c]", "dL/dW[d, c]", "dL/dW[d,c]"])
def test_what_is_asked_may_be_written_as_a_quotient_of_entries(left):
    (own,) = AnswerReader(LINEAR).read(f"{left} = sum[n](X[n, d]*dY[n, c])")
    assert own.target.asked


@pytest.mark.parametrize(
    "typed",
    [
        "Σ_n X[n,d]·dY[n,c]",
        "∑_n X[n,d]·dY[n,c]",
        "sum_{n} X[n, d]*dY[n, c]",
        "\\sum_n X[n, d]*dY[n, c]",
        "0 + Σ_(n) X[n,d]·dY[n,c] - 0",
        "(Σ_n X[n,d]·(dY[n,c] + 1 - 1))",
        "-Σ_n X[n,d]·-dY[n,c]",
        "Σ_n 2e-1*5*X[n,d]·dY[n,c]",
        "X^T @ dY",
        "X.t().mm(dY)",
        "torch.matmul(X.T, dY)",
        'einsum("nd,nc->dc", X, dY)',
        "np.einsum('nd, nc -> dc', X, dY)",
        'jnp.einsum("ba,bz", X, dY)',
        "(X[:, :, None] * dY[:, None, :]).sum(dim=0)",
    ],
)
def test_sums_as_they_are_printed_and_matrices_as_they_are_typed_elsewhere(typed):
    assert grade(LINEAR, typed).status == "right"


def test_a_sum_over_several_letters_and_sums_in_each_other_end_where_their_product_does():
    layers = layer("s", tensors="A[N, C] B[C] y", equations="y = sum[n, c](A[n, c]*B[c])")
    problem = layer_problem(layers, "dB")
    for typed in ("Σ_(n) A[n,c]·dy", "dy·Σ_n A[n,c]"):
        assert grade(problem, typed).status == "right"
    (one,) = AnswerReader(problem).read("Σ_(n,k) A[n,k]·Σ_j B[j] + dy")
    assert plain(one.expression) == "sum[n, k](A[n, k]*sum[j](B[j])) + dy"


def test_a_name_of_ones_own_may_look_like_a_sum():
    assert grade(SINE, "sum_c = x**2\n2*x*cos(sum_c)").status == "right"


def test_a_tensor_may_be_called_like_a_sum():
    named = layer("s", tensors="X[N, C] sum_c[N] Y[N, C]", equations="Y[n, c] = X[n, c]*sum_c[n]")
    problem = layer_problem(named, "dX")
    for typed in (problem.answer, "dY*sum_c[:, None]"):
        assert grade(problem, typed).status == "right"


def test_a_transpose_where_t_is_a_tensor_is_asked_for():
    problem = layer_problem("squared_error", "dY")
    assert "write .T for a transpose" in grade(problem, "dL*(Y^T - T^T)^T/N").sentence


def test_an_axis_may_have_a_sign():
    problem = layer_problem("conv2d", "db")
    assert grade(problem, "dY.sum(axis=(+0, +1, -2))").status == "right"
    assert grade(problem, "dY.sum(axis=(+0, +1, -1))").status != "right"


def test_dot_is_of_vectors_and_matrices():
    problem = layer_problem("scaled_dot_product_attention", "dV")
    assert grade(problem, "einsum('ntu->nut', P) @ dO").status == "right"
    for product in ("np.dot", "torch.mm"):
        assert "dot is of vectors and matrices" in grade(problem, f"{product}(einsum('ntu->nut', P), dO)").sentence


def test_names_of_ones_own_lead_to_no_power_that_nobody_can_write_out():
    lines = ["a0 = 2x + y", *(f"a{k + 1} = a{k}*a{k}" for k in range(39)), "a39"]
    two = layer("z", tensors="x y z", equations="z = x**2*y")
    problem = formula_problem("b", "calculus", "", two, "x")
    assert "an exponent beyond 64" in grade(problem, "\n".join(lines)).sentence


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ('einsum("nd,cn->dc", X, dY)', "in einsum 'n' is N and C long"),
        ('einsum("nd->dc", X, dY)', "a letter for every axis"),
        ("einsum(X, dY)", "a letter for every axis"),
        ('einsum("nd,nc->dz", X, dY)', "letters that stand before it"),
        ('"X.T @ dY"', "not in the notation"),
    ],
)
def test_what_einsum_cannot_mean_is_said(typed, hint):
    verdict = grade(LINEAR, typed)
    assert (verdict.status, hint in verdict.sentence) == ("unreadable", True), verdict


def test_columns_count_what_was_typed():
    assert grade(SINE, "2x + q").column == 6
    assert grade(SINE, "x² + q").column == 6  # the raised 2 is one character, and is read as three


def test_an_equation_is_read_in_the_letters_of_the_truth():
    (own,) = AnswerReader(LINEAR).read("dW[i, j] = sum[k](X[k, i]*dY[k, j])")
    assert plain(own.expression) == "sum[k](dY[k, c]*X[k, d])"
    assert [str(letter) for letter in own.ranges] == ["d", "c"]


def test_a_letter_too_many_is_kept_apart_from_those_of_the_left_side():
    (statement,) = AnswerReader(LINEAR).read("dW[i, j] = X[d, i]*dY[d, j]")
    assert [str(letter) for letter in statement.ranges] == ["d", "c", "d_"]


def test_a_right_side_alone_is_about_what_is_asked():
    (statement,) = AnswerReader(LINEAR).read("X.T @ dY")
    assert statement.target.asked


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("u = x\nu = x**2\nu", "given a meaning twice"),
        ("sin = x\nsin", "is a function or constant"),
        ("u = x**2", "no line says what dy/dx is"),
        ("u = x = 3\nu", "one `=` on its line"),
        ("x = 3\n2*x", "x is given"),
        ("2*x = 3", "the left side is dy/dx"),
    ],
)
def test_lines_that_make_no_derivation_are_refused(lines, message):
    with pytest.raises(NotationError, match=message):
        AnswerReader(SINE).read(lines)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("A[n] = X[n, d]\nX.T @ dY", "free on the right"),
        ("A[n, n] = X[n, 0]\nX.T @ dY", "plain indices"),
        ("N = 3\nX.T @ dY", "a size or an option"),
        ("dW[d] = sum[n](dY[n, 0])", "2 indices, got 1"),
    ],
)
def test_names_of_ones_own_are_checked(lines, message):
    with pytest.raises(NotationError, match=message):
        AnswerReader(LINEAR).read(lines)


def test_long_texts_are_refused_at_once():
    with pytest.raises(NotationError, match="characters"):
        typed_lines("x" * (MOST_CHARACTERS + 1))
    with pytest.raises(NotationError, match="lines"):
        typed_lines("x\n" * (MOST_LINES + 1))
    with pytest.raises(NotationError, match="nothing was typed"):
        typed_lines("# only a remark")
