"""Answers whose verdict is known, from every topic; none may be judged wrongly."""

import statistics
import time
from dataclasses import replace
from functools import lru_cache, partial

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations import LAYERS, layer
from derivations.expressions import tensor_entry
from derivations.layer import Claim
from derivations.practice import Verdict, formula_problem, grade, layer_problem
from tests.derivations.practice import answers


@lru_cache(maxsize=512)
def formula(equation, variable="x", declared="x y"):
    return formula_problem(
        f"{declared}: {equation}, {variable}",
        "calculus",
        f"Differentiate {equation} with respect to {variable}.",
        layer("formula", tensors=declared, equations=equation.replace("; ", "\n")),
        variable,
    )


@lru_cache(maxsize=512)
def about(name, cotangent):
    return layer_problem(layer("nielsen", equations=answers.NIELSEN) if name == "nielsen" else name, cotangent)


def rows():
    """(what makes the problem, answer, verdict, a word of the diagnosis), from every table."""
    tables = [(partial(formula, f"y = {text}"), right, wrong) for text, right, wrong in answers.CALCULUS]
    tables += [
        (partial(formula, f"y = {text}", "x", "x[] > 0  y"), right, wrong)
        for text, right, wrong in answers.CALCULUS_POSITIVE
    ]
    tables += [
        (partial(formula, equation, variable, declared), right, wrong)
        for declared, equation, variable, right, wrong in answers.MANY_VARIABLES
    ]
    tables += [(partial(about, name, cotangent), right, wrong) for name, cotangent, right, wrong in answers.LAYERS]
    tables += [
        (partial(about, "nielsen", cotangent), right, wrong) for cotangent, right, wrong in answers.NIELSEN_ANSWERS
    ]
    for make, right, wrong in tables:
        yield from ((make, answer, "right", "") for answer in right)
        yield from ((make, answer, "wrong", word) for answer, word in wrong)


ROWS = list(rows())
# Half of the wrong answers are left to the thorough run.
LEFT = {id(row) for row in [row for row in ROWS if row[2] == "wrong"][::2]}
ALWAYS = [row for row in ROWS if id(row) not in LEFT]


@lru_cache(maxsize=2000)
def timed(make, answer):
    """The verdict, and the seconds that it took; each is judged once."""
    problem = make()
    began = time.perf_counter()
    verdict = grade(problem, answer)
    return verdict, time.perf_counter() - began


@pytest.mark.parametrize(
    ("make", "answer", "status", "word"),
    [
        pytest.param(*row, id=f"{', '.join(row[0].args)}: {row[1]}", marks=[pytest.mark.thorough] * (id(row) in LEFT))
        for row in ROWS
    ],
)
def test_a_known_answer_gets_its_verdict(make, answer, status, word):
    verdict, _ = timed(make, answer)
    assert verdict.status == status, verdict
    if status == "right":
        assert verdict.proof.holds
    else:
        assert verdict.counterexample.startswith("with ")
        assert "yours gives" in verdict.counterexample
    if word:
        assert any(word in diagnosis for diagnosis in verdict.diagnoses), verdict.diagnoses


def test_there_are_enough_of_them_from_enough_layers(capsys):
    layers = {make().layer.name for make, *_ in ALWAYS}
    assert len(ALWAYS) >= 300
    assert len(layers - {"formula"}) >= 25
    seconds = [timed(make, answer)[1] for make, answer, *_ in ALWAYS]
    with capsys.disabled():  # reported and not asserted: a busy machine is no mistake
        middle, worst = (f"{1000 * value:.0f} ms" for value in (statistics.median(seconds), max(seconds)))
        print(f"\n{len(ALWAYS)} answers: {middle} in the middle, {worst} at worst")


GENERATED = sorted({(name, cotangent) for name, cotangent, *_ in answers.LAYERS} - {("glu", "dX")})
NEAR_MISSES = {"-({0})": "sign", "2*({0})": "2", "({0})/3": "1/3", "({0})/{1}": "1/{1}", "({0})*{1}": "{1}"}


@pytest.mark.parametrize(
    ("number", "name", "cotangent"), [(number, *question) for number, question in enumerate(GENERATED)]
)
def test_a_near_miss_made_from_the_truth_is_wrong_and_named(number, name, cotangent):
    problem = about(name, cotangent)
    left, _, truth = problem.answer.partition(" = ")
    assert grade(problem, truth if number % 2 else f"{left} = {truth}").status == "right"
    check_near_miss(problem, truth, list(NEAR_MISSES)[number % len(NEAR_MISSES)])


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "cotangent"), GENERATED)
def test_near_misses_made_from_the_truth_are_wrong_and_named(name, cotangent):
    problem = about(name, cotangent)
    for form in NEAR_MISSES:
        check_near_miss(problem, problem.answer.partition(" = ")[2], form)


