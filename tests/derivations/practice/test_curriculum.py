"""The whole map: nothing builds on what comes later, every name leads to its problem, and all can be mastered."""

from html import escape

import pytest

from derivations.practice import PracticeError, draw, grade, skills
from derivations.practice.mastery import Attempt, Level
from derivations.practice.scheduling import next_skill, records
from derivations.practice.skill import select

TOPICS = ["derivatives", "chain rule", "many variables", "Nielsen's exercises", "layers"]


def test_prerequisites_are_skills_that_stand_before_what_needs_them():
    known = set()
    for name, skill in skills().items():
        assert skill.name == name
        assert skill.title
        assert set(skill.prerequisites) <= known, name
        known.add(name)


def test_the_topics_build_on_each_other():
    found = skills()
    assert list(dict.fromkeys(skill.topic for skill in found.values())) == TOPICS
    assert [name for name, skill in found.items() if not skill.prerequisites] == ["derivatives.powers"]
    assert len({(skill.topic, skill.title) for skill in found.values()}) == len(found)


def test_who_answers_all_is_led_through_the_whole_map_and_never_ahead_of_it():
    known, now = records(skills()), 0.0
    last, order = None, []
    while any(record.level < Level.PROFICIENT for record in known.values()):
        last = next_skill(skills(), known, now, last).skill.name
        assert all(known[name].level >= Level.PROFICIENT for name in skills()[last].prerequisites)
        order.append(last)
        known[last] = known[last].after(Attempt(last, f"{last}:0:1", "practice", "right", 0, now))
    assert len(order) == sum(skill.set_length for skill in skills().values())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("layers.linear", ["layers.linear.dX", "layers.linear.dW", "layers.linear.db"]),
        ("layers.linear.dW", ["layers.linear.dW"]),
        ("chain_rule.nested", ["chain_rule.nested"]),
    ],
)
def test_a_name_or_its_beginning_chooses(name, found):
    assert list(select([name], skills())) == found


def test_a_topic_has_two_names():
    for beginning, topic in zip(
        ("derivatives", "chain_rule", "many_variables", "nielsen", "layers"), TOPICS, strict=True
    ):
        chosen = select([beginning], skills())
        assert chosen == select([topic], skills())
        assert {skill.topic for skill in chosen.values()} == {topic}


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (
            lambda: draw("chain_rule.nestd"),
            "no skill or topic 'chain_rule.nestd'; did you mean chain_rule.nested",
        ),
        (lambda: draw("layers.linaer"), "did you mean layers.linear"),
        (
            lambda: draw("layers.linear"),
            "several skills; name one of layers.linear.dX, layers.linear.dW, layers",
        ),
        (lambda: draw("derivatives.powers", 0, 4), "a difficulty is 1, 2 or 3, got 4"),
        (lambda: draw("derivatives.powers", -1), "a seed is 0 or more, got -1"),
    ],
)
def test_what_there_is_not_is_refused_in_one_line(ask, line):
    with pytest.raises(PracticeError) as refusal:
        ask()
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_notebook_draws_and_grades():
    problem = draw("layers.linear.dW", seed=3, difficulty=2)
    assert (problem.id, problem.skill) == ("layers.linear.dW:3:2", "layers.linear.dW")
    assert r"\partial W_{d c}" in problem._repr_latex_()
    assert "Given dY" in problem._repr_html_()
    verdict = grade(problem, "X.T @ dY")
    assert verdict.status == "right"
    assert "right" in verdict._repr_html_()


@pytest.mark.parametrize(
    ("name", "difficulty", "left"),
    [
        ("derivatives.powers", 1, r"\frac{df}{dx}"),
        ("derivatives.tables", 1, r"\text{h'("),
        ("many_variables.jacobians", 3, r"\text{the determinant}"),
        ("many_variables.gradients", 1, r"\frac{\partial L}{\partial"),
        ("nielsen.tanh", 1, r"\frac{dt}{dz}"),
    ],
)
def test_a_notebook_shows_what_is_asked_and_keeps_lines(name, difficulty, left):
    problem = draw(name, 1, difficulty)
    assert problem._repr_latex_().startswith(rf"$\displaystyle {left}")
    assert f'pre-wrap">{escape(problem.prompt)}</pre>' in problem._repr_html_()
