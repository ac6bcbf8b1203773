"""Nielsen's exercises: their truths are what the book says, and what people answer instead is wrong and named."""

from functools import cache

import numpy as np
import pytest

from derivations import derive
from derivations.practice import grade
from derivations.practice.nielsen import EXERCISES, SKILLS

CASES = {
    f"{skill}:{level}:{k}": (exercise, skill)
    for skill, levels in EXERCISES.items()
    for level, exercises in enumerate(levels, start=1)
    for k, exercise in enumerate(exercises)
}
MISTAKES = {
    f"{case}:{k}": (case, said, text)
    for case, (exercise, _) in CASES.items()
    for k, (said, text) in enumerate(exercise.mistakes)
}


@cache
def problem_of(case):
    exercise, skill = CASES[case]
    return exercise.problem(skill)


# What the book says, in its own form or in another that people use; several answers to a question.
TEXTBOOK = {
    "nielsen.sigmoid_prime:1:0": ["a*(1 - a)", "sigmoid(z)*(1 - sigmoid(z))", "exp(-z)/(1 + exp(-z))**2", "a - a**2"],
    "nielsen.sigmoid_prime:2:0": ["sigmoid(w*x + b)*(1 - sigmoid(w*x + b))*x", "x*a*(1 - a)"],
    "nielsen.sigmoid_prime:2:1": ["w*a*(1 - a)"],
    "nielsen.sigmoid_prime:3:0": ["(a - y)*sigmoid(z)*(1 - sigmoid(z))*x"],
    "nielsen.sigmoid_prime:3:1": ["(a - y)*a*(1 - a)"],
    "nielsen.bp1:1:0": ["da*sigma_prime(z)", "dz[j] = da[j]*sigma_prime(z[j])", "diag(sigma_prime(z)) @ da"],
    "nielsen.bp1:2:0": ["(a - y)*a*(1 - a)", "dz = (a - y) o sigmoid(z) o (1 - sigmoid(z))"],
    "nielsen.bp1:3:0": ["da*sigma_prime(z)"],
    "nielsen.bp1:3:1": ["dA*sigma_prime(Z)"],
    "nielsen.bp2:1:0": ["(w_next.T @ dz_next)*sigma_prime(z)", "dz_next @ w_next*sigma_prime(z)"],
    "nielsen.bp2:2:0": ["(w_next.T @ dz_next) o sigma_prime(z)", "sum[k](w_next[k, j]*dz_next[k]*sigma_prime(z[j]))"],
    "nielsen.bp2:3:0": ["(w_next.T @ dz_next)*sigma_prime(z)"],
    "nielsen.bp2:3:1": ["dZ_next @ W_next.T*sigma_prime(Z)"],
    "nielsen.bp3:1:0": ["dz", "db = sigma_prime(z)*(w_next.T @ dz_next)"],
    "nielsen.bp3:2:0": ["dz.sum(axis=1)", "sum[n](dz[j, n])"],
    "nielsen.bp3:2:1": ["dZ.sum(axis=0)", "sum[n](dZ[n, j])"],
    "nielsen.bp4:1:0": ["outer(dz, a_prev)", "dz[:, None]*a_prev[None, :]", "dw[j, k] = a_prev[k]*dz[j]"],
    "nielsen.bp4:2:0": ["np.outer(dz, a_prev)", "dz[j]*a_prev[k]"],
    "nielsen.bp4:3:0": ["dz @ a_prev.T"],
    "nielsen.bp4:3:1": ["A_prev.T @ dZ"],
    "nielsen.alternate:1:0": ["diag(sigma_prime(z)) @ da"],
    "nielsen.alternate:2:0": ["diag(sigma_prime(z)) @ w_next.T @ dz_next"],
    "nielsen.alternate:3:0": ["diag(sigma_prime(z)) @ w_next.T @ diag(sigma_prime(z_next)) @ da_next"],
    "nielsen.cross_entropy:1:0": ["x*(a - y)", "x*(sigmoid(w*x + b) - y)"],
    "nielsen.cross_entropy:1:1": ["a - y"],
    "nielsen.cross_entropy:2:0": ["a - y", "dC*(a[j] - y[j])"],
    "nielsen.cross_entropy:3:0": ["(A - T)/N", "dZ[n, c] = (sigmoid(Z[n, c]) - T[n, c])/N"],
    "nielsen.softmax:1:0": ["p*([j = m] - a[j])", "a[m]*([j = m] - a[j])", "where(j == m, p*(1 - p), -p*a[j])"],
    "nielsen.softmax:2:0": ["a*(da - a @ da)", "(diag(a) - outer(a, a)) @ da", "sum[k](da[k]*a[k]*([j = k] - a[j]))"],
    "nielsen.softmax:3:0": ["A*(dA - (dA*A).sum(axis=1, keepdims=True))"],
    "nielsen.log_likelihood:1:0": ["a[j] - [j = y]"],
    "nielsen.log_likelihood:2:0": ["a_prev[k]*(a[j] - [j = y])"],
    "nielsen.log_likelihood:3:0": ["(P[n, c] - [c = T[n]])/N"],
    "nielsen.tanh:1:0": ["1 - t**2", "1 - tanh(z)**2", "4/(exp(z) + exp(-z))**2"],
    "nielsen.tanh:2:0": ["1 - t**2", "4*sigmoid(2*z)*(1 - sigmoid(2*z))", "1 - tanh(z)**2"],
    "nielsen.tanh:2:1": ["s*(1 - s)", "(1 - tanh(z/2)**2)/4", "sigmoid(z)*(1 - sigmoid(z))"],
    "nielsen.tanh:3:0": ["2"],
    "nielsen.linear_neurons:1:0": ["da"],
    "nielsen.linear_neurons:2:0": ["w_next.T @ dz_next"],
    "nielsen.linear_neurons:3:0": ["outer(w_next.T @ w_last.T @ dz_last, a_prev)"],
    "nielsen.modified_neuron:1:0": ["(1 - a**2)*x", "(1 - tanh(w*x + b)**2)*x"],
    "nielsen.modified_neuron:1:1": ["cos(z)*x"],
    "nielsen.modified_neuron:1:2": ["x*exp(z)/(1 + exp(z))", "x*sigmoid(z)"],
    "nielsen.modified_neuron:1:3": ["3*z**2*x"],
    "nielsen.modified_neuron:2:0": ["da[j]*where(j == m, 1 - tanh(z[j])**2, sigma_prime(z[j]))"],
    "nielsen.modified_neuron:3:0": [
        "sum[i](w_next[i, j]*dz_next[i])*([j = m]*(1 - a[m]**2) + (1 - [j = m])*sigma_prime(z[j]))"
    ],
    "nielsen.mini_batch:1:0": ["dz.sum(axis=1)"],
    "nielsen.mini_batch:1:1": ["dZ.sum(axis=0)"],
    "nielsen.mini_batch:2:0": ["dz @ a_prev.T"],
    "nielsen.mini_batch:2:1": ["A_prev.T @ dZ"],
    "nielsen.mini_batch:3:0": ["((a - y)*a*(1 - a)) @ a_prev.T/N"],
    "nielsen.mini_batch:3:1": ["((a - y)*a*(1 - a)).mean(axis=1)"],
}