def check_near_miss(problem, truth, form):
    size = problem.layer.size_names[0]
    verdict = grade(problem, form.format(truth, size))
    assert verdict.status == "wrong", form
    assert any(NEAR_MISSES[form].format("", size) in diagnosis for diagnosis in verdict.diagnoses), verdict


# Their equations hold numbers, or letters, that have to be typed in another way; or they take seconds to derive.
OTHERS = {"selu", "glu", "swiglu", "residual_block", "transformer_block"}


TYPED = [name for name in LAYERS if name not in OTHERS]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] * bool(k % 3)) for k, name in enumerate(TYPED)]
)
def test_what_the_derivation_says_of_any_layer_is_right(name):
    target = next(tensor.name for tensor in LAYERS[name].inputs if not tensor.integer)
    problem = layer_problem(name, f"d{target}")
    assert grade(problem, problem.answer).status == "right"


# ------------------------------------------------------------------------------------------ lines


@pytest.mark.parametrize(("function", "answer", "status", "line"), answers.DERIVATIONS)
def test_a_derivation_is_judged_line_by_line(function, answer, status, line):
    verdict = grade(formula(f"y = {function}"), answer)
    assert (verdict.status, verdict.line) == (status, line), verdict


def test_a_line_may_say_what_an_intermediate_cotangent_is():
    lines = (
        "dXhat[n,d] = dY[n,d]*gamma[d]\ndX[n,d] = (dXhat[n,d] - mean[j](dXhat[n,j]) - Xhat[n,d]*{})/sqrt(v[n] + eps)"
    )
    problem = about("layer_norm", "dX")
    assert grade(problem, lines.format("mean[j](dXhat[n,j]*Xhat[n,j])")).status == "right"
    verdict = grade(problem, lines.format("mean[j](dXhat[n,j])"))
    assert (verdict.status, verdict.line) == ("wrong", 2)
    verdict = grade(problem, lines.format("mean[j](dXhat[n,j]*Xhat[n,j])").replace("*gamma[d]", ""))
    assert (verdict.status, verdict.line) == ("wrong", 1)
    assert "line 1 does not follow" in verdict.sentence


def test_names_of_ones_own_may_have_indices_or_be_matrices():
    problem = about("linear", "dW")
    assert grade(problem, "A[i, n] = X[n, i]\ndW[d,c] = sum[n](A[d,n]*dY[n,c])").status == "right"
    assert grade(problem, "A = X.T\ndW = A @ dY").status == "right"
    assert grade(problem, "A = X.T\ndW = A @ (2*dY)").status == "wrong"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("2*cos(1)", "right"),
        ("cos(1) + cos(-1)", "right"),
        ("y' = 2*cos(1)", "right"),
        ("2/sec(1)", "right"),
        ("1.0806046", "wrong"),
        ("2*sin(1)", "wrong"),
        ("-2*cos(1)", "wrong"),
        ("two", "unreadable"),
    ],
)
def test_a_number_is_judged_exactly(answer, status):
    problem = formula("y = sin(x**2)")
    at_one = Claim(problem.expected.lhs, problem.expected.rhs.xreplace({tensor_entry("x", ()): sp.Integer(1)}))
    number = replace(problem, expected=at_one, given=(), kind="number", asked="y'(1)")
    assert grade(number, answer).status == status


# ------------------------------------------------------------------------------------------ what is told


def test_the_counterexample_is_the_smallest_one():
    verdict = grade(about("linear", "dW"), "(X.T @ dY).sum()")
    assert verdict.counterexample == (
        "with N = 1, D = 2, C = 1, X = [1, 2], dY = [1]: yours gives 3, the truth is [1, 2]"
    )


def test_another_shape_is_wrong_and_shown():
    verdict = grade(about("linear", "dW"), "dY.T @ X")
    assert verdict.sentence.startswith("wrong: it has the shape [C, D], and dW is [D, C]; transposed")
    assert verdict.counterexample.endswith("yours gives [[1, 2]], the truth is [[1], [2]]")
    assert "transposed" in verdict.diagnoses[0]


def test_an_unnamed_activation_may_be_any():
    verdict = grade(about("nielsen", "dz"), "da*a*(1 - a)")  # true of the logistic function, and of no other
    assert verdict.status == "wrong"
    assert "sigma(z) = z**2" in verdict.counterexample


def test_an_answer_that_is_undefined_where_the_truth_is_not_is_wrong():
    verdict = grade(formula("y = x**3"), "3*x**3/x")
    assert verdict.status == "wrong"
    assert verdict.counterexample == "with x = 0: yours gives undefined, the truth is 0"
    assert verdict.diagnoses == (
        "it is the truth where it is defined, but it is not defined everywhere that the truth is",
    )
    assert grade(formula("y = log(x)", "x", "x[] > 0  y"), "x/x**2").status == "right"  # no x is 0 there


