"""Our own explanations touch all of their ideas, and a text about something else touches few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.layer import DerivationError
from derivations.practice.explanation import EXPLANATIONS, LINEAR, MOST_CHARACTERS, WORDS_ONLY, Idea, explanation_for

ABOUT_BREAD = (
    "Mix flour, water, salt and yeast, and knead the dough until it is smooth. Let it rise in a warm place for an "
    "hour, fold it, shape a loaf, and let it rise again while the oven heats. Bake it until the crust is brown and "
    "it sounds hollow when you knock on it. Do not cut it while it is hot."
)
IDEAS = {f"{e.subject}: {idea.title}": idea for e in EXPLANATIONS.values() for idea in e.ideas}


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=EXPLANATIONS)
def test_our_own_explanation_touches_all_ideas(explanation):
    assert explanation.untouched(explanation.text) == []


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=EXPLANATIONS)
def test_an_empty_text_and_one_about_bread_touch_nothing(explanation):
    assert explanation.untouched("") == list(explanation.ideas)
    assert explanation.untouched(ABOUT_BREAD) == list(explanation.ideas)


@pytest.mark.parametrize("explanation", EXPLANATIONS.values(), ids=EXPLANATIONS)
def test_an_explanation_is_short_and_has_its_ideas(explanation):
    assert 90 <= len(explanation.text.split()) <= 165
    titles = [idea.title for idea in explanation.ideas]
    assert len(set(titles)) == len(titles) >= 5
    assert titles[0].startswith("what the ")
    assert "what the batch does" in titles


@pytest.mark.parametrize("idea", IDEAS.values(), ids=IDEAS)
def test_an_idea_is_touched_by_its_own_sentence(idea):
    assert idea.is_touched(idea.sentence)


def test_words_are_whole_words_and_stems_are_not():
    idea = Idea("sums", "", ("sum", "transpos*", "add* up"))
    assert idea.is_touched("A SUM.")
    assert idea.is_touched("it is Transposed")
    assert idea.is_touched("they add\n\tup")
    assert idea.is_touched("adding-up")
    assert not idea.is_touched("in summer we assume")
    assert not idea.is_touched("pretranspose it, add it, look up")


def test_letters_of_other_widths_are_the_same_letters():
    assert Idea("sums", "", ("sum",)).is_touched("\uff33\uff35\uff2d")  # full width


def test_a_text_that_leaves_out_transposes_is_told_so():
    text = (
        "The loss depends on a weight through every example of the batch, and on the bias too, so one sums over them."
    )
    assert [idea.title for idea in LINEAR.untouched(text)] == ["where transposes come from"]
    said = LINEAR.beside(text)
    assert "where transposes come from" in said
    assert "why sums appear" not in said


@pytest.mark.parametrize("text", ["", LINEAR.text])
def test_it_is_said_that_words_are_looked_for_and_nothing_measured(text):
    said = " ".join(LINEAR.beside(text).split())
    assert WORDS_ONLY in said
    assert LINEAR.text in said


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(DerivationError, match="at most 20000"):
        LINEAR.untouched("a" * (MOST_CHARACTERS + 1))
    assert LINEAR.untouched("a" * MOST_CHARACTERS) == list(LINEAR.ideas)


@given(st.text(max_size=300))
def test_any_text_has_an_answer(text):
    for explanation in EXPLANATIONS.values():
        assert set(explanation.untouched(text)) <= set(explanation.ideas)
        assert WORDS_ONLY in " ".join(explanation.beside(text).split())


@pytest.mark.parametrize(
    ("skill", "subject"),
    [
        ("nielsen.sigmoid_prime", "neuron"),
        ("nielsen.bp2", "four_equations"),
        ("nielsen.softmax", "softmax_cross_entropy"),
        ("layers.linear.dW", "linear"),
        ("layers.conv2d.dK", "convolution"),
        ("layers.lstm.dWh", "recurrence"),
        ("layers.layer_norm.dX", "normalization"),
        ("layers.causal_attention.dQ", "attention"),
        ("layers.transformer_block.dX", "network"),
        ("layers.no_such_layer.dX", "network"),
        ("powers.product", "network"),
    ],
)
def test_a_skill_has_its_explanation(skill, subject):
    assert explanation_for(skill) is EXPLANATIONS[subject]