def test_the_book_has_an_answer_to_every_exercise():
    assert TEXTBOOK.keys() == CASES.keys()


@pytest.mark.parametrize("case", CASES)
def test_the_truth_and_what_the_book_says_are_right(case):
    problem = problem_of(case)
    answers = [problem.answer, problem.answer.partition(" = ")[2], *TEXTBOOK[case]]
    verdicts = {answer: grade(problem, answer).sentence for answer in answers}
    assert all(sentence.startswith("right: ") for sentence in verdicts.values()), verdicts


@pytest.mark.parametrize(("case", "said", "text"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_wrong_and_named(case, said, text):
    verdict = grade(problem_of(case), text)
    assert verdict.status == "wrong"
    assert verdict.diagnoses[0] == said
    assert verdict.counterexample is not None


@pytest.mark.parametrize("case", CASES)
def test_what_the_layer_claims_is_proved(case):
    exercise, _ = CASES[case]
    claims = derive(exercise.layer).claims
    assert all(proof.holds for _, proof in claims)


@pytest.mark.parametrize("skill", SKILLS, ids=[skill.name for skill in SKILLS])
def test_a_skill_makes_its_problems(skill):
    assert 1 <= skill.set_length <= sum(map(len, EXERCISES[skill.name]))
    for difficulty in (1, 2, 3):
        problem = skill.make(np.random.default_rng(7), difficulty)
        again = skill.make(np.random.default_rng(7), difficulty)
        assert (problem.prompt, problem.answer) == (again.prompt, again.answer)
        assert problem.skill == skill.name
        assert all(equation.text in problem.prompt for equation in problem.layer.equations)
        assert len(problem.hints) == 3


def test_the_seed_chooses_among_several():
    make = next(skill.make for skill in SKILLS if skill.name == "nielsen.modified_neuron")
    prompts = {make(np.random.default_rng(seed), 1).prompt for seed in range(20)}
    assert len(prompts) == len(EXERCISES["nielsen.modified_neuron"][0])


def test_w_untransposed_is_told_also_in_matrix_form():
    verdict = grade(problem_of("nielsen.bp2:2:0"), "(w_next @ dz_next)*sigma_prime(z)")
    assert verdict.status == "wrong"
    assert verdict.diagnoses[0].startswith("w_next is not transposed")


def test_a_forgotten_sum_over_the_batch_is_told():
    verdict = grade(problem_of("nielsen.bp3:2:0"), "db[j] = dz[j, n]")
    assert verdict.status == "wrong"
    assert verdict.diagnoses[0].startswith("the sum over n is missing")
