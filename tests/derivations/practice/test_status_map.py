"""The map fits the terminal, and says of every skill where it stands, when it is due, what it waits for."""

from dataclasses import replace

import pytest

from derivations.practice.mastery import Level, Standing
from derivations.practice.scheduling import DAY, Record, Review, records
from derivations.practice.status_map import skill_list, status_map
from tests.derivations.practice.little_map import SKILLS

NOW = 1e9
KNOWN = records(SKILLS) | {
    "powers": Record(Standing(Level.MASTERED), Review(3, 2.5, 6.0, NOW + 3 * DAY), 9, 8, NOW),
    "nested": Record(Standing(Level.FAMILIAR), Review(1, 2.5, 1.0, NOW), 3, 2, NOW),
}

WIDE = """\
derivatives                                                      1 of 1 mastered
  [####] Powers  due in 3 days

chain rule                                                       0 of 1 mastered
  [##  ] Nested functions  due today

layers                                                           0 of 1 mastered
  [    ] The linear layer  after Nested functions

[    ] not started   [#   ] attempted   [##  ] familiar   [### ] proficient
[####] mastered"""


def test_the_map_at_80_columns():
    assert "\n".join(status_map(SKILLS, KNOWN, NOW, 80)) == WIDE


@pytest.mark.parametrize("width", [1, 40, 57, 80, 200])
def test_no_line_is_longer_than_the_terminal_and_nothing_is_lost(width):
    long = replace(SKILLS["linear"], title="A layer with a very long title, longer than a narrow terminal is wide")
    skills = SKILLS | {"linear": long}
    for lines in (list(status_map(skills, KNOWN, NOW, width)), list(skill_list(skills, width))):
        assert max(map(len, lines)) <= max(width, 40)
        text = " ".join(" ".join(lines).split())
        assert all(skill.title in text and skill.topic in text for skill in skills.values())


def test_the_list_tells_names_and_what_they_build_on():
    assert list(skill_list(SKILLS, 80))[-2:] == ["layers", "  linear  The linear layer; after nested, powers"]


def test_of_many_only_what_comes_next_is_told():
    layers = [replace(SKILLS["linear"], name=f"layers.{k}", title=f"Layer {k}") for k in range(40)]
    many = SKILLS | {skill.name: skill for skill in layers}
    known = records(many) | KNOWN

    def told(known):
        return [line for line in status_map(many, known, NOW, 80, brief=True) if "Layer" in line or "that wait" in line]

    assert told(known) == ["  41 that wait for others"]
    known["nested"] = replace(KNOWN["nested"], standing=Standing(Level.PROFICIENT))
    known["layers.30"] = Record(Standing(Level.FAMILIAR))
    lines = list(status_map(many, known, NOW, 80, brief=True))
    assert [line for line in lines if "Layer" in line] == [
        *(f"  [    ] Layer {k}" for k in range(4)),
        "  [##  ] Layer 30",
    ]
    assert "  and 35 more to begin with" in lines
    assert sum("Layer" in line for line in status_map(many, known, NOW, 80)) == 40
    assert len(list(skill_list(many, 80))) > 40
