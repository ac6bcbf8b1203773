"""A layer in a file of its own: called as the file is, and refused with the file's name."""

import os
import re
from pathlib import Path

import pytest

from derivations import DerivationError, read_layer
from derivations.layer_file import read_layer_file

TEXT = "X[N, D]  Y[N, D]\nY[n, d] = X[n, d]**3\n"


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_file_is_read_as_its_text_is(tmp_path, start):
    path = tmp_path / "cube.layer.txt"
    path.write_bytes(start + TEXT.encode())
    assert read_layer_file(path) == read_layer(TEXT, name="cube_layer")


def test_no_name_of_a_file_is_more_than_a_name(tmp_path):
    path = tmp_path / '"""<b>é a.txt'
    path.write_text(TEXT)
    assert read_layer_file(path).name == "____b_é_a"


def test_a_pipe_is_read_to_its_end():
    theirs, ours = os.pipe()
    with open(ours, "w") as pipe:
        pipe.write(TEXT)
    assert read_layer_file(Path(f"/dev/fd/{theirs}")) == read_layer(TEXT, name=str(theirs))
    os.close(theirs)


def test_a_pipe_that_nobody_writes_into_is_empty(tmp_path):
    os.mkfifo(tmp_path / "cube.txt")
    with pytest.raises(DerivationError, match="line 1, column 1"):
        read_layer_file(tmp_path / "cube.txt")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "No such file"),
        (b"X[N] Y[N]\nY[n] = foo(X[n])", "line 2, column 8: "),
        (b"X[N] \xff", "byte 5 is no UTF-8"),
        (b" " * 1_000_001, "longer than 1000000 bytes"),
    ],
)
def test_what_is_refused_is_one_line_that_names_the_file(tmp_path, content, line):
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DerivationError, match=rf"^.*{re.escape(str(path))}.*{line}[^\n]*$"):
        read_layer_file(path)
