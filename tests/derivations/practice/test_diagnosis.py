"""Every kind of wrong that is known is named, and nothing is named that is not so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

# ruff: noqa: E501 - one row, one mistake
from derivations import layer
from derivations.calculus import name_bounds
from derivations.practice import formula_problem, grade, layer_problem
from derivations.practice.deciding import Comparison
from derivations.practice.reading import AnswerReader
from derivations.practice.wrong_forms import Truth, wrong_forms
from derivations.render.plain import plain

KINDS = [
    ("linear", "db", "db[c] = sum[n](dY[n,d])", "nothing binds the letter d: the truth has c there, the letter that was asked for"),
    ("linear", "dW", "-X.T @ dY", "the sign: your answer is minus the truth"),
    ("linear", "dW", "X.T @ dY/N", "you have 1/N too much: your answer is 1/N times the truth"),
    ("linear", "dW", "C*X.T @ dY", "you have C too much: your answer is C times the truth"),
    ("linear", "dW", "2*X.T @ dY", "you have 2 too much: your answer is 2 times the truth"),
    ("linear", "dW", "-X.T @ dY/N", "the sign, and you have 1/N too much: your answer is -1/N times the truth"),
    ("mean_squared_error", "dY", "dL*(Y - T)/(N*C)", "2 is missing: your answer is 1/2 times the truth"),
    ("mean_squared_error", "dY", "2*dL*(Y - T)/C", "1/N is missing: your answer is N times the truth"),
    ("linear", "dW", "dW[d,c] = X[n,d]*dY[n,c]", "the sum over n is missing: your answer still depends on n"),
    ("linear", "db", "db[c] = dY[0,c]", "the sum over n is missing: only the first n is taken"),
    ("linear", "db", "db[c] = dY[N-1,c]", "the sum over n is missing: only the last n is taken"),
    ("linear", "db", "dY.sum()", "you have summed over c as well: there is an entry for every c"),
    ("linear", "db", "dY.sum(axis=1)", "the sum runs over the wrong axis: sum over n, and keep c"),
    ("linear", "dW", "dY.T @ X", "transposed: your answer is the truth with its axes in another order"),
    ("linear", "dW", "X.T @ Y", "Y stands where its cotangent dY belongs"),
    ("linear", "dX", "dX[n,d] = sum[c](W[d,c])", "dY is missing: the slope is to be multiplied by what comes from above"),
    ("sigmoid", "dX", "dY", "this is dY as it comes from above: the slope of the layer is missing"),
    ("sigmoid", "dX", "dY*(1 - Y**2)", "this is the derivative of tanh, with Y for its value"),
    ("tanh", "dX", "dY*Y*(1 - Y)", "this is the derivative of sigmoid, with Y for its value"),
    ("sigmoid", "dX", "dY*sigmoid(X)*(1 - Y)*X", "the factor X[n, d] is too much"),
    ("sigmoid", "dX", "dY*cos(X)*Y", None),
    ("softmax", "dZ", "P*dP", "the term -sum[k](dP[n, k]*P[n, k]) is missing"),
    ("softmax", "dZ", "P*(dP - (dP*P).mean(axis=1, keepdims=True))", "a mean over k stands where a sum belongs"),
    ("layer_norm", "dX", "dX[n,d] = dXhat[n,d]/sqrt(v[n] + eps) + dmu[n]/D", "the chain rule brings it, through v, which X goes into"),
    ("rnn_tanh", "dWh", "dWh[k,m] = sum[t,n](dh_total[t,n,m]*(1 - h[t,n,m]**2)*h[t,n,k])", "off by one in t: h[t, n, k] stands for h[t - 1, n, k], one step too late"),
    ("rnn_tanh", "dh_total", "dh_total[t,n,m] = dh[t,n,m] + sum[k](dh_total[t+1,n,k]*(1 - h[t+1,n,k]**2)*Wh[k,m])", "Wh is transposed: Wh[k, m] stands for Wh[m, k]"),
    ("conv1d", "dK", "dK[r,c,f] = sum[n,p](X[n, stride*p + dilation*(R-1-r) - pad, c]*dY[n,p,f])", "flipped: your answer runs backwards along r"),
    ("conv1d", "dX", "dX[n,h,c] = sum[r,f,p](dY[n,p,f]*K[R-1-r,c,f]*[h = stride*p + dilation*r - pad])", "K is flipped"),
    ("leaky_relu", "dX", "dY*where(X < 0, 1, slope)", "the cases are turned around: which is which, X[n, d] > 0 says"),
    ("leaky_relu", "dX", "dY*slope", "there are two cases: yours is not the one where X[n, d] > 0"),
    ("leaky_relu", "dX", "dY*where(X > 0, 1, 0)", "this is the derivative of relu, with X for its value"),
    ("leaky_relu", "dX", "dY*where(X >= 0, 1, slope)", "it is right but on the edge: where X[n, d] = 0, X[n, d] > 0 does not hold"),
    ("smoothed_softmax_cross_entropy", "dZ", "dZ[n,c] = dL*(P[n,c] - [c = T[n]])/N", "eps is left out: your answer is right where it is 0"),
    ("elastic_net", "dW", "dL*(lam1*W + lam2*sign(W))", "lam1 and lam2 have changed places"),
    ("grouped_conv1d", "dK", "dK[r,g,c,f] = sum[n,p](X[n,stride*p+dilation*r+pad,g,c]*dY[n,p,g,f])", "the sign of pad is wrong"),
    ("batch_norm", "dX", "gamma/sqrt(v+eps)*(dY - dY.mean(1, keepdims=True) - Xhat*(dY*Xhat).mean(1, keepdims=True))", "the sum runs over the wrong axis: over d, and n stays where it is"),
    ("weighted_cross_entropy", "dZ", "dZ[n,c] = dL*w[c]*(P[n,c] - [c = T[n]])/sum[m](w[T[m]])", "w[c] stands where w[T[n]] belongs"),
    ("sigmoid_cross_entropy", "dZ", "dL*(A - T)*A*(1 - A)/N", "the slope A[n, c]*(1 - A[n, c]) is too much: it does not belong here"),
    ("gru", "dg", "dh_total*z", "z[t, n, m] stands where 1 - z[t, n, m] belongs"),
    ("lstm", "do", "dh_total*c", "c[t, n, m] stands where tanh(c[t, n, m]) belongs"),
    ("scaled_dot_product_attention", "dQ", "dQ[n,t,d] = sum[u](dS[n,t,u]*K[n,u,d])", "1/sqrt(D) is missing: your answer is sqrt(D) times the truth"),
]  # fmt: skip


def test_a_factor_of_a_layer_of_many_parts_is_named_without_writing_it_out(monkeypatch):
    problem = layer_problem("multi_head_attention", "dX")
    minus = f"-({plain(name_bounds(AnswerReader(problem).asked.truth))})"
    monkeypatch.setattr(Comparison, "_proof", lambda self: pytest.fail("written out"))
    assert grade(problem, minus).diagnoses[0].startswith("the sign")


def test_what_is_rounded_is_said_to_be():
    power = layer("f", tensors="x y", equations="y = 2**x*3")
    problem = formula_problem("f", "test", "What is dy/dx?", power, "x")
    verdict = grade(problem, "2.08*2**x")
    assert (verdict.status, verdict.diagnoses) == (
        "wrong",
        ("this is near the truth, as if it was rounded: write it exactly, as 3/32 or log(2)",),
    )
    assert "rounded" not in grade(problem, "2.5*2**x").sentence


@pytest.mark.parametrize(("name", "cotangent", "answer", "sentence"), KINDS)
def test_a_kind_of_wrong_is_named(name, cotangent, answer, sentence):
    verdict = grade(layer_problem(name, cotangent), answer)
    assert verdict.status == "wrong"
    if sentence is None:
        assert verdict.diagnoses == ()
    else:
        assert sentence in verdict.diagnoses[0]
        assert verdict.diagnoses[0] in verdict.sentence


FORMULAS = [
    ("y = sin(x**2)", "cos(x**2)", "the inner derivative is missing: x**2 has the derivative 2*x"),
    ("y = sin(x**2)", "2*x*sin(x**2)", "the outer function is not differentiated: sin(x**2) has the slope cos(x**2)"),
    (
        "y = sin(x)*exp(x)",
        "cos(x)*exp(x)",
        "the derivative of a product is no product of derivatives: it is f'*g + f*g'",
    ),
    ("y = sin(x)*exp(x)", "sin(x)*exp(x) + cos(x)", "the factor exp(x) is missing"),
    ("y = sin(x)*x**2", "cos(x)*2*x", "the derivative of a product is no product of derivatives: it is f'*g + f*g'"),
    ("y = x**3", "3*x**3", "the exponent of x is 3, and 2 belongs there"),
    ("y = tanh(x)", "tanh(x)", "this is the function itself, not its derivative"),
    ("y = x**3", "6*x", "this is the second derivative"),
    (
        "y = 2**x",
        "x*2**(x - 1)",
        "a**u is no power of x: its derivative is log(a)*a**u*u', and that of exp(u) is exp(u)*u'",
    ),
    (
        "y = sin(x)/(1 + x**2)",
        "cos(x)/(2*x)",
        "the derivative of a quotient is no quotient of derivatives: it is (u'*v - u*v')/v**2",
    ),
]


@pytest.mark.parametrize(("equation", "answer", "sentence"), FORMULAS)
def test_a_mistake_of_calculus_is_named(equation, answer, sentence):
    problem = formula_problem("a", "calculus", "", layer("f", tensors="x y", equations=equation), "x")
    assert grade(problem, answer).diagnoses[0] == sentence


def truth_of(problem):
    (statement,) = AnswerReader(problem).read(problem.answer)
    target, names = statement.target, frozenset({"X", "Y", "dY"})
    return Truth(target.truth, target.left, statement.ranges, (), problem.layer, names, of_scalars=False)


@settings(max_examples=10)
@given(st.sampled_from([("linear", "dX"), ("sigmoid", "dX"), ("softmax", "dZ"), ("rnn_tanh", "dWh")]), st.data())
def test_a_wrong_form_that_is_typed_is_named(question, data):
    problem = layer_problem(*question)
    truth = truth_of(problem)
    _, form = data.draw(st.sampled_from(list(wrong_forms(truth))))
    letters = frozenset(letter.name for letter in truth.letters)
    verdict = grade(problem, f"{problem.left_side} = {plain(name_bounds(form, letters), truth.letters)}")
    assert verdict.status in {"right", "wrong"}  # to drop a sum over a kernel of size 1 is no mistake
    assert verdict.status == "right" or verdict.diagnoses
