"""The code of a notebook's cells is found, and whatever is no notebook is refused in one line."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.adapters.notebooks import NotebookError, read_notebook


def written(path, *cells, **told):
    """A notebook of cells of code, and of text where one is a list."""
    told.setdefault("metadata", {"language_info": {"name": "python"}})
    listed = [
        {"cell_type": "markdown", "source": cell} if isinstance(cell, list) else {"cell_type": "code", "source": cell}
        for cell in cells
    ]
    path.write_text(json.dumps({"cells": listed, "nbformat": 4, **told}))
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.ipynb"


def test_cells_of_code_are_one_text_whose_lines_know_their_cell(path):
    notebook = read_notebook(written(path, ["# a title"], "a = 1\nb = 2", "c = 3"))
    assert notebook.source == "a = 1\nb = 2\nc = 3\n"
    assert [statement.lineno for statement in notebook.statements] == [1, 2, 3]
    assert [notebook.place(line) for line in (1, 2, 3)] == ["cell 2, line 1", "cell 2, line 2", "cell 3, line 1"]


def test_a_source_may_be_a_list_of_lines(path):
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["a = 1\n", "b = 2"]}]}))
    assert read_notebook(path).source == "a = 1\nb = 2\n"


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        ("%matplotlib inline\na = 1", "pass\na = 1\n"),
        ("!pip install x\na = 1", "pass\na = 1\n"),
        ("if x:\n    %time f()", "if x:\n    pass\n"),
        ("a = !ls\nb, c = %sql x\nd = 1", "pass\npass\nd = 1\n"),
        ("np.dot?\na = 1", "pass\na = 1\n"),
        ("%%time\na = 1", "pass\na = 1\n"),
        ("\n  %%capture out\na = 1", "\npass\na = 1\n"),
        ("%%bash\nls", ""),
        ("%%writefile layers.py\na = 1", ""),
        ("a = (7\n% 4)", "a = (7\n% 4)\n"),  # is Python
        ("text = '''\n%d\n!x\n'''", "text = '''\n%d\n!x\n'''\n"),
        ("def f(:", ""),
        ("return 3", ""),
    ],
)
def test_what_ipython_alone_understands_is_left_out(path, cell, source):
    assert read_notebook(written(path, cell)).source == source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"not json", "not written in JSON"),
        (b"\xff\xfe\x00", "not written in JSON"),
        (b"[" * 100_000, "not written in JSON"),
        (b'{"cells": [' + b"9" * 5000 + b"]}", "not written in JSON"),
        (b"[]", "no list of cells"),
        (b'{"cells": 3}', "no list of cells"),
        (b'{"worksheets": [{"cells": []}]}', "no list of cells"),
        (b'{"cells": [], "metadata": {"language_info": {"name": "julia"}}}', "language is julia; expected python"),
    ],
)
def test_what_is_no_notebook_is_one_line(path, text, message):
    path.write_bytes(text)
    with pytest.raises(NotebookError, match=message):
        read_notebook(path)


VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["code", "a = 1", "\x00", "%%time", "def f(:"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["cells", "cell_type", "source", "metadata", "language_info"]), inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_a_malformed_notebook_is_read_or_refused(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("hostile") / "net.ipynb"
    path.write_text(json.dumps(document))
    with suppress(NotebookError):
        notebook = read_notebook(path)
        assert len(notebook.lines) == notebook.source.count("\n")