def test_what_nobody_can_tell_is_undecided():
    for answer in ("where(exp(x) > 10**9, 0, 2*x)", "2*x + [exp(x) = 7]"):
        assert grade(formula("y = x**2"), answer).status == "undecided"
    for answer in ("where(N > 140, 2, 1)*(X.T @ dY)", "where(X.sum() == 7, 2, 1)*(X.T @ dY)"):
        assert grade(about("linear", "dW"), answer).status == "undecided"


@pytest.mark.parametrize(
    ("answer", "counterexample"),
    [
        ("maximum(2*x, -1000)", "with x = -501: yours gives -1000, the truth is -1002"),
        ("2*x + [x = 7]", "with x = 7: yours gives 15, the truth is 14"),
        ("where(x*x*x > 5000, 0, 2*x)", "with x = 18: yours gives 0, the truth is 36"),
    ],
)
def test_a_difference_far_away_is_looked_for_where_the_answer_turns(answer, counterexample):
    assert grade(formula("y = x**2"), answer).counterexample == counterexample


def test_what_is_right_at_small_sizes_only_is_not_right():
    for rest in ("(N - 1)", "(N - 1)*(N - 2)", "(N - 1)*(N - 2)*(N - 3)*(N - 4)"):
        verdict = grade(about("linear", "dW"), f"X.T @ dY + {rest}*X.T @ dY")
        assert verdict.status == "wrong"


def test_what_goes_around_in_a_circle_is_refused():
    for name, cotangent, answer in (
        ("linear", "dW", "dW"),
        ("residual_add", "dX", "dX"),
        ("rnn_tanh", "dh_total", "dh_total[t, n, m]"),
        ("nielsen", "dz", "db"),
    ):
        verdict = grade(about(name, cotangent), answer)
        assert verdict.status == "unreadable"
        assert verdict.column is not None


def test_the_mistakes_of_a_problem_are_tried_first():
    problem = formula_problem(
        "a",
        "calculus",
        "",
        layer("f", tensors="x y", equations="y = x**2"),
        "x",
        [("that is the exponent's rule", "x")],
    )
    assert grade(problem, "x").diagnoses[0] == "that is the exponent's rule"


def test_a_verdict_shows_itself_in_a_notebook():
    html = grade(about("linear", "dW"), "-X.T @ dY")._repr_html_()
    assert "wrong" in html
    assert "&lt;" in Verdict("unreadable", "a < b")._repr_html_()


# ------------------------------------------------------------------------------------------ properties


@st.composite
def same_things(draw, text):
    """The same expression, written otherwise."""
    for _ in range(draw(st.integers(1, 4))):
        form = draw(
            st.sampled_from(
                (
                    "({0})*(sin(x)**2 + cos(x)**2)",
                    "-(-({0}))",
                    "({0}) + x - x",
                    "2*({0}) - ({0})",
                    "({0})*(1 + exp(x))/(1 + exp(x))",
                    "({0})*exp(x)*exp(-x)",
                    "({0})/2 + ({0})/2",
                    "({0}) + tanh(x) - 2*sigmoid(2*x) + 1",
                )
            )
        )
        text = form.format(text)
    return text


TRUTHS = {text: right[0] for text, right, _ in answers.CALCULUS[:20]}


@given(st.data())
def test_equivalent_forms_are_right_and_near_misses_are_not(data):
    text = data.draw(st.sampled_from(sorted(TRUTHS)))
    answer = data.draw(same_things(TRUTHS[text]))
    problem = formula(f"y = {text}")
    assert grade(problem, answer).status == "right"
    number = data.draw(st.sampled_from(("1/7", "x/100", "exp(-x**2)/1000", "[x > 1]/9")))
    assert grade(problem, f"{answer} + {number}").status == "wrong"


x = sp.Symbol("x", real=True)
SMOOTH = st.recursive(
    st.sampled_from([x, x**2, sp.Integer(2), sp.Rational(1, 3), 1 + x]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        inner.map(sp.sin),
        inner.map(sp.cos),
        inner.map(sp.tanh),
        inner.map(lambda u: sp.exp(-(u**2))),
        inner.map(lambda u: sp.log(1 + u**2)),
        inner.map(lambda u: 1 / (1 + u**2)),
        inner.map(lambda u: sp.sqrt(1 + u**2)),
    ),
    max_leaves=4,
)


@given(SMOOTH)
def test_the_derivative_that_sympy_finds_is_never_wrong(function):
    problem = formula(f"y = {function} + 0*x" if not function.has(x) else f"y = {function}")
    derivative = str(function.diff(x))
    assert grade(problem, derivative).status in {"right", "undecided"}
    assert grade(problem, f"{derivative} + exp(x)/7").status == "wrong"
