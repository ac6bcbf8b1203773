"""A teacher's tables are what was kept, and no spreadsheet takes an answer for a formula."""

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from derivations.practice.export import ATTEMPT_COLUMNS, SKILL_COLUMNS, as_csv, as_json
from derivations.practice.mastery import Attempt
from tests.derivations.practice.little_map import SKILLS

ATTEMPTS = st.lists(
    st.builds(
        Attempt,
        st.sampled_from(["powers", "nested", "retired"]),
        st.just("powers:0:1"),
        st.sampled_from(["practice", "test"]),
        st.sampled_from(["right", "wrong", "undecided", "shown", "skipped"]),
        st.integers(0, 3),
        st.floats(0, 4e9),
        st.text("=+-@x*;,'\"\n\r ", max_size=8),
    ),
    max_size=5,
)


@given(ATTEMPTS)
def test_tables_and_json_say_the_same(attempts):
    tables, plain = as_csv(SKILLS, attempts), as_json(SKILLS, attempts)
    for name, columns in (("skills", SKILL_COLUMNS), ("attempts", ATTEMPT_COLUMNS)):
        head, *rows = csv.reader(StringIO(tables[name], newline=""))
        assert tuple(head) == columns
        assert len(rows) == len(plain[name])
        for row, expected in zip(rows, plain[name], strict=True):
            for cell, value in zip(row, expected.values(), strict=True):
                spelled = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
                assert cell.removeprefix("'") == spelled.removeprefix("'")
                assert not cell.startswith(("=", "+", "-", "@", "\r"))


@given(ATTEMPTS)
def test_counts_add_up(attempts):
    rows = as_json(SKILLS, attempts)["skills"]
    assert sum(row["attempts"] for row in rows) == len(attempts)
    assert sum(row["right"] for row in rows) == sum(one.result == "right" and not one.hints for one in attempts)
